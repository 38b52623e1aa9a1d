// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <utility>

#include "calibra/metrics/ece.hpp"

namespace calibra {

/// Root mean squared calibration error, the L2 form of ece(): sqrt(sum_b (n_b / N) gap_b^2).
/// Range: [0, 1]; ece <= rmsce <= mce on the same bins. Empty: NaN. Mergeable: through the table.
/// Cost: O(B) | O(N K). Shapes, edges, weights and errors as ece().
/// Source: Nguyen and O'Connor 2015; Kumar, Liang, Ma 2019 (arXiv 1909.10155), the plug-in
/// estimate.
inline double rmsce(const reliability_table& table) {
  return std::sqrt(
      detail::weighted_bin_mean(table, [](const reliability_bin& b) { return b.gap() * b.gap(); }));
}

template<wrapped_scores S, class L>
double rmsce(const S& scores, L&& labels, const options& o = {}) {
  return rmsce(tabulate(scores, std::forward<L>(labels), o));
}
template<class C, class H>
double rmsce(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return rmsce(tabulate(pairs, o));
}

}  // namespace calibra
