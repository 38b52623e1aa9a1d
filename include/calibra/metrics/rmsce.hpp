// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_bins.hpp"
#include "calibra/table/noise_floor.hpp"

namespace calibra {

namespace metrics {

/// Root mean squared calibration error, the L2 form of ece. Empty: NaN. Mergeable through the
/// table.
struct rmsce {
  static constexpr metric_info info{
      .name = "rmsce",
      .formula = "√ Σ_b (n_b/N) (acc_b − conf_b)²; ece ≤ rmsce ≤ mce on the same bins",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source =
          "Nguyen and O'Connor 2015; Kumar, Liang, Ma 2019 (arXiv 1909.10155), the plug-in "
          "estimate",
      .python =
          "torchmetrics `norm='l2'`, probmetrics `rmsce-N`, verified_calibration "
          "`lower_bound_scaling_ce(p=2, debias=False)`",
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return std::sqrt(
        weighted_bin_mean(table, [](const reliability_bin& b) { return b.gap() * b.gap(); }));
  }
  /// What a calibrated model shows on average.
  [[nodiscard]] double noise_floor(const reliability_table& table) const {
    return rmsce_noise_floor(table);
  }
};

}  // namespace metrics

inline constexpr metric<metrics::rmsce> rmsce{};

}  // namespace calibra
