// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "calibra/version.hpp"

namespace calibra {

namespace detail {

/// IEEE binary16 bits to float; exact, subnormals, infinities and NaN included.
constexpr float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fu;
  const std::uint32_t fraction = bits & 0x3ffu;
  if (exponent == 0x1fu) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

/// float to IEEE binary16 bits, to nearest, ties to even; overflow gives infinity.
constexpr std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the half is subnormal: adding 0.5 leaves the rounded bits at the low end.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

constexpr std::uint16_t float_to_bfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace detail

/// IEEE 754 binary16 as storage: two bytes that convert to float exactly and from float by rounding
/// to nearest even. Arithmetic happens in float or double.
struct half {
  std::uint16_t bits = 0;

  constexpr half() = default;
  constexpr explicit half(float value) : bits(detail::float_to_half(value)) {}
  constexpr explicit operator float() const { return detail::half_to_float(bits); }
  static constexpr half from_bits(std::uint16_t bits) {
    half h;
    h.bits = bits;
    return h;
  }
};

/// bfloat16 as storage: the upper half of a float, rounded to nearest even on the way in.
struct bfloat16 {
  std::uint16_t bits = 0;

  constexpr bfloat16() = default;
  constexpr explicit bfloat16(float value) : bits(detail::float_to_bfloat16(value)) {}
  constexpr explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
  static constexpr bfloat16 from_bits(std::uint16_t bits) {
    bfloat16 b;
    b.bits = bits;
    return b;
  }
};

/// A number stored in the byte order that is not this machine's; converted as it is read.
/// The bytes need no alignment.
template<class T>
struct byte_swapped {
  std::array<std::byte, sizeof(T)> bytes{};

  explicit operator T() const {
    std::array<std::byte, sizeof(T)> reversed;
    for (std::size_t i = 0; i < sizeof(T); ++i) reversed[i] = bytes[sizeof(T) - 1 - i];
    T value;
    std::memcpy(&value, reversed.data(), sizeof(T));
    return value;
  }
};

/// What calibra needs to know of a score's scalar: the type its rows are computed in (float or
/// double) and how to get there. Specialise it for a foreign 16-bit type as the Eigen adapter does.
template<class T>
struct scalar_traits;  // left undefined: such scores are not numbers that calibra knows

template<>
struct scalar_traits<float> {
  using compute_type = float;
  static constexpr float load(float x) { return x; }
};
template<>
struct scalar_traits<double> {
  using compute_type = double;
  static constexpr double load(double x) { return x; }
};
template<>
struct scalar_traits<long double> {
  using compute_type = double;
  static constexpr double load(long double x) { return static_cast<double>(x); }
};
template<>
struct scalar_traits<half> {
  using compute_type = float;
  static constexpr float load(half x) { return static_cast<float>(x); }
};
template<>
struct scalar_traits<bfloat16> {
  using compute_type = float;
  static constexpr float load(bfloat16 x) { return static_cast<float>(x); }
};
template<class T>
requires requires {
  typename scalar_traits<T>::compute_type;
}
struct scalar_traits<byte_swapped<T>> {
  using compute_type = typename scalar_traits<T>::compute_type;
  static compute_type load(byte_swapped<T> x) { return scalar_traits<T>::load(static_cast<T>(x)); }
};

/// A type that scores may have: float, double, long double, half, bfloat16, their byte-swapped
/// forms, and whatever has a `scalar_traits`.
template<class T>
concept real_scalar = requires(const std::remove_cv_t<T>& x) {
  typename scalar_traits<std::remove_cv_t<T>>::compute_type;
  {
    scalar_traits<std::remove_cv_t<T>>::load(x)
    } -> std::same_as<typename scalar_traits<std::remove_cv_t<T>>::compute_type>;
};

/// float or double: what the rows of scores of type T are computed in.
template<class T>
using compute_type = typename scalar_traits<std::remove_cv_t<T>>::compute_type;

namespace detail {

template<class T>
struct is_swapped_integer : std::false_type {};
template<std::integral T>
struct is_swapped_integer<byte_swapped<T>> : std::true_type {};

}  // namespace detail

/// A type that labels may have: any integer (bool included) and integers in foreign byte order.
template<class T>
concept label_scalar =
    std::integral<std::remove_cv_t<T>> || detail::is_swapped_integer<std::remove_cv_t<T>>::value;

}  // namespace calibra
