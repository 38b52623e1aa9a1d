// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Adaptive calibration error of the top label: ece on equal-mass bins, the ACE of the DOR paper.
/// Nixon et al.'s is classwise_ace. Not mergeable: cuts need every pair.
struct ace {
  static constexpr metric_info info{
      .name = "ace",
      .formula = "`ece` on bins of about N/B samples each; ties stay together",
      .range = "[0, 1], a probability",
      .weights = "within the bins; the cuts count samples",
      .source =
          "Nguyen and O'Connor 2015; the ACE of prompt-tuning papers. Nixon et al.'s ACE is "
          "`classwise_ace`",
      .python =
          "CLIP_Calibration `AdaptiveECE`, torch-uncertainty `AdaptiveCalibrationError`, "
          "verified_calibration `get_ece_em`; netcal's `ACE` is `mean_gap`",
  };
  static constexpr bool equal_mass = true;
  static constexpr bool conventions_use_classes = true;  // robustness_metrics' is classwise_ace

  [[nodiscard]] double of(const reliability_table& table) const { return metrics::ece{}.of(table); }
};

}  // namespace metrics

inline constexpr metric<metrics::ace> ace{};

}  // namespace calibra
