// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <utility>

#include "calibra/table/summary.hpp"

namespace calibra {

/// Weighted share of hits of a table, samples in no bin included. Range: [0, 1]. Empty: NaN.
/// Mergeable: through the table. Cost: O(B).
inline double accuracy(const reliability_table& table) {
  const double total = table.total_weight();
  return total > 0 ? table.total_hits() / total : std::numeric_limits<double>::quiet_NaN();
}

/// Weighted mean confidence of a table, samples in no bin included. Range: [0, 1]. Empty: NaN.
/// Mergeable: through the table. Cost: O(B).
inline double mean_confidence(const reliability_table& table) {
  const double total = table.total_weight();
  return total > 0 ? table.total_confidence() / total : std::numeric_limits<double>::quiet_NaN();
}

/// Share of samples whose predicted class is the label; the first of equal classes is predicted.
/// Shapes: scores N x K + labels N. Range: [0, 1]. Empty: NaN. Mergeable: through summary.
/// Cost: O(N K). Errors as collect().
template<wrapped_scores S, class L>
double accuracy(const S& scores, L&& labels, const options& o = {}) {
  return summarise(scores, std::forward<L>(labels), o).accuracy();
}

/// Mean confidence, as mean_confidence(table) without keeping the table.
template<wrapped_scores S, class L>
double mean_confidence(const S& scores, L&& labels, const options& o = {}) {
  return summarise(scores, std::forward<L>(labels), o).confidence();
}

}  // namespace calibra
