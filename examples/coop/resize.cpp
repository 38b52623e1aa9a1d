// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace coop {

namespace {

constexpr int point_bits = 22;

/// Keys' cubic, 0 from 2 on.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return a * (((x - 5) * x + 8) * x - 4);
  return 0;
}

/// What a place of the result is made of: places [first, first + weights.size()) of the source.
struct mixture {
  std::int64_t first = 0;
  std::vector<std::int32_t> weights;
};

std::vector<mixture> mixtures(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double stretch = std::max(scale, 1.0);
  const double reach = 2 * stretch;
  std::vector<mixture> out(static_cast<std::size_t>(to));
  std::vector<double> exact;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - reach + 0.5), 0);
    const auto last = std::min(static_cast<std::int64_t>(centre + reach + 0.5), from);
    exact.clear();
    double sum = 0;
    for (std::int64_t j = first; j < last; ++j) {
      exact.push_back(cubic((static_cast<double>(j) - centre + 0.5) * (1 / stretch)));
      sum += exact.back();
    }
    out[i].first = first;
    for (const double w : exact)
      out[i].weights.push_back(static_cast<std::int32_t>(std::round(w / sum * (1 << point_bits))));
  }
  return out;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> point_bits, 0, 255));
}

rgb_picture resized_columns(const rgb_picture& picture, std::int64_t width) {
  const std::vector<mixture> columns = mixtures(picture.width, width);
  rgb_picture out{width, picture.height, {}};
  out.values.reserve(static_cast<std::size_t>(width * picture.height * 3));
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (const mixture& column : columns)
      for (std::int64_t c = 0; c < 3; ++c) {
        const std::uint8_t* in = picture.values.data() + (y * picture.width + column.first) * 3 + c;
        std::int32_t sum = 1 << (point_bits - 1);
        for (const std::int32_t weight : column.weights) {
          sum += weight * *in;
          in += 3;
        }
        out.values.push_back(rounded(sum));
      }
  return out;
}

rgb_picture resized_rows(const rgb_picture& picture, std::int64_t height) {
  rgb_picture out{picture.width, height, {}};
  const auto stride = static_cast<std::size_t>(picture.width * 3);
  out.values.reserve(stride * static_cast<std::size_t>(height));
  std::vector<std::int32_t> sums(stride);
  for (const mixture& row : mixtures(picture.height, height)) {
    std::fill(sums.begin(), sums.end(), 1 << (point_bits - 1));
    const std::uint8_t* in = picture.values.data() + static_cast<std::size_t>(row.first) * stride;
    for (const std::int32_t weight : row.weights) {
      for (std::size_t i = 0; i < stride; ++i) sums[i] += weight * in[i];
      in += stride;
    }
    for (const std::int32_t sum : sums) out.values.push_back(rounded(sum));
  }
  return out;
}

}  // namespace

rgb_picture resized(const rgb_picture& picture, std::int64_t width, std::int64_t height) {
  rgb_picture out = picture.width == width ? picture : resized_columns(picture, width);
  return out.height == height ? out : resized_rows(out, height);
}

}  // namespace coop
