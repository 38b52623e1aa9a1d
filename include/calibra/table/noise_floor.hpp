// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "calibra/error.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra {

namespace detail {

/// Calls f(share of the bin, variance of its gap under calibration) for bins with weight.
template<class F>
void each_calibrated_bin(const reliability_table& table, F f) {
  const double total = table.total_weight();
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (!(bin.weight > 0)) continue;
    const double effective = bin.weight * bin.weight / table.squared_weight(b);
    const double c = std::clamp(bin.confidence, 0.0, 1.0);
    f(bin.weight / total, c * (1 - c) / effective);
  }
}

}  // namespace detail

/// What ece of a perfectly calibrated model of this size shows, on average: the mean absolute gaps
/// of bins whose hits are drawn with their confidence.
///
/// Formula: sum_b w_b sqrt(2 v_b / (pi n_b)), w_b the bin's share, v_b = conf_b (1 - conf_b), n_b
///   its count, with weights (sum w)^2 / sum w^2: the normal approximation. Range: [0, 0.4). No
///   samples: NaN. Cost: O(B). Mergeable through the table. Ref: E|Z| = sqrt(2 / pi).
[[nodiscard]] inline double ece_noise_floor(const reliability_table& table) {
  if (!(table.total_weight() > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  detail::each_calibrated_bin(table, [&](double share, double variance) {
    sum += share * std::sqrt(variance * 2 / std::numbers::pi);
  });
  return sum;
}

/// The same of rmsce: sqrt(sum_b w_b v_b / n_b), of which the square is exact where the confidences
/// of a bin are equal, and else a little above.
[[nodiscard]] inline double rmsce_noise_floor(const reliability_table& table) {
  if (!(table.total_weight() > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  detail::each_calibrated_bin(table,
                              [&](double share, double variance) { sum += share * variance; });
  return std::sqrt(sum);
}

/// How many samples of the same kind bring ece_noise_floor() down to `floor`. Throws option_error
/// unless floor > 0.
[[nodiscard]] inline double samples_for_floor(const reliability_table& table, double floor) {
  if (!(floor > 0))
    throw option_error(detail::concat("samples_for_floor(): expected a floor > 0, got ", floor));
  const double ratio = ece_noise_floor(table) / floor;
  return std::ceil(static_cast<double>(table.count()) * ratio * ratio);
}

}  // namespace calibra
