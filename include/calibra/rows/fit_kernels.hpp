// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

#include "calibra/rows/isa.hpp"
#include "calibra/rows/row_kernels.hpp"

namespace calibra::detail {

/// What fits of recalibrators do to rows that lie one after the other, by one instruction set. Rows
/// are finite. Only those that are called are compiled.
template<class T>
class fit_kernels {
 public:
  constexpr explicit fit_kernels(isa set) : isa_(set) {}

  void widen_row(const T* p, std::size_t n, double* out) const;
  T max_row(const T* z, std::size_t n) const;
  T min_row(const T* z, std::size_t n) const;
  /// out[j] = log(scale p[j] + offset), of less than `least` (a normal number) that of `least`
  void log_row(const T* p, std::size_t n, T scale, T offset, T least, T* out) const;
  /// out[j] = exp(beta (z[j] - max)); returns their sum.
  double exp_sum_row(const T* z, std::size_t n, T beta, T max, T* out) const;
  /// out[j] = slope[j] x[j] + intercept[j]; returns the largest.
  T line_row(const T* x, const T* slope, const T* intercept, std::size_t n, T* out) const;
  /// e[j] = exp(slope[j] x[j] + intercept[j] - bound), none above the bound; returns their sum.
  double exp_line_row(const T* x, const T* slope, const T* intercept, T bound, std::size_t n,
                      T* e) const;
  void scale_row(T* p, std::size_t n, T factor) const;
  /// sums[j] += p[j]
  void add_to_row(const T* p, std::size_t n, T* sums) const;
  /// The sum, to a rounding of T a term.
  double sum_row(const T* p, std::size_t n) const;
  /// p[j] = scale e[j]: e[j] = weight p[j], h[j] = weight p[j] (1 - p[j])
  void weigh_row(T* e, T scale, T weight, std::size_t n, T* p, T* h) const;
  /// sums[j] += h[j] x[j]^2, sums[n + j] += all x[j]^2
  void add_squares_row(const T* x, const T* h, T all, std::size_t n, T* sums) const;
  /// The sum of a[j] b[j].
  double dot_row(const T* a, const T* b, std::size_t n) const;
  /// p[j] = weight p[j] (d[j] - mean)
  void lean_row(T* p, const T* d, std::size_t n, T mean, T weight) const;
  /// The sum of e[j] (slope[j] x[j] + intercept[j]).
  double line_dot_row(const T* x, const T* e, const T* slope, const T* intercept,
                      std::size_t n) const;
  /// r = factor e[j] (slope[j] x[j] + intercept[j] - mean): sums[j] += r x[j], sums[n + j] += r
  void lean_line_row(const T* x, const T* e, const T* slope, const T* intercept, T factor, T mean,
                     std::size_t n, T* sums) const;
  /// p = scale e[j], h = weight p (1 - p): sums[j] += weight p x[j], sums[n + j] += weight p, and
  /// in the same way behind them h x^2, h x and h.
  void curved_line_row(const T* x, const T* e, T scale, T weight, std::size_t n, T* sums) const;
  /// C += A B of m x k and k x n. Entry (i, l) of A is a[i a_row + l a_col]; the rows of B and C
  /// lie one after the other.
  void multiply_add(const T* a, std::size_t a_row, std::size_t a_col, const T* b, T* c,
                    std::size_t m, std::size_t k, std::size_t n) const;

 private:
  template<class Call>
  auto with(Call call) const;

  isa isa_;
};

template<class T>
const fit_kernels<T>& fit_kernels_for(isa set) {
  static constexpr fit_kernels<T> all[] = {fit_kernels<T>(isa::portable), fit_kernels<T>(isa::avx2),
                                           fit_kernels<T>(isa::avx512)};
  return all[static_cast<int>(set)];
}

}  // namespace calibra::detail

// With calibra::compiled the library has them.
#ifndef CALIBRA_COMPILED
#include "calibra/rows/kernels/fit_dispatch.hpp"
#endif
