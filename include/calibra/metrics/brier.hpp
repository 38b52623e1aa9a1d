// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <utility>

#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/table/summary.hpp"

namespace calibra {

/// Brier score summed over classes: (1/N) sum_i sum_k (p_ik - [y_i = k])^2.
/// Shapes: scores N x K + labels N; a binary score counts as two classes, which doubles (p - y)^2.
/// Range: [0, 2]. Empty: NaN. Weights: yes. Mergeable: through summary. Cost: one pass, O(N K).
/// Errors as collect(). Source: Brier 1950.
template<wrapped_scores S, class L>
double brier(const S& scores, L&& labels, const options& o = {}) {
  return summarise(scores, std::forward<L>(labels), o).brier();
}

/// Brier score of the top label alone: (1/N) sum_i (confidence_i - hit_i)^2. Range: [0, 1].
/// Everything else as brier().
template<wrapped_scores S, class L>
double brier_top(const S& scores, L&& labels, const options& o = {}) {
  return summarise(scores, std::forward<L>(labels), o).brier_top();
}

/// The top-label Brier score in Murphy's parts.
struct brier_parts {
  double reliability;  ///< sum_b (n_b/N) (conf_b - acc_b)^2: calibration, smaller is better
  double resolution;   ///< sum_b (n_b/N) (acc_b - acc)^2: how far the bins tell samples apart
  double uncertainty;  ///< acc (1 - acc): of the data, not of the classifier

  /// reliability - resolution + uncertainty: the Brier score of the bins' mean confidences. It is
  /// brier_top() less the variance of confidences within bins plus twice their covariance with
  /// hits.
  double total() const { return reliability - resolution + uncertainty; }
};

/// Murphy's decomposition of the top-label Brier score over a table's bins. Each part in [0, 1];
/// NaN for no samples. Mergeable: through the table. Cost: O(B). Source: Murphy 1973 (J. Applied
/// Meteorology 12).
inline brier_parts brier_decomposition(const reliability_table& table) {
  const double acc = accuracy(table);
  return {
      detail::weighted_bin_mean(table, [](const reliability_bin& b) { return b.gap() * b.gap(); }),
      detail::weighted_bin_mean(
          table, [&](const reliability_bin& b) { return (b.accuracy - acc) * (b.accuracy - acc); }),
      acc * (1 - acc)};
}

template<wrapped_scores S, class L>
brier_parts brier_decomposition(const S& scores, L&& labels, const options& o = {}) {
  return brier_decomposition(tabulate(scores, std::forward<L>(labels), o));
}

}  // namespace calibra
