// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Unweighted mean gap of the non-empty bins. netcal and the functions of focal_calibration call it
/// ACE. A bin counts alike however few samples it has. Empty: NaN. Mergeable through the table.
struct mean_gap {
  static constexpr metric_info info{
      .name = "mean_gap",
      .formula = "(1/B₊) Σ_b |acc_b − conf_b| over the B₊ non-empty bins",
      .range = "[0, 1], a probability",
      .weights = "within the bins; every bin counts alike",
      .source = "Neumann, Zisserman, Vedaldi 2018; netcal metrics.ACE",
      .python = "netcal `ACE`; the ACE of focal_calibration's functions",
      .better = better_side::neither,
  };
  [[nodiscard]] double of(const reliability_table& table) const {
    double sum = 0;
    std::size_t bins = 0;
    for (const reliability_bin& bin : table) {
      if (!(bin.weight > 0)) continue;
      sum += std::abs(bin.gap());
      ++bins;
    }
    return bins == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(bins);
  }
};

}  // namespace metrics

inline constexpr metric<metrics::mean_gap> mean_gap{};

}  // namespace calibra
