// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "calibra/detail/kernels/polynomial.hpp"
#include "calibra/scalar.hpp"

namespace calibra::detail::portable {

/// A register of plain C++: N numbers side by side. The three lane families (portable, avx2,
/// avx512) have the same members, so that one text of the kernels (row_kernels.inl.hpp) serves them
/// all.
template<class T, std::size_t N>
struct lanes {
  using value = T;
  static constexpr std::size_t width = N;
  struct reg {
    T at[N];
  };
  /// Sums kept in double, one for each lane.
  struct wide {
    double at[N];
  };

  template<class F>
  static reg map(F f) {
    reg r;
    for (std::size_t i = 0; i < N; ++i) r.at[i] = f(i);
    return r;
  }
  static wide zero() { return {}; }
  static reg set(T x) {
    return map([=](std::size_t) { return x; });
  }
  static reg load(const T* p) {
    reg r;
    std::memcpy(r.at, p, sizeof r.at);
    return r;
  }
  static reg load_n(const T* p, std::size_t n, T fill) {
    return map([=](std::size_t i) { return i < n ? p[i] : fill; });
  }
  static void store(T* p, reg r) { std::memcpy(p, r.at, sizeof r.at); }
  static void store_n(T* p, reg r, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] = r.at[i];
  }
  static reg add(reg a, reg b) {
    return map([&](std::size_t i) { return a.at[i] + b.at[i]; });
  }
  static reg sub(reg a, reg b) {
    return map([&](std::size_t i) { return a.at[i] - b.at[i]; });
  }
  static reg mul(reg a, reg b) {
    return map([&](std::size_t i) { return a.at[i] * b.at[i]; });
  }
  static reg fma(reg a, reg b, reg c) {
    return map([&](std::size_t i) { return a.at[i] * b.at[i] + c.at[i]; });
  }
  /// The second argument where either is NaN.
  static reg max(reg a, reg b) {
    return map([&](std::size_t i) { return a.at[i] > b.at[i] ? a.at[i] : b.at[i]; });
  }
  static reg min(reg a, reg b) {
    return map([&](std::size_t i) { return a.at[i] < b.at[i] ? a.at[i] : b.at[i]; });
  }
  /// x where a > b, else y.
  static reg if_greater(reg a, reg b, reg x, reg y) {
    return map([&](std::size_t i) { return a.at[i] > b.at[i] ? x.at[i] : y.at[i]; });
  }
  /// a[0] b[0] a[1] b[1] ...: the lower halves of a and b, then (zip_high) the upper ones.
  static reg zip_low(reg a, reg b) {
    return map([&](std::size_t i) { return i % 2 == 0 ? a.at[i / 2] : b.at[i / 2]; });
  }
  static reg zip_high(reg a, reg b) {
    return map([&](std::size_t i) { return (i % 2 == 0 ? a : b).at[N / 2 + i / 2]; });
  }
  /// One bit a lane: set where a >= b.
  static unsigned at_least(reg a, reg b) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < N; ++i) bits |= static_cast<unsigned>(a.at[i] >= b.at[i]) << i;
    return bits;
  }
  static unsigned equal(reg a, reg b) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < N; ++i) bits |= static_cast<unsigned>(a.at[i] == b.at[i]) << i;
    return bits;
  }
  static reg exp(reg x) {
    return map([&](std::size_t i) { return exp_one(x.at[i]); });
  }
  static T highest(reg r) {
    T m = r.at[0];
    for (std::size_t i = 1; i < N; ++i) m = r.at[i] > m ? r.at[i] : m;
    return m;
  }
  static T lowest(reg r) {
    T m = r.at[0];
    for (std::size_t i = 1; i < N; ++i) m = r.at[i] < m ? r.at[i] : m;
    return m;
  }
  static void spill(wide& sums, reg r) {
    for (std::size_t i = 0; i < N; ++i) sums.at[i] += static_cast<double>(r.at[i]);
  }
  static void spill_squares(wide& sums, reg r) {
    for (std::size_t i = 0; i < N; ++i) {
      const auto x = static_cast<double>(r.at[i]);
      sums.at[i] += x * x;
    }
  }
  static double total(const wide& sums) {
    double s = 0;
    for (std::size_t i = 0; i < N; ++i) s += sums.at[i];
    return s;
  }
  static void store_wide(double* p, const wide& sums, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] = sums.at[i];
  }
  /// p[i] += r.at[i]
  static void add_to(double* p, reg r, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] += static_cast<double>(r.at[i]);
  }

 private:
  static T exp_one(T x) {
    using P = exp_polynomial<T>;
    const T t = x * P::log2_e;
    const bool normal = t > P::smallest_exponent;
    const T safe = normal ? t : T{0};
    const int n = static_cast<int>(safe - T{0.5});  // safe <= 0: rounds to nearest
    const T f = safe - static_cast<T>(n);
    T poly = P::c[P::terms - 1];
    for (std::size_t i = P::terms - 1; i-- > 0;) poly = poly * f + P::c[i];
    poly = poly * f + T{1};
    T power;
    if constexpr (sizeof(T) == 4) {
      power = std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23);
    } else {
      power = std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
    }
    return normal ? poly * power : (t != t ? t : T{0});
  }
};

using f32 = lanes<float, 4>;
using f64 = lanes<double, 2>;

inline void widen(const half* in, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
}
inline void widen(const bfloat16* in, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
}

}  // namespace calibra::detail::portable
