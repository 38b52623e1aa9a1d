// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Mean over classes of mce. Everything else as classwise_ece.
struct classwise_mce {
  static constexpr metric_info info{
      .name = "classwise_mce",
      .formula = "(1/K) Σ_k of `mce` of the table of class k",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "as `classwise_ece`, with the norm of `mce`",
      .python = "torch-uncertainty `ClasswiseCalibrationError(norm='max')`",
  };
  [[nodiscard]] double of(const class_tables& tables) const { return tables.mean(calibra::mce); }
};

}  // namespace metrics

inline constexpr metric<metrics::classwise_mce> classwise_mce{};

}  // namespace calibra
