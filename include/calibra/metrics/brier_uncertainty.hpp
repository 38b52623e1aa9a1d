// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/brier_decomposition.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// The uncertainty of Murphy's decomposition: see brier_decomposition().
struct brier_uncertainty {
  static constexpr metric_info info{
      .name = "brier_uncertainty",
      .formula = "acc (1 − acc), of the data and not of the classifier",
      .range = "[0, 0.25]",
      .weights = "take the place of counts",
      .source = "Murphy 1973, J. Applied Meteorology 12",
      .python = "no package of the comparison has it",
      .better = better_side::neither,
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return brier_decomposition(table).uncertainty;
  }
};

}  // namespace metrics

inline constexpr metric<metrics::brier_uncertainty> brier_uncertainty{};

}  // namespace calibra
