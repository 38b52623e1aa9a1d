// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// ece of all N K pairs (p_ik, [y_i = k]) in one table on fixed bins; of multi-label scores the
/// micro average. Empty: NaN. Mergeable.
struct pooled_ece {
  static constexpr metric_info info{
      .name = "pooled_ece",
      .formula =
          "`ece` of all N K pairs (p_ik, [y_i = k]) in one table; of multi-label scores the micro "
          "average",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Kumar et al. 2018; robustness_metrics' general calibration error",
      .python =
          "robustness_metrics `GeneralCalibrationError(class_conditional=False, max_prob=False)`",
  };
  static constexpr bool pooled = true;

  [[nodiscard]] double of(const class_tables& tables) const {
    return tables.fixed() == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                     : calibra::ece(tables.fixed()->micro());
  }
};

}  // namespace metrics

inline constexpr metric<metrics::pooled_ece> pooled_ece{};

}  // namespace calibra
