// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_bins.hpp"

namespace calibra {

namespace metrics {

/// The largest summand of ece. Some papers, among them those that used the CLIP_Calibration
/// evaluator, publish this number under the name MCE; it is never larger than ece.
struct weighted_mce {
  static constexpr metric_info info{
      .name = "weighted_mce",
      .formula = "max_b (n_b/N) |acc_b − conf_b|, the largest summand of `ece`",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "CLIP_Calibration tools/metrics.py, published there as MCE",
      .python = "CLIP_Calibration `MCE`, TCPT `MCE`",
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return bin_maximum(
        table, [](const reliability_bin& b, double share) { return share * std::abs(b.gap()); });
  }
};

}  // namespace metrics

inline constexpr metric<metrics::weighted_mce> weighted_mce{};

}  // namespace calibra
