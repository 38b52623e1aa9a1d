// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/brier_decomposition.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// The resolution of Murphy's decomposition: see brier_decomposition().
struct brier_resolution {
  static constexpr metric_info info{
      .name = "brier_resolution",
      .formula = "Σ_b (n_b/N) (acc_b − acc)²: how far the bins tell samples apart",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Murphy 1973, J. Applied Meteorology 12",
      .python = "no package of the comparison has it",
      .better = better_side::higher,
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return brier_decomposition(table).resolution;
  }
};

}  // namespace metrics

inline constexpr metric<metrics::brier_resolution> brier_resolution{};

}  // namespace calibra
