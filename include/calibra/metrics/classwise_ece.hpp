// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Classwise expected calibration error (static calibration error): the mean over classes of ece of
/// the pairs (p_ik, [y_i = k]). Of multi-label scores the mean over labels. Empty: NaN. Mergeable.
struct classwise_ece {
  static constexpr metric_info info{
      .name = "classwise_ece",
      .formula =
          "(1/K) Σ_k Σ_b (n_kb/N) |acc_kb − conf_kb| of the pairs (p_ik, [y_i = k]); of "
          "multi-label scores the macro average",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Nixon et al. 2019 (arXiv 1904.01685), SCE; Kull et al. 2019",
      .python =
          "torch-uncertainty `ClasswiseCalibrationError`, robustness_metrics "
          "`StaticCalibrationError`, verified_calibration `get_ece(mode='marginal')` (p = 1)",
  };
  [[nodiscard]] double of(const class_tables& tables) const { return tables.mean(calibra::ece); }
};

}  // namespace metrics

inline constexpr metric<metrics::classwise_ece> classwise_ece{};

/// The summands of classwise_ece: ece of each class.
[[nodiscard]] inline std::vector<double> ece_per_class(const class_tables& tables) {
  std::vector<double> result(tables.size());
  for (std::size_t k = 0; k < result.size(); ++k) result[k] = ece(tables[k]);
  return result;
}
[[nodiscard]] inline std::vector<double> ece_per_class(const classwise_table& tables) {
  return ece_per_class(class_tables(tables));
}

}  // namespace calibra
