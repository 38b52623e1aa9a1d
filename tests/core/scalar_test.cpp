// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/array/scalar.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>

using calibra::bfloat16;
using calibra::byte_swapped;
using calibra::half;

namespace {

/// What the bits of an IEEE-like number of 16 bits mean, straight from the definition.
double meaning(unsigned bits, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const double fraction = static_cast<double>(bits & ((1u << fraction_bits) - 1));
  const double sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1)
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(1 + std::ldexp(fraction, -fraction_bits), exponent - bias);
}

template<class T>
constexpr int exponent_bits = std::is_same_v<T, half> ? 5 : 8;

}  // namespace

TEMPLATE_TEST_CASE("all 65536 numbers of 16 bits convert to float exactly and back", "[scalar]",
                   half, bfloat16) {
  for (unsigned bits = 0; bits < 0x10000u; ++bits) {
    const auto x = static_cast<float>(TestType::from_bits(static_cast<std::uint16_t>(bits)));
    const double expected = meaning(bits, exponent_bits<TestType>);
    const TestType back(x);
    if (std::isnan(expected)) {
      if (!std::isnan(x) || !std::isnan(static_cast<float>(back))) FAIL("NaN lost at " << bits);
    } else if (static_cast<double>(x) != expected || std::signbit(x) != std::signbit(expected) ||
               back.bits != bits) {
      FAIL("bits " << bits << " are " << expected << ", got " << x);
    }
  }
  SUCCEED();
}

TEMPLATE_TEST_CASE("floats are rounded to the nearest 16 bits, ties to even", "[scalar]", half,
                   bfloat16) {
  constexpr unsigned infinity = std::is_same_v<TestType, half> ? 0x7c00u : 0x7f80u;
  const auto value = [](unsigned bits) { return meaning(bits, exponent_bits<TestType>); };
  const auto rounded = [](double x) { return unsigned{TestType(static_cast<float>(x)).bits}; };
  for (unsigned bits = 0; bits + 1 < infinity; ++bits) {
    // Between two neighbours: the middle goes to the even one, anything else to the nearer.
    const double low = value(bits);
    const double high = value(bits + 1);
    const auto middle = static_cast<float>((low + high) / 2);
    if (static_cast<double>(middle) != (low + high) / 2) continue;  // below float's own range
    const unsigned even = bits % 2 == 0 ? bits : bits + 1;
    const bool right =
        rounded(middle) == even && rounded(-middle) == (even | 0x8000u) &&
        rounded(std::nextafter(middle, 0.0f)) == bits &&
        rounded(std::nextafter(middle, std::numeric_limits<float>::max())) == bits + 1;
    if (!right) FAIL("rounding between " << low << " and " << high);
  }
  CHECK(rounded(std::numeric_limits<double>::infinity()) == infinity);
  CHECK(rounded(std::numeric_limits<float>::max()) == infinity);
  CHECK(rounded(-std::numeric_limits<float>::max()) == (infinity | 0x8000u));
  CHECK(rounded(std::numeric_limits<float>::denorm_min()) == 0u);
}

TEST_CASE("half knows its well-known numbers", "[scalar]") {
  STATIC_REQUIRE(static_cast<float>(half::from_bits(0x3c00)) == 1.0f);
  STATIC_REQUIRE(static_cast<float>(half::from_bits(0x7bff)) == 65504.0f);
  STATIC_REQUIRE(half(65504.0f).bits == 0x7bff);
  STATIC_REQUIRE(half(65519.0f).bits == 0x7bff);
  STATIC_REQUIRE(half(65520.0f).bits == 0x7c00);
  STATIC_REQUIRE(half(-2.0f).bits == 0xc000);
  STATIC_REQUIRE(static_cast<float>(bfloat16::from_bits(0x3f80)) == 1.0f);
  STATIC_REQUIRE(bfloat16(3.1415927f).bits == 0x4049);
}

TEMPLATE_TEST_CASE("byte-swapped numbers are read in the other order", "[scalar]", float, double,
                   std::int16_t, std::uint32_t, std::int64_t) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100; ++i) {
    const auto x = static_cast<TestType>(static_cast<std::int64_t>(random()) >> 40);
    byte_swapped<TestType> swapped;
    std::memcpy(swapped.bytes.data(), &x, sizeof x);
    std::reverse(swapped.bytes.begin(), swapped.bytes.end());
    REQUIRE(static_cast<TestType>(swapped) == x);
  }
  STATIC_REQUIRE(sizeof(byte_swapped<TestType>) == sizeof(TestType));
  STATIC_REQUIRE(alignof(byte_swapped<TestType>) == 1);
}

TEST_CASE("what scores may be, and what they are computed in", "[scalar]") {
  using calibra::real_scalar;
  STATIC_REQUIRE(real_scalar<float>);
  STATIC_REQUIRE(real_scalar<const double>);
  STATIC_REQUIRE(real_scalar<long double>);
  STATIC_REQUIRE(real_scalar<half>);
  STATIC_REQUIRE(real_scalar<bfloat16>);
  STATIC_REQUIRE(real_scalar<byte_swapped<float>>);
  STATIC_REQUIRE(real_scalar<byte_swapped<half>>);
  STATIC_REQUIRE(!real_scalar<int>);
  STATIC_REQUIRE(!real_scalar<bool>);
  STATIC_REQUIRE(!real_scalar<std::complex<float>>);
  STATIC_REQUIRE(!real_scalar<byte_swapped<int>>);
  STATIC_REQUIRE(std::is_same_v<calibra::compute_type<half>, float>);
  STATIC_REQUIRE(std::is_same_v<calibra::compute_type<const long double>, double>);
  STATIC_REQUIRE(std::is_same_v<calibra::compute_type<byte_swapped<double>>, double>);
}

TEST_CASE("what labels may be", "[scalar]") {
  using calibra::label_scalar;
  STATIC_REQUIRE(label_scalar<int>);
  STATIC_REQUIRE(label_scalar<const std::uint64_t>);
  STATIC_REQUIRE(label_scalar<bool>);
  STATIC_REQUIRE(label_scalar<char>);
  STATIC_REQUIRE(label_scalar<byte_swapped<std::int32_t>>);
  STATIC_REQUIRE(!label_scalar<float>);
  STATIC_REQUIRE(!label_scalar<byte_swapped<float>>);
  STATIC_REQUIRE(!label_scalar<half>);
}
