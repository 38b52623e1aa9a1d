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
#include "calibra/rows/isa.hpp"
#include "calibra/rows/kernels/polynomial.hpp"
#include "calibra/rows/row_kernels.hpp"

// The kernels of row_kernels.hpp: one text for each instruction set, and the choice between them.

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

#define CALIBRA_DETAIL_ISA portable
#include "calibra/rows/kernels/row_kernels.inl.hpp"
// behind it, since it uses it:
#include "calibra/rows/kernels/fit_kernels.inl.hpp"
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
// behind it, since it uses it:
#include "calibra/rows/kernels/fit_kernels.inl.hpp"
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
// behind it, since it uses it:
#include "calibra/rows/kernels/fit_kernels.inl.hpp"
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

template<class T>
template<class Call>
void row_kernels<T>::with(Call call) const {
#if CALIBRA_DETAIL_X86
  if constexpr (most_isa >= isa::avx512) {
    if (isa_ == isa::avx512) {
      const wide_work work;
      return call(avx512::kernels<std::conditional_t<is_float, avx512::f32, avx512::f64>>{});
    }
  }
  if constexpr (most_isa >= isa::avx2) {
    if (isa_ == isa::avx2) {
      const wide_work work;
      return call(avx2::kernels<std::conditional_t<is_float, avx2::f32, avx2::f64>>{});
    }
  }
#endif
  call(portable::kernels<std::conditional_t<is_float, portable::f32, portable::f64>>{});
}

template<class T>
template<bool Squares>
void row_kernels<T>::softmax(const tile<T>& z, const row_sums<T>& out) const {
  with([&](auto k) { k.template softmax<Squares>(z, out); });
}
template<class T>
void row_kernels<T>::simplex(const tile<T>& p, const row_sums<T>& out) const {
  with([&](auto k) { k.simplex(p, out); });
}
template<class T>
void row_kernels<T>::tempered(const tile<T>& z, double beta, const row_sums<T>& out) const {
  with([&](auto k) { k.tempered(z, beta, out); });
}
template<class T>
void row_kernels<T>::exp_row(const T* z, std::size_t n, T beta, T max, T scale, T* out) const {
  with([&](auto k) { k.exp_row(z, n, beta, max, scale, out); });
}
template<class T>
void row_kernels<T>::add_row(const T* p, std::size_t n, double* sums) const {
  with([&](auto k) { k.add_row(p, n, sums); });
}
template<class T>
std::size_t row_kernels<T>::select_row(const T* p, std::size_t n, T bound,
                                       std::uint32_t* index) const {
  std::size_t found = 0;
  with([&](auto k) { found = k.select_row(p, n, bound, index); });
  return found;
}
template<class T>
std::size_t row_kernels<T>::find_row(const T* p, std::size_t n, T x) const {
  std::size_t found = 0;
  with([&](auto k) { found = k.find_row(p, n, x); });
  return found;
}
template<class T>
bool row_kernels<T>::all_good(const std::int64_t* label, const double* sum, std::size_t n,
                              std::size_t classes) const {
  bool good = false;
  if constexpr (!is_float) with([&](auto k) { good = k.all_good(label, sum, n, classes); });
  return good;
}
template<class T>
bool row_kernels<T>::all_within(const T* p, std::size_t n, T low, T high) const {
  bool within = false;
  with([&](auto k) { within = k.all_within(p, n, low, high); });
  return within;
}
template<class T>
bool row_kernels<T>::equal_width_keys(const double* confidence, const unsigned char* hit,
                                      std::size_t n, std::size_t bins, double* key,
                                      double* miss) const {
  bool certain = false;
  if constexpr (!is_float)
    with([&](auto k) { certain = k.equal_width_keys(confidence, hit, n, bins, key, miss); });
  return certain;
}
template<class T>
void row_kernels<T>::count_below(const T* p, std::size_t n, const T* bounds, std::size_t size,
                                 T* count) const {
  with([&](auto k) { k.count_below(p, n, bounds, size, count); });
}

template<class Half>
void widen(isa set, const Half* in, std::size_t n, float* out) {
#if CALIBRA_DETAIL_X86
  if constexpr (most_isa >= isa::avx512)
    if (set == isa::avx512) {
      const wide_work work;
      return avx512::widen(in, n, out);
    }
  if constexpr (most_isa >= isa::avx2)
    if (set == isa::avx2) {
      const wide_work work;
      return avx2::widen(in, n, out);
    }
#endif
  static_cast<void>(set);
  portable::widen(in, n, out);
}

}  // namespace calibra::detail
