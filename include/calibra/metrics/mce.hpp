// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "calibra/metrics/ece.hpp"

namespace calibra {

namespace detail {

template<class F>
double bin_maximum(const reliability_table& table, F f) {
  const double total = table.total_weight();
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double most = 0;
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (bin.weight > 0) most = std::max(most, f(bin, bin.weight / total));
  }
  return most;
}

}  // namespace detail

/// Maximum calibration error: the largest gap of a non-empty bin, max_b |acc_b - conf_b|.
/// Range: [0, 1]. Empty: NaN. Mergeable: through the table. Cost: O(B) | O(N K). Weights count
/// within the bins. A bin with few samples decides it easily: look at the counts. Errors as ece().
/// Source: Naeini et al. 2015; Guo et al. 2017, equation 5.
inline double mce(const reliability_table& table) {
  return detail::bin_maximum(table,
                             [](const reliability_bin& b, double) { return std::abs(b.gap()); });
}

/// The largest summand of ece(): max_b (n_b / N) |acc_b - conf_b|. Some papers, among them those
/// that used the CLIP_Calibration evaluator, publish this number under the name MCE; it is never
/// larger than ece(). Everything else as mce(). Source: CLIP_Calibration tools/metrics.py, MCE.
inline double weighted_mce(const reliability_table& table) {
  return detail::bin_maximum(
      table, [](const reliability_bin& b, double share) { return share * std::abs(b.gap()); });
}

template<wrapped_scores S, class L>
double mce(const S& scores, L&& labels, const options& o = {}) {
  return mce(tabulate(scores, std::forward<L>(labels), o));
}
template<class C, class H>
double mce(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return mce(tabulate(pairs, o));
}
template<wrapped_scores S, class L>
double weighted_mce(const S& scores, L&& labels, const options& o = {}) {
  return weighted_mce(tabulate(scores, std::forward<L>(labels), o));
}
template<class C, class H>
double weighted_mce(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return weighted_mce(tabulate(pairs, o));
}

}  // namespace calibra
