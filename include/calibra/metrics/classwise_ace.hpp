// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Adaptive calibration error of Nixon et al.: the mean over classes of ece of the pairs
/// (p_ik, [y_i = k]) on equal-mass bins, cut for each class by itself. Empty: NaN. Mergeable only
/// where the pairs of every class are kept.
struct classwise_ace {
  static constexpr metric_info info{
      .name = "classwise_ace",
      .formula = "(1/K) Σ_k `ece` of the pairs (p_ik, [y_i = k]) on equal-mass bins",
      .range = "[0, 1], a probability",
      .weights = "within the bins; the cuts count pairs",
      .source = "Nixon et al. 2019, ACE",
      .python =
          "robustness_metrics `AdaptiveCalibrationError` (like = `robustness_metrics`), "
          "verified_calibration `get_ece_em(mode='marginal')`",
  };
  [[nodiscard]] class_cut cut() const { return {.threshold = 0, .keep_equal = true}; }
  [[nodiscard]] double of(const class_tables& tables) const { return tables.mean(calibra::ece); }
};

}  // namespace metrics

inline constexpr metric<metrics::classwise_ace> classwise_ace{};

}  // namespace calibra
