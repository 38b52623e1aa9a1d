// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/class_reduction.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Mean over classes of debiased_l2, or the root of the mean of its squares. Everything else as
/// classwise_ece.
struct classwise_debiased_l2 {
  static constexpr metric_info info{
      .name = "classwise_debiased_l2",
      .formula = "(1/K) Σ_k of `debiased_l2` of the table of class k; reduced as `classwise_rmsce`",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Kumar, Liang, Ma 2019",
      .python =
          "verified_calibration `get_calibration_error` (equal mass, 15 bins; like = `verified`)",
  };
  class_reduction reduction = class_reduction::mean;
  lone_sample lone = lone_sample::left_out;

  [[nodiscard]] double of(const class_tables& tables) const {
    return reduced(tables, metric(metrics::debiased_l2{.lone = lone}), reduction);
  }
  friend bool operator==(const classwise_debiased_l2&, const classwise_debiased_l2&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::classwise_debiased_l2> classwise_debiased_l2{};

}  // namespace calibra
