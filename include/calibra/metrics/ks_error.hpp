// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Kolmogorov-Smirnov calibration error: the largest distance between the cumulative accuracy and
/// the cumulative confidence, max_k |sum_{i <= k} w_i (hit_i - confidence_i)| / W, in ascending
/// order of confidence. Pairs of equal confidence enter together, so that the order of the rows
/// does not matter. NaN if the sample is empty or its weights sum to 0. O(n). Append samples to
/// merge.
struct ks_error {
  static constexpr metric_info info{
      .name = "ks_error",
      .formula =
          "max_k |Σ_{i≤k} (hit_i − confidence_i)| / N in ascending order of confidence; ties enter "
          "together",
      .range = "[0, 1], a probability",
      .weights = "yes",
      .source = "Gupta et al. 2021 (arXiv 2006.12800)",
      .python = "no package of the comparison has it",
  };
  [[nodiscard]] double of(const sample& sorted) const {
    const double total = sorted.total_weight();
    if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
    const std::size_t n = sorted.size();
    double sum = 0, largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double c = sorted.confidence(i);
      sum += sorted.weight(i) * ((sorted.hit(i) ? 1.0 : 0.0) - c);
      if (i + 1 == n || sorted.confidence(i + 1) != c) largest = std::max(largest, std::abs(sum));
    }
    return largest / total;
  }
};

}  // namespace metrics

inline constexpr metric<metrics::ks_error> ks_error{};

}  // namespace calibra
