// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

#include "calibra/rows/fit_kernels.hpp"
#include "calibra/rows/kernels/dispatch.hpp"

// The choice between the kernels of fit_kernels.inl.hpp.
namespace calibra::detail {

template<class T>
template<class Call>
auto fit_kernels<T>::with(Call call) const {
  constexpr bool is_float = std::is_same_v<T, float>;
#if CALIBRA_DETAIL_X86
  if constexpr (most_isa >= isa::avx512) {
    if (isa_ == isa::avx512) {
      const wide_work work;
      return call(avx512::fit_lanes<std::conditional_t<is_float, avx512::f32, avx512::f64>>{});
    }
  }
  if constexpr (most_isa >= isa::avx2) {
    if (isa_ == isa::avx2) {
      const wide_work work;
      return call(avx2::fit_lanes<std::conditional_t<is_float, avx2::f32, avx2::f64>>{});
    }
  }
#endif
  return call(portable::fit_lanes<std::conditional_t<is_float, portable::f32, portable::f64>>{});
}

template<class T>
void fit_kernels<T>::widen_row(const T* p, std::size_t n, double* out) const {
  with([&](auto k) { k.widen_row(p, n, out); });
}
template<class T>
T fit_kernels<T>::max_row(const T* z, std::size_t n) const {
  return with([&](auto k) { return k.max_row(z, n); });
}
template<class T>
T fit_kernels<T>::min_row(const T* z, std::size_t n) const {
  return with([&](auto k) { return k.min_row(z, n); });
}
template<class T>
void fit_kernels<T>::log_row(const T* p, std::size_t n, T scale, T offset, T least, T* out) const {
  with([&](auto k) { k.log_row(p, n, scale, offset, least, out); });
}
template<class T>
double fit_kernels<T>::exp_sum_row(const T* z, std::size_t n, T beta, T max, T* out) const {
  return with([&](auto k) { return k.exp_sum_row(z, n, beta, max, out); });
}
template<class T>
T fit_kernels<T>::line_row(const T* x, const T* slope, const T* intercept, std::size_t n,
                           T* out) const {
  return with([&](auto k) { return k.line_row(x, slope, intercept, n, out); });
}
template<class T>
double fit_kernels<T>::exp_line_row(const T* x, const T* slope, const T* intercept, T bound,
                                    std::size_t n, T* e) const {
  return with([&](auto k) { return k.exp_line_row(x, slope, intercept, bound, n, e); });
}
template<class T>
void fit_kernels<T>::scale_row(T* p, std::size_t n, T factor) const {
  with([&](auto k) { k.scale_row(p, n, factor); });
}
template<class T>
void fit_kernels<T>::add_to_row(const T* p, std::size_t n, T* sums) const {
  with([&](auto k) { k.add_to_row(p, n, sums); });
}
template<class T>
double fit_kernels<T>::sum_row(const T* p, std::size_t n) const {
  return with([&](auto k) { return k.sum_row(p, n); });
}
template<class T>
void fit_kernels<T>::weigh_row(T* e, T scale, T weight, std::size_t n, T* p, T* h) const {
  with([&](auto k) { k.weigh_row(e, scale, weight, n, p, h); });
}
template<class T>
void fit_kernels<T>::add_squares_row(const T* x, const T* h, T all, std::size_t n, T* sums) const {
  with([&](auto k) { k.add_squares_row(x, h, all, n, sums); });
}
template<class T>
double fit_kernels<T>::dot_row(const T* a, const T* b, std::size_t n) const {
  return with([&](auto k) { return k.dot_row(a, b, n); });
}
template<class T>
void fit_kernels<T>::lean_row(T* p, const T* d, std::size_t n, T mean, T weight) const {
  with([&](auto k) { k.lean_row(p, d, n, mean, weight); });
}
template<class T>
double fit_kernels<T>::line_dot_row(const T* x, const T* e, const T* slope, const T* intercept,
                                    std::size_t n) const {
  return with([&](auto k) { return k.line_dot_row(x, e, slope, intercept, n); });
}
template<class T>
void fit_kernels<T>::lean_line_row(const T* x, const T* e, const T* slope, const T* intercept,
                                   T factor, T mean, std::size_t n, T* sums) const {
  with([&](auto k) { k.lean_line_row(x, e, slope, intercept, factor, mean, n, sums); });
}
template<class T>
void fit_kernels<T>::curved_line_row(const T* x, const T* e, T scale, T weight, std::size_t n,
                                     T* sums) const {
  with([&](auto k) { k.curved_line_row(x, e, scale, weight, n, sums); });
}
template<class T>
void fit_kernels<T>::multiply_add(const T* a, std::size_t a_row, std::size_t a_col, const T* b,
                                  T* c, std::size_t m, std::size_t k, std::size_t n) const {
  with([&](auto lanes) { lanes.multiply_add(a, a_row, a_col, b, c, m, k, n); });
}

}  // namespace calibra::detail
