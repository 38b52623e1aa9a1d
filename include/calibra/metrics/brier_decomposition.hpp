// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/over_bins.hpp"

namespace calibra {

/// The top-label Brier score in Murphy's parts.
struct brier_parts {
  double reliability = 0;  ///< sum_b (n_b/N) (conf_b - acc_b)^2: calibration, smaller is better
  double resolution = 0;   ///< sum_b (n_b/N) (acc_b - acc)^2: how far the bins tell samples apart
  double uncertainty = 0;  ///< acc (1 - acc): of the data, not of the classifier

  /// reliability - resolution + uncertainty: the Brier score of the bins' mean confidences. It is
  /// brier_top less the variance of confidences within bins plus twice their covariance with hits.
  [[nodiscard]] double total() const noexcept { return reliability - resolution + uncertainty; }
};

/// Murphy's decomposition of the top-label Brier score over a table's bins. Each part in [0, 1];
/// NaN for no samples. Mergeable: through the table. Cost: O(B). Source: Murphy 1973 (J. Applied
/// Meteorology 12).
[[nodiscard]] inline brier_parts brier_decomposition(const reliability_table& table) {
  const double acc = accuracy(table);
  return {
      .reliability =
          weighted_bin_mean(table, [](const reliability_bin& b) { return b.gap() * b.gap(); }),
      .resolution = weighted_bin_mean(
          table, [&](const reliability_bin& b) { return (b.accuracy - acc) * (b.accuracy - acc); }),
      .uncertainty = acc * (1 - acc)};
}

}  // namespace calibra
