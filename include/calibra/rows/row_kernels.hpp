// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "calibra/array/scalar.hpp"
#include "calibra/detail/compiled.hpp"
#include "calibra/rows/isa.hpp"
#include "calibra/rows/kernels/polynomial.hpp"

// NaN and infinities mean something here, whatever -ffast-math says.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#define CALIBRA_DETAIL_FAST_MATH 1
#if defined(__clang__)
#pragma float_control(precise, on, push)
#else
#pragma GCC push_options
#pragma GCC optimize("no-fast-math")
#endif
#else
#define CALIBRA_DETAIL_FAST_MATH 0
#endif

#if CALIBRA_DETAIL_X86
#include <immintrin.h>
#endif
#include "calibra/rows/kernels/lanes_portable.hpp"

namespace calibra::detail {

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

/// Where the kernels put one entry a row. `arg_max` may be null, and `inverse` and `hit` for
/// softmax.
template<class T>
struct row_sums {
  T* max = nullptr;
  T* min = nullptr;           ///< simplex only
  T* arg_max = nullptr;       ///< of "cols" only: the first index of the largest class
  double* sum = nullptr;      ///< softmax: sum exp(z - max); simplex: sum p; tempered: sum w
  double* second = nullptr;   ///< softmax: sum exp(z - max)^2; simplex: sum p^2; tempered: sum w u
  double* inverse = nullptr;  ///< softmax: 1 / sum
  double* third = nullptr;    ///< tempered: sum w u^2
  const std::int64_t* label = nullptr;  ///< read where there is `hit`
  unsigned char* hit = nullptr;  ///< label is the first of the largest classes; any value where it
                                 ///< is not a class
};

}  // namespace calibra::detail

#define CALIBRA_DETAIL_ISA portable
#include "calibra/rows/kernels/row_kernels.inl.hpp"
#undef CALIBRA_DETAIL_ISA

#if CALIBRA_DETAIL_X86

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of its own AVX-512 intrinsics: of the deliberately undefined operand, and of masks
// whose sign changes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
#include "calibra/rows/kernels/lanes_avx2.inl.hpp"
#define CALIBRA_DETAIL_ISA avx2
#include "calibra/rows/kernels/row_kernels.inl.hpp"
#undef CALIBRA_DETAIL_ISA
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(                                                    \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c"))), \
    apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c")
#endif
#include "calibra/rows/kernels/lanes_avx512.inl.hpp"
#define CALIBRA_DETAIL_ISA avx512
#include "calibra/rows/kernels/row_kernels.inl.hpp"
#undef CALIBRA_DETAIL_ISA
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#pragma GCC diagnostic pop
#endif

#endif  // CALIBRA_DETAIL_X86

#if CALIBRA_DETAIL_FAST_MATH
#if defined(__clang__)
#pragma float_control(pop)
#else
#pragma GCC pop_options
#endif
#endif
#undef CALIBRA_DETAIL_FAST_MATH

namespace calibra::detail {

/// The kernels of one instruction set. Only those that are called are compiled. NaN and +inf in a
/// row (and -inf throughout) come out as a NaN sum.
template<class T>
class row_kernels {
  static constexpr bool is_float = std::is_same_v<T, float>;

 public:
  constexpr explicit row_kernels(isa set) : isa_(set) {}

  /// Sums over exp(z - max); `Squares`: those of the squares too.
  template<bool Squares>
  void softmax(const tile<T>& z, const row_sums<T>& out) const {
    with([&](auto k) { k.template softmax<Squares>(z, out); });
  }
  /// Sums over probabilities, which may be anything.
  void simplex(const tile<T>& p, const row_sums<T>& out) const {
    with([&](auto k) { k.simplex(p, out); });
  }
  /// Sums over w = exp(beta u), u = z - max.
  void tempered(const tile<T>& z, double beta, const row_sums<T>& out) const {
    with([&](auto k) { k.tempered(z, beta, out); });
  }
  /// out[j] = scale * exp(beta * (z[j] - max))
  void exp_row(const T* z, std::size_t n, T beta, T max, T scale, T* out) const {
    with([&](auto k) { k.exp_row(z, n, beta, max, scale, out); });
  }
  /// sums[j] += p[j]
  void add_row(const T* p, std::size_t n, double* sums) const {
    with([&](auto k) { k.add_row(p, n, sums); });
  }
  /// The indices at which p[j] >= bound, ascending; returns how many.
  std::size_t select_row(const T* p, std::size_t n, T bound, std::uint32_t* index) const {
    std::size_t found = 0;
    with([&](auto k) { found = k.select_row(p, n, bound, index); });
    return found;
  }
  /// The first index at which p[j] == x, or n.
  std::size_t find_row(const T* p, std::size_t n, T x) const {
    std::size_t found = 0;
    with([&](auto k) { found = k.find_row(p, n, x); });
    return found;
  }
  /// Whether all labels are in [0, classes) and all sums positive and finite.
  bool all_good(const std::int64_t* label, const double* sum, std::size_t n,
                std::size_t classes) const requires(!is_float) {
    bool good = false;
    with([&](auto k) { good = k.all_good(label, sum, n, classes); });
    return good;
  }
  /// The low 32 bits of key[i] are 2 bin + hit, for bins of equal width; miss[i] is
  /// (confidence - hit)^2. False where a confidence is within 2e-9 bins of an edge.
  bool equal_width_keys(const double* confidence, const unsigned char* hit, std::size_t n,
                        std::size_t bins, double* key, double* miss) const requires(!is_float) {
    bool certain = false;
    with([&](auto k) { certain = k.equal_width_keys(confidence, hit, n, bins, key, miss); });
    return certain;
  }
  /// count[j] = how many of `bounds` p[j] is greater than
  void count_below(const T* p, std::size_t n, const T* bounds, std::size_t size, T* count) const {
    with([&](auto k) { k.count_below(p, n, bounds, size, count); });
  }

 private:
  template<class Call>
  void with(Call call) const {
#if CALIBRA_DETAIL_X86
    if constexpr (most_isa >= isa::avx512) {
      if (isa_ == isa::avx512)
        return call(avx512::kernels<std::conditional_t<is_float, avx512::f32, avx512::f64>>{});
    }
    if constexpr (most_isa >= isa::avx2) {
      if (isa_ == isa::avx2)
        return call(avx2::kernels<std::conditional_t<is_float, avx2::f32, avx2::f64>>{});
    }
#endif
    call(portable::kernels<std::conditional_t<is_float, portable::f32, portable::f64>>{});
  }

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
void widen(isa set, const Half* in, std::size_t n, float* out) {
#if CALIBRA_DETAIL_X86
  if constexpr (most_isa >= isa::avx512)
    if (set == isa::avx512) return avx512::widen(in, n, out);
  if constexpr (most_isa >= isa::avx2)
    if (set == isa::avx2) return avx2::widen(in, n, out);
#endif
  static_cast<void>(set);
  portable::widen(in, n, out);
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_KERNELS)

}  // namespace calibra::detail
