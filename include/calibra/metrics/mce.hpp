// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_bins.hpp"

namespace calibra {

namespace metrics {

/// Maximum calibration error: the largest gap of a non-empty bin. A bin with few samples decides it
/// easily: look at the counts. Empty: NaN. Mergeable through the table.
struct mce {
  static constexpr metric_info info{
      .name = "mce",
      .formula = "max_b |acc_b − conf_b| over the non-empty bins",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Naeini et al. 2015; Guo et al. 2017, equation 5",
      .python =
          "torchmetrics `norm='max'`, netcal `MCE`, NN_calibration `MCE`; CLIP_Calibration's `MCE` "
          "is `weighted_mce`",
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return bin_maximum(table, [](const reliability_bin& b, double) { return std::abs(b.gap()); });
  }
};

}  // namespace metrics

inline constexpr metric<metrics::mce> mce{};

}  // namespace calibra
