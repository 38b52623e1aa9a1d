// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Share of samples whose predicted class is the label; the first of equal classes is predicted. Of
/// a table: the share of hits, samples in no bin included. For binary scores as P(y = 1) a hit is
/// y = 1, so that this is the base rate and not the accuracy. Empty: NaN. Mergeable.
struct accuracy {
  static constexpr metric_info info{
      .name = "accuracy",
      .formula = "(1/N) Σ_i [ŷ_i = y_i]; of equal classes the first is predicted",
      .range = "[0, 1], a share",
      .weights = "weighted mean",
      .source = "the definition",
      .python =
          "`sklearn.metrics.accuracy_score`; the table's form differs from it for binary scores of "
          "P(y = 1), whose hit is y itself",
      .better = better_side::higher,
  };
  [[nodiscard]] double of(const summary& sums) const { return sums.accuracy(); }
  [[nodiscard]] double of(const reliability_table& table) const {
    const double total = table.total_weight();
    return total > 0 ? table.total_hits() / total : std::numeric_limits<double>::quiet_NaN();
  }
};

}  // namespace metrics

inline constexpr metric<metrics::accuracy> accuracy{};

}  // namespace calibra
