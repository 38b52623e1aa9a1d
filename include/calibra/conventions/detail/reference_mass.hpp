// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/table/equal_mass.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"

// Equal-mass cuts of sorted samples as reference implementations make them. With x the sorted
// confidences, N their number and B the bins.
namespace calibra::conventions::detail {

/// x at a fractional position, interpolated linearly (exact at whole positions).
inline double interpolated_at(const sample& x, double position) {
  const auto low = static_cast<std::size_t>(position);
  if (low + 1 >= x.size()) return x.confidence(x.size() - 1);
  const double a = x.confidence(low);
  const double b = x.confidence(low + 1);
  const double t = position - static_cast<double>(low);
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

/// Linearly interpolated quantiles k/B (numpy.quantile of numpy.linspace(0, 1)). Equal ones leave
/// bins empty.
inline std::vector<double> quantile_cuts(const sample& x, std::size_t bins) {
  std::vector<double> cuts;
  const auto last = static_cast<double>(x.size()) - 1;
  for (std::size_t k = 1; k < bins; ++k)
    cuts.push_back(
        interpolated_at(x, static_cast<double>(k) * (1 / static_cast<double>(bins)) * last));
  return cuts;
}

/// The same by numpy.percentile of 100 numpy.linspace(0, 1): an ulp apart where a quantile falls on
/// a sample.
inline std::vector<double> percentile_cuts(const sample& x, std::size_t bins) {
  std::vector<double> cuts;
  const auto last = static_cast<double>(x.size()) - 1;
  for (std::size_t k = 1; k < bins; ++k)
    cuts.push_back(interpolated_at(
        x, static_cast<double>(k) * (1 / static_cast<double>(bins)) * 100 / 100 * last));
  return cuts;
}

/// By numpy.percentile of numpy.linspace(0, 100); a cut within 1e-8 of the one before is dropped
/// (scikit-learn's KBinsDiscretizer).
inline std::vector<double> merged_percentile_cuts(const sample& x, std::size_t bins) {
  std::vector<double> cuts;
  double before = x.confidence(0);
  for (std::size_t k = 1; k <= bins; ++k) {
    const double q =
        k == bins ? 1.0 : static_cast<double>(k) * (100 / static_cast<double>(bins)) / 100;
    const double cut = interpolated_at(x, q * (static_cast<double>(x.size()) - 1));
    if (cut - before > 1e-8) cuts.push_back(cut);
    before = cut;
  }
  if (!cuts.empty()) cuts.pop_back();  // the last one closes the last bin
  return cuts;
}

/// x[round(k N / B)], halves to even.
inline std::vector<double> order_statistic_cuts(const sample& x, std::size_t bins) {
  std::vector<double> cuts;
  const double step = static_cast<double>(x.size()) / static_cast<double>(bins);
  for (std::size_t k = 1; k < bins; ++k) {
    const double at = std::nearbyint(static_cast<double>(k) * step);
    cuts.push_back(x.confidence(std::min(static_cast<std::size_t>(at), x.size() - 1)));
  }
  return cuts;
}

/// Interpolated at position k N / B, at most N - 1.
inline std::vector<double> position_cuts(const sample& x, std::size_t bins) {
  std::vector<double> cuts;
  const auto size = static_cast<double>(x.size());
  for (std::size_t k = 1; k < bins; ++k)
    cuts.push_back(interpolated_at(
        x, std::min(static_cast<double>(k) * (size / static_cast<double>(bins)), size - 1)));
  return cuts;
}

/// The table between cuts; `one`: where confidence 1 goes.
inline reliability_table table_between(const sample& x, const std::vector<double>& cuts,
                                       edge_side side, one_rule one = one_rule::last_bin) {
  const binning bins = calibra::detail::between_cuts(cuts, side);
  if (one == one_rule::last_bin) return tabulate(x, bins);
  return tabulate(x, reference_bins{.between = bins, .one = one});
}

/// Bins of calibra's own cuts, [a, b), with confidence 1 in a bin of its own.
inline reliability_table midpoint_table_with_own_one(const sample& x, std::size_t bins) {
  return table_between(x, calibra::detail::midpoint_cuts(x, bins), edge_side::left_closed,
                       one_rule::own_bin);
}

}  // namespace calibra::conventions::detail
