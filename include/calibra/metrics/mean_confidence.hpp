// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Mean confidence; of a table, samples in no bin included. Of binary scores the mean of P(y = 1),
/// save for top_label. Empty: NaN. Mergeable.
struct mean_confidence {
  static constexpr metric_info info{
      .name = "confidence",
      .formula = "(1/N) Σ_i confidence_i, the largest probability of each row",
      .range = "[0, 1], a probability",
      .weights = "weighted mean",
      .source = "the definition",
      .python = "`p.max(axis=1).mean()`",
      .better = better_side::neither,
  };
  [[nodiscard]] double of(const summary& sums) const { return sums.confidence(); }
  [[nodiscard]] double of(const reliability_table& table) const {
    const double total = table.total_weight();
    return total > 0 ? table.total_confidence() / total : std::numeric_limits<double>::quiet_NaN();
  }
};

}  // namespace metrics

inline constexpr metric<metrics::mean_confidence> mean_confidence{};

}  // namespace calibra
