// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Brier score summed over classes; a binary score counts as two classes, which doubles (p - y)^2.
/// Empty: NaN. Mergeable.
struct brier {
  static constexpr metric_info info{
      .name = "brier",
      .formula = "(1/N) Σ_i Σ_k (p_ik − [y_i = k])²; a binary score counts as two classes",
      .range = "[0, 2]",
      .weights = "weighted mean",
      .source = "Brier 1950",
      .python =
          "torch-uncertainty `BrierScore`, probmetrics `brier`; `sklearn.metrics.brier_score_loss` "
          "and verified_calibration `eval_marginal_mse` are half of it or of one class",
  };
  [[nodiscard]] double of(const summary& sums) const { return sums.brier(); }
};

}  // namespace metrics

inline constexpr metric<metrics::brier> brier{};

}  // namespace calibra
