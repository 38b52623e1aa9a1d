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
#include "calibra/rows/kernels/polynomial.hpp"

namespace calibra::detail::portable {

/// A register of 16 bytes by the vector extension of GCC and Clang, for any target. The three lane
/// families (portable, avx2, avx512) have the same members, so that one text of the kernels
/// (row_kernels.inl.hpp) serves them all.
template<class T>
struct lanes {
  using value = T;
  /// The lanes that put rows side by side: as wide, or narrower.
  using turning = lanes;
  static constexpr std::size_t width = 16 / sizeof(T);
  /// Whether there are fraction() and scale().
  static constexpr bool scales = false;
  using integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef T reg __attribute__((vector_size(16)));
  typedef integer bits __attribute__((vector_size(16)));
  typedef double pair __attribute__((vector_size(16)));
  /// Sums kept in double, one for each lane.
  struct wide {
    pair at[width / 2];
  };

  static wide zero() { return {}; }
  static reg set(T x) { return reg{} + x; }
  static reg load(const T* p) {
    reg r;
    std::memcpy(&r, p, sizeof r);
    return r;
  }
  static reg load_n(const T* p, std::size_t n, T fill) {
    reg r = set(fill);
    for (std::size_t i = 0; i < n; ++i) r[i] = p[i];
    return r;
  }
  static void store(T* p, reg r) { std::memcpy(p, &r, sizeof r); }
  static void store_n(T* p, reg r, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] = r[i];
  }
  static reg add(reg a, reg b) { return a + b; }
  static reg sub(reg a, reg b) { return a - b; }
  static reg mul(reg a, reg b) { return a * b; }
  static reg fma(reg a, reg b, reg c) { return a * b + c; }
  /// The second argument where either is NaN.
  static reg max(reg a, reg b) { return a > b ? a : b; }
  static reg min(reg a, reg b) { return a < b ? a : b; }
  /// x where a > b, else y.
  static reg if_greater(reg a, reg b, reg x, reg y) { return a > b ? x : y; }
  /// a[0] b[0] a[1] b[1] ...: the lower halves of a and b, then (zip_high) the upper ones.
  static reg zip_low(reg a, reg b) {
    if constexpr (width == 4)
      return __builtin_shufflevector(a, b, 0, 4, 1, 5);
    else
      return __builtin_shufflevector(a, b, 0, 2);
  }
  static reg zip_high(reg a, reg b) {
    if constexpr (width == 4)
      return __builtin_shufflevector(a, b, 2, 6, 3, 7);
    else
      return __builtin_shufflevector(a, b, 1, 3);
  }
  /// 16 bytes from p, and as many from p + stride, p + 2 stride, ... in wider registers.
  static reg blocks(const T* p, std::ptrdiff_t) { return load(p); }
  /// zip_low and zip_high within each 16 bytes.
  static reg unpack_low(reg a, reg b) { return zip_low(a, b); }
  static reg unpack_high(reg a, reg b) { return zip_high(a, b); }
  /// One bit a lane: set where a >= b.
  static unsigned at_least(reg a, reg b) { return bits_of(a >= b); }
  static unsigned equal(reg a, reg b) { return bits_of(a == b); }
  /// The bits of each lane plus one.
  static reg next(reg r) { return std::bit_cast<reg>(std::bit_cast<bits>(r) + 1); }
  /// The low bits of each lane as the exponent: 2^(their number - bias), or 0 where that is 0.
  static reg power(reg r) {
    return std::bit_cast<reg>(std::bit_cast<bits>(r) << (std::numeric_limits<T>::digits - 1));
  }
  /// x = mantissa 2^exponent with 1 <= mantissa < 2, of normal x > 0.
  static reg exponent(reg x) {
    constexpr int bias = std::numeric_limits<T>::max_exponent - 1;
    const bits e = std::bit_cast<bits>(x) >> (std::numeric_limits<T>::digits - 1);
    return __builtin_convertvector(e - bias, reg);
  }
  static reg mantissa(reg x) {
    constexpr integer below = (integer{1} << (std::numeric_limits<T>::digits - 1)) - 1;
    return std::bit_cast<reg>((std::bit_cast<bits>(x) & below) | std::bit_cast<bits>(set(T{1})));
  }
  static reg from_bytes(const unsigned char* p) {
    reg r;
    for (std::size_t i = 0; i < width; ++i) r[i] = static_cast<T>(p[i]);
    return r;
  }
  static T highest(reg r) {
    T m = r[0];
    for (std::size_t i = 1; i < width; ++i) m = r[i] > m ? r[i] : m;
    return m;
  }
  static T lowest(reg r) {
    T m = r[0];
    for (std::size_t i = 1; i < width; ++i) m = r[i] < m ? r[i] : m;
    return m;
  }
  static void spill(wide& sums, reg r) {
    const wide w = widened(r);
    for (std::size_t i = 0; i < width / 2; ++i) sums.at[i] += w.at[i];
  }
  static void spill_squares(wide& sums, reg r) {
    const wide w = widened(r);
    for (std::size_t i = 0; i < width / 2; ++i) sums.at[i] += w.at[i] * w.at[i];
  }
  /// Half as many sums or a register of doubles full, whichever is less.
  static pair folded(const wide& sums) {
    pair s = sums.at[0];
    for (std::size_t i = 1; i < width / 2; ++i) s += sums.at[i];
    return s;
  }
  static double total(const wide& sums) {
    const pair s = folded(sums);
    return s[0] + s[1];
  }
  static reg div(reg a, reg b) { return a / b; }
  static wide inverse(const wide& sums) {
    wide w;
    for (std::size_t i = 0; i < width / 2; ++i) w.at[i] = 1.0 / sums.at[i];
    return w;
  }
  static void store_wide(double* p, const wide& sums, std::size_t n) {
    std::memcpy(p, sums.at, n * sizeof(double));
  }
  /// hit[i]: arg_max[i] is label[i]
  static void hits(reg arg_max, const std::int64_t* label, std::size_t n, unsigned char* hit) {
    for (std::size_t i = 0; i < n; ++i) hit[i] = arg_max[i] == static_cast<T>(label[i]);
  }
  /// p[i] += r[i]
  static void add_to(double* p, reg r, std::size_t n) {
    if (n < width) {
      for (std::size_t i = 0; i < n; ++i) p[i] += static_cast<double>(r[i]);
      return;
    }
    wide sums;
    std::memcpy(sums.at, p, sizeof sums.at);
    spill(sums, r);
    std::memcpy(p, sums.at, sizeof sums.at);
  }

 private:
  static unsigned bits_of(bits mask) {
    unsigned all = 0;
    for (std::size_t i = 0; i < width; ++i) all |= static_cast<unsigned>(mask[i] & 1) << i;
    return all;
  }
  static wide widened(reg r) {
    if constexpr (width == 4) {
      return {{__builtin_convertvector(__builtin_shufflevector(r, r, 0, 1), pair),
               __builtin_convertvector(__builtin_shufflevector(r, r, 2, 3), pair)}};
    } else {
      return {{r}};
    }
  }
};

using f32 = lanes<float>;
using f64 = lanes<double>;

inline void widen(const half* in, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
}
inline void widen(const bfloat16* in, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
}

}  // namespace calibra::detail::portable
