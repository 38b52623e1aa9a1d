// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/version.hpp"

namespace calibra {

/// p of several tests, each made as large as it has to be for all of them to be looked at: the
/// smallest times their number, the next times one less, none smaller than one before it, at most
/// 1. NaN stays NaN and does not count. Cost: O(n log n). Ref: Holm 1979.
[[nodiscard]] inline std::vector<double> holm_adjusted(const std::vector<double>& p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!detail::is_nan(p[i])) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> adjusted = p;
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, p[order[k]] * static_cast<double>(order.size() - k));
    adjusted[order[k]] = std::min(1.0, largest);
  }
  return adjusted;
}

}  // namespace calibra
