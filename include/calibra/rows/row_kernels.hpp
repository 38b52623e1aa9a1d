// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "calibra/rows/isa.hpp"

namespace calibra::detail {

/// Rows of fewer classes are worked on side by side, a class at a time, in whichever shape they
/// come: W of them, twice, stay in the first cache.
inline constexpr std::size_t most_side_by_side = 192;

/// A few rows of scores in the shape that a kernel wants: classes side by side ("rows") or samples
/// side by side ("cols").
template<class C>
struct tile {
  const C* data;
  std::ptrdiff_t stride;  ///< from row to row, or from class to class
  bool by_rows;
  std::size_t rows;
  std::size_t classes;

  C at(std::size_t row, std::size_t k) const {
    const auto r = static_cast<std::ptrdiff_t>(row);
    const auto j = static_cast<std::ptrdiff_t>(k);
    return by_rows ? data[r * stride + j] : data[j * stride + r];
  }
};

/// Where the kernels put one entry a row. `arg_max` may be null, `confidence` and `hit` for softmax
/// and simplex, and `second` for simplex and where softmax sums no squares.
template<class T>
struct row_sums {
  T* max = nullptr;
  T* min = nullptr;          ///< simplex only
  T* arg_max = nullptr;      ///< of "cols" only: the first index of the largest class
  double* sum = nullptr;     ///< softmax: sum exp(z - max); simplex: sum p; tempered: sum w
  double* second = nullptr;  ///< softmax: sum exp(z - max)^2; simplex: sum p^2; tempered: sum w u
  double* confidence = nullptr;         ///< softmax: 1 / sum; simplex: max, at most 1
  double* third = nullptr;              ///< tempered: sum w u^2
  const std::int64_t* label = nullptr;  ///< read where there is `hit`
  unsigned char* hit = nullptr;  ///< label is the first of the largest classes; any value where it
                                 ///< is not a class
};

/// The kernels of one instruction set. Only those that are called are compiled. NaN and +inf in a
/// row (and -inf throughout) come out as a NaN sum.
template<class T>
class row_kernels {
  static constexpr bool is_float = std::is_same_v<T, float>;

 public:
  constexpr explicit row_kernels(isa set) : isa_(set) {}

  /// Sums over exp(z - max); `Squares`: those of the squares too.
  template<bool Squares>
  void softmax(const tile<T>& z, const row_sums<T>& out) const;
  /// Sums over probabilities, which may be anything.
  void simplex(const tile<T>& p, const row_sums<T>& out) const;
  /// Sums over w = exp(beta u), u = z - max.
  void tempered(const tile<T>& z, double beta, const row_sums<T>& out) const;
  /// out[j] = scale * exp(beta * (z[j] - max))
  void exp_row(const T* z, std::size_t n, T beta, T max, T scale, T* out) const;
  /// sums[j] += p[j]
  void add_row(const T* p, std::size_t n, double* sums) const;
  /// The indices at which p[j] >= bound, ascending; returns how many.
  std::size_t select_row(const T* p, std::size_t n, T bound, std::uint32_t* index) const;
  /// The first index at which p[j] == x, or n.
  std::size_t find_row(const T* p, std::size_t n, T x) const;
  /// Whether all labels are in [0, classes) and all sums positive and finite. Double alone; false
  /// for float.
  bool all_good(const std::int64_t* label, const double* sum, std::size_t n,
                std::size_t classes) const;
  /// Whether no p[j] is below low or above high. NaN is neither.
  bool all_within(const T* p, std::size_t n, T low, T high) const;
  /// The low 32 bits of key[i] are 2 bin + hit, for bins of equal width; miss[i] is
  /// (confidence - hit)^2. False where a confidence is within 2e-9 bins of an edge, and for float.
  bool equal_width_keys(const double* confidence, const unsigned char* hit, std::size_t n,
                        std::size_t bins, double* key, double* miss) const;
  /// count[j] = how many of `bounds` p[j] is greater than
  void count_below(const T* p, std::size_t n, const T* bounds, std::size_t size, T* count) const;

 private:
  template<class Call>
  void with(Call call) const;

  isa isa_;
};

template<class T>
const row_kernels<T>& kernels_for(isa set) {
  static constexpr row_kernels<T> all[] = {row_kernels<T>(isa::portable), row_kernels<T>(isa::avx2),
                                           row_kernels<T>(isa::avx512)};
  return all[static_cast<int>(set)];
}

/// n contiguous 16-bit floats to float.
template<class Half>
void widen(isa set, const Half* in, std::size_t n, float* out);

}  // namespace calibra::detail

// With calibra::compiled the library has them.
#ifndef CALIBRA_COMPILED
#include "calibra/rows/kernels/dispatch.hpp"
#endif
