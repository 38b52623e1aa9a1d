// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/class_reduction.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/rmsce.hpp"

namespace calibra {

namespace metrics {

/// Mean over classes of rmsce, or the root of the mean of its squares. Everything else as
/// classwise_ece.
struct classwise_rmsce {
  static constexpr metric_info info{
      .name = "classwise_rmsce",
      .formula =
          "(1/K) Σ_k of `rmsce` of the table of class k; the root of the mean of the squares under "
          "`class_reduction::root_of_mean`",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Kumar, Liang, Ma 2019, the marginal calibration error (root of mean)",
      .python =
          "torch-uncertainty `ClasswiseCalibrationError(norm='l2')` (mean); verified_calibration "
          "`mode='marginal'`, p = 2 (root of mean; like = `verified`)",
  };
  class_reduction reduction = class_reduction::mean;

  [[nodiscard]] double of(const class_tables& tables) const {
    return reduced(tables, calibra::rmsce, reduction);
  }
  friend bool operator==(const classwise_rmsce&, const classwise_rmsce&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::classwise_rmsce> classwise_rmsce{};

}  // namespace calibra
