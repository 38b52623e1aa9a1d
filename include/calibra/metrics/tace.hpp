// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Thresholded adaptive calibration error: classwise_ace of the pairs with p_ik > threshold alone.
/// Each class is normalised by its own number of kept pairs; a class that keeps none counts as 0.
/// Throws option_error unless 0 <= threshold < 1.
struct tace {
  static constexpr metric_info info{
      .name = "tace",
      .formula =
          "`classwise_ace` of the pairs with p_ik > threshold (0.01 unless told); each class over "
          "its own kept pairs",
      .range = "[0, 1], a probability",
      .weights = "within the bins; the cuts count pairs",
      .source = "Nixon et al. 2019, TACE",
      .python =
          "robustness_metrics' kernel with a threshold; its registered `tace` uses the threshold 0 "
          "whatever it is told, which is `tace(..., 0)`",
  };
  double threshold = 0.01;

  void check() const {
    if (!(threshold >= 0 && threshold < 1))
      throw option_error(detail::concat("tace(): expected a threshold in [0, 1), got ", threshold));
  }
  [[nodiscard]] class_cut cut() const { return {.threshold = threshold, .keep_equal = false}; }
  [[nodiscard]] double of(const class_tables& tables) const { return tables.mean(calibra::ece); }
  friend bool operator==(const tace&, const tace&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::tace> tace{};

}  // namespace calibra
