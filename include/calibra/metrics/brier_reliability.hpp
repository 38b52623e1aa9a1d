// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/brier_decomposition.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// The reliability of Murphy's decomposition: see brier_decomposition().
struct brier_reliability {
  static constexpr metric_info info{
      .name = "brier_reliability",
      .formula = "Σ_b (n_b/N) (conf_b − acc_b)², the square of `rmsce`",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Murphy 1973, J. Applied Meteorology 12",
      .python = "no package of the comparison has it",
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return brier_decomposition(table).reliability;
  }
};

}  // namespace metrics

inline constexpr metric<metrics::brier_reliability> brier_reliability{};

}  // namespace calibra
