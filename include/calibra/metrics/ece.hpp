// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "calibra/table/reliability_table.hpp"
#include "calibra/table/tabulate.hpp"

namespace calibra {

namespace detail {

/// Sum over non-empty bins of (weight / total) * f(bin); NaN without any weight.
template<class F>
double weighted_bin_mean(const reliability_table& table, F f) {
  const double total = table.total_weight();
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (bin.weight > 0) sum += bin.weight / total * f(bin);
  }
  return sum;
}

}  // namespace detail

/// Expected calibration error of a filled table.
/// Formula: sum_b (n_b / N) |acc_b - conf_b|, weights in place of counts where given.
/// Shapes:  a table of B bins | scores N x K + labels N | confidences N + hits N.
/// Range:   [0, 1], a probability; 0: calibrated on these bins.
/// Edges:   those of the table; default 15 equal widths, (lower, upper].
/// Empty:   NaN for no samples; empty bins contribute nothing. NaN scores: value_error.
/// Mergeable: yes for fixed bins: merge the tables. Cost: O(B) | O(N K).
/// Throws:  as tabulate(). Max error: 1e-12 absolute against exact sums of the same bins.
/// Source:  Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017 (arXiv 1706.04599), equation 3.
inline double ece(const reliability_table& table) {
  return detail::weighted_bin_mean(table,
                                   [](const reliability_bin& b) { return std::abs(b.gap()); });
}

/// The part of ece() from bins whose confidence exceeds their accuracy; the rest is
/// underconfidence(). Formula: sum_b (n_b / N) max(0, conf_b - acc_b). Everything else as ece().
inline double overconfidence(const reliability_table& table) {
  return detail::weighted_bin_mean(
      table, [](const reliability_bin& b) { return b.gap() < 0 ? -b.gap() : 0.0; });
}

/// The part of ece() from bins whose accuracy exceeds their confidence.
/// Formula: sum_b (n_b / N) max(0, acc_b - conf_b). Everything else as ece().
inline double underconfidence(const reliability_table& table) {
  return detail::weighted_bin_mean(
      table, [](const reliability_bin& b) { return b.gap() > 0 ? b.gap() : 0.0; });
}

template<wrapped_scores S, class L>
double ece(const S& scores, L&& labels, const options& o = {}) {
  return ece(tabulate(scores, std::forward<L>(labels), o));
}
template<class C, class H>
double ece(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return ece(tabulate(pairs, o));
}

}  // namespace calibra
