// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "calibra/version.hpp"

namespace calibra::detail {

/// Where at most `bins` bins of equal weight begin, as numbers of blocks, the first of which is 0.
/// `before` holds the sum of the weights before each block, and at last that of all. A block goes
/// as a whole to the bin in which the middle of its weight lies; bins without a block are left out.
inline std::vector<std::size_t> equal_weight_starts(const std::vector<double>& before,
                                                    std::size_t bins) {
  const std::size_t m = before.size() - 1;
  const double scale = static_cast<double>(bins) / before.back();
  std::vector<std::size_t> starts{0};
  for (std::size_t bin = 1; bin < bins; ++bin) {
    // The middle of a block may lie on a cut: it belongs above, however weights round.
    const double cut = static_cast<double>(bin) - 1e-9;
    std::size_t low = starts.back(), high = m;
    while (low < high) {
      const std::size_t i = low + (high - low) / 2;
      if ((before[i] + (before[i + 1] - before[i]) / 2) * scale < cut)
        low = i + 1;
      else
        high = i;
    }
    if (low == m) break;
    if (low != starts.back()) starts.push_back(low);
  }
  return starts;
}

/// A cut half way between two scores, low < high: at or above the lower and below the higher,
/// so that (.., cut] parts them.
inline double cut_between(double low, double high) {
  const double middle = low + (high - low) / 2;
  return middle < high ? middle : low;
}

}  // namespace calibra::detail
