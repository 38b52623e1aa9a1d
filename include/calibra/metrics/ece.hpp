// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_bins.hpp"
#include "calibra/table/noise_floor.hpp"

namespace calibra {

namespace metrics {

/// Expected calibration error. Formula: sum_b (n_b / N) |acc_b - conf_b|. Empty bins contribute
/// nothing; no samples: NaN. Mergeable through the table. O(B) of a table.
/// Max error: 1e-12 absolute against exact sums of the same bins.
struct ece {
  static constexpr metric_info info{
      .name = "ece",
      .formula = "Σ_b (n_b/N) |acc_b − conf_b|",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017 (arXiv 1706.04599), equation 3",
      .python =
          "torchmetrics `CalibrationError(norm='l1')`, netcal `ECE`, verified_calibration "
          "`get_ece`, relplot `binnedECE`, gpleiss `_ECELoss` and others, each in its own "
          "convention: [conventions.md](conventions.md)",
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    return weighted_bin_mean(table, [](const reliability_bin& b) { return std::abs(b.gap()); });
  }
  /// What a calibrated model shows on average.
  [[nodiscard]] double noise_floor(const reliability_table& table) const {
    return ece_noise_floor(table);
  }
};

}  // namespace metrics

inline constexpr metric<metrics::ece> ece{};

}  // namespace calibra
