// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "calibra/metrics/ece.hpp"

namespace calibra {

/// Unweighted mean gap over the non-empty bins: (1 / B+) sum_b |acc_b - conf_b|. netcal and the
/// functions of focal_calibration call it ACE. Range: [0, 1]. Empty: NaN. Mergeable: through the
/// table. Cost: O(B) | O(N K). A bin counts alike however few samples it has. Errors as ece().
/// Source: Neumann, Zisserman, Vedaldi 2018; netcal metrics.ACE.
inline double mean_gap(const reliability_table& table) {
  double sum = 0;
  std::size_t bins = 0;
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (!(bin.weight > 0)) continue;
    sum += std::abs(bin.gap());
    ++bins;
  }
  return bins == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(bins);
}

template<wrapped_scores S, class L>
double mean_gap(const S& scores, L&& labels, const options& o = {}) {
  return mean_gap(tabulate(scores, std::forward<L>(labels), o));
}
template<class C, class H>
double mean_gap(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return mean_gap(tabulate(pairs, o));
}

}  // namespace calibra
