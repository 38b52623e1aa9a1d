// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Brier score of the top label alone. Empty: NaN. Mergeable.
struct brier_top {
  static constexpr metric_info info{
      .name = "brier_top",
      .formula = "(1/N) Σ_i (confidence_i − hit_i)²",
      .range = "[0, 1], a probability",
      .weights = "weighted mean",
      .source = "Brier 1950, of the top label",
      .python =
          "torch-uncertainty `BrierScore(top_class=True)`, verified_calibration `eval_top_mse`",
  };
  [[nodiscard]] double of(const summary& sums) const { return sums.brier_top(); }
};

}  // namespace metrics

inline constexpr metric<metrics::brier_top> brier_top{};

}  // namespace calibra
