// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace coop {

/// A picture of three channels of 8 bits, row by row, channels innermost.
struct rgb_picture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> values;
};

/// The picture in another size, by Keys' cubic with a = -1/2, stretched where the picture shrinks
/// so that it averages: the pixels that PIL's BICUBIC gives, bit for bit. Columns first, rounded to
/// 8 bits, then rows; weights are fixed-point numbers of 22 bits behind the point. A direction
/// whose size stays is left alone. Source: Keys 1981.
rgb_picture resized(const rgb_picture& picture, std::int64_t width, std::int64_t height);

}  // namespace coop
