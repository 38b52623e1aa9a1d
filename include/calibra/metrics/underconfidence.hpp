// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_bins.hpp"

namespace calibra {

namespace metrics {

/// The part of ece from bins whose accuracy exceeds their confidence.
struct underconfidence {
  static constexpr metric_info info{
      .name = "underconfidence",
      .formula = "Σ_b (n_b/N) max(0, acc_b − conf_b)",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "the other part of `ece`",
      .python = "no package of the comparison has it",
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return weighted_bin_mean(table,
                             [](const reliability_bin& b) { return b.gap() > 0 ? b.gap() : 0.0; });
  }
};

}  // namespace metrics

inline constexpr metric<metrics::underconfidence> underconfidence{};

}  // namespace calibra
