// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

#include "calibra/version.hpp"

namespace calibra::detail {

// Tests on the bits, so that -ffast-math in a user's build cannot remove them.

constexpr bool is_nan(double x) {
  return (std::bit_cast<std::uint64_t>(x) << 1) > 0xffe0000000000000u;
}
constexpr bool is_finite(double x) {
  return (std::bit_cast<std::uint64_t>(x) << 1) < 0xffe0000000000000u;
}

}  // namespace calibra::detail
