// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "calibra/conventions/convention.hpp"
#include "calibra/metrics/ece.hpp"

namespace calibra {

/// The squared L2 calibration error with the bias of the bins' accuracies taken off:
/// sum_b (n_b / N) (gap_b^2 - acc_b (1 - acc_b) / (n_b - 1)). May be negative. A bin of one sample,
/// whose variance is unknown, is left out or keeps its biased square. With weights n_b in the
/// variance is the effective count (sum w)^2 / sum w^2, so that weight 0 is no sample. Empty: NaN.
/// Mergeable: through the table. Cost: O(B). Source: Broecker 2012 (Climate Dynamics 39); Kumar,
/// Liang, Ma 2019, definition 5.1.
inline double debiased_squared_l2(const reliability_table& table,
                                  lone_sample lone = lone_sample::left_out) {
  const double total = table.total_weight();
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (!(bin.weight > 0)) continue;
    const double n = bin.weight * bin.weight / table.squared_weight(b);
    const double square = bin.gap() * bin.gap();
    if (!(n > 1)) {
      if (lone == lone_sample::plug_in) sum += bin.weight / total * square;
    } else {
      sum += bin.weight / total * (square - bin.accuracy * (1 - bin.accuracy) / (n - 1));
    }
  }
  return sum;
}

/// Debiased L2 calibration error: sqrt(max(0, debiased_squared_l2)). Range: [0, 1]. Everything else
/// as debiased_squared_l2(); errors as ece().
inline double debiased_l2(const reliability_table& table,
                          lone_sample lone = lone_sample::left_out) {
  const double squared = debiased_squared_l2(table, lone);
  return detail::is_nan(squared) ? squared : std::sqrt(std::max(0.0, squared));
}

template<wrapped_scores S, class L>
double debiased_l2(const S& scores, L&& labels, const options& o = {}) {
  return debiased_l2(tabulate(scores, std::forward<L>(labels), o));
}
template<class C, class H>
double debiased_l2(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return debiased_l2(tabulate(pairs, o));
}

}  // namespace calibra
