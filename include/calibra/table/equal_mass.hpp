// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// Where equal-mass bins are cut. With x the sorted confidences, N their number and B the bins:
enum class mass_rule {
  /// Parts of ceil(N/B) for the first N mod B and floor(N/B) for the rest; an edge half way between
  /// neighbouring parts, equal edges merged. A tie lies in one bin whole. calibra's default.
  midpoint,
  /// Edges at the linearly interpolated quantiles k/B (numpy.quantile of numpy.linspace(0, 1)).
  /// Equal
  /// edges leave bins empty.
  quantile,
  /// The same by numpy.percentile of 100 numpy.linspace(0, 1): an ulp apart where a quantile falls
  /// on
  /// a sample.
  percentile,
  /// By numpy.percentile of numpy.linspace(0, 100); an edge within 1e-8 of the one before is
  /// dropped
  /// (scikit-learn's KBinsDiscretizer).
  percentile_merged,
  /// Edges x[round(k N / B)], halves to even.
  order_statistic,
  /// Edges interpolated at position k N / B, at most N - 1; the smallest confidence lies in no bin.
  interpolated,
  /// The parts of `midpoint` taken by rank: ties are cut, and the order of the input decides how.
  rank,
};

namespace detail {

/// First ranks of the B parts, as numpy.array_split: the first N mod B parts have one more.
inline std::size_t part_start(std::size_t n, std::size_t parts, std::size_t part) {
  return n / parts * part + std::min(part, n % parts);
}

/// x at a fractional position, interpolated linearly (exact at whole positions).
template<class C>
double interpolated_at(const sample<C>& x, double position) {
  const auto low = static_cast<std::size_t>(position);
  if (low + 1 >= x.size()) return x.confidence(x.size() - 1);
  const double a = x.confidence(low);
  const double b = x.confidence(low + 1);
  const double t = position - static_cast<double>(low);
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

/// Inner edges (those between the bins) of a sorted, non-empty sample; ascending.
template<class C>
std::vector<double> inner_cuts(const sample<C>& x, std::size_t bins, mass_rule rule) {
  std::vector<double> cuts;
  const std::size_t n = x.size();
  const auto size = static_cast<double>(n);
  const auto count = static_cast<double>(bins);
  switch (rule) {
    case mass_rule::midpoint: {
      const std::size_t parts = std::min(bins, n);
      for (std::size_t k = 1; k < parts; ++k) {
        const std::size_t first = part_start(n, parts, k);
        cuts.push_back((x.confidence(first - 1) + x.confidence(first)) / 2);
      }
      cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
      break;
    }
    case mass_rule::quantile:
      for (std::size_t k = 1; k < bins; ++k)
        cuts.push_back(interpolated_at(x, static_cast<double>(k) * (1 / count) * (size - 1)));
      break;
    case mass_rule::percentile:
      for (std::size_t k = 1; k < bins; ++k)
        cuts.push_back(
            interpolated_at(x, static_cast<double>(k) * (1 / count) * 100 / 100 * (size - 1)));
      break;
    case mass_rule::percentile_merged: {
      double last = x.confidence(0);
      for (std::size_t k = 1; k <= bins; ++k) {
        const double q = k == bins ? 1.0 : static_cast<double>(k) * (100 / count) / 100;
        const double edge = interpolated_at(x, q * (size - 1));
        if (edge - last > 1e-8) cuts.push_back(edge);
        last = edge;
      }
      if (!cuts.empty()) cuts.pop_back();  // the last edge closes the last bin
      break;
    }
    case mass_rule::order_statistic: {
      const double step = size / count;
      for (std::size_t k = 1; k < bins; ++k) {
        const double at = std::nearbyint(static_cast<double>(k) * step);
        cuts.push_back(x.confidence(std::min(static_cast<std::size_t>(at), n - 1)));
      }
      break;
    }
    case mass_rule::interpolated:
      for (std::size_t k = 1; k < bins; ++k)
        cuts.push_back(
            interpolated_at(x, std::min(static_cast<double>(k) * (size / count), size - 1)));
      break;
    case mass_rule::rank:
      break;
  }
  return cuts;
}

/// The equal-mass cuts of a sorted sample as a binning over [0, 1].
template<class C>
binning mass_binning(const sample<C>& x, std::size_t bins, mass_rule rule, edge_side side) {
  std::vector<double> edges{0.0};
  for (const double cut : inner_cuts(x, bins, rule)) edges.push_back(std::clamp(cut, 0.0, 1.0));
  edges.push_back(1.0);
  return binning::from_edges(std::move(edges), side);
}

template<class C>
reliability_table rank_table(const sample<C>& x, std::size_t bins) {
  const std::size_t parts = std::min(bins, x.size());
  std::vector<double> edges{0.0};
  for (std::size_t k = 1; k < parts; ++k)
    edges.push_back(x.confidence(part_start(x.size(), parts, k)));
  edges.push_back(1.0);
  reliability_table table(binning::from_edges(std::move(edges), edge_side::left_closed));
  for (std::size_t k = 0; k < parts; ++k)
    for (std::size_t i = part_start(x.size(), parts, k); i < part_start(x.size(), parts, k + 1);
         ++i)
      table.add_to_bin(k, x.confidence(i), x.hit(i), x.weight(i));
  return table;
}

}  // namespace detail

/// The reliability table of a sample on equal-mass bins. Bins are cut by the number of samples;
/// weights, if any, count within them. Needs the whole sample, so such tables do not merge: collect
/// the samples and cut once. Sorts a copy if the sample is not sorted: O(N) by radix; then O(N).
/// An empty sample gives a table of one empty bin. Throws option_error for 0 bins.
template<class C>
reliability_table equal_mass_table(const sample<C>& x, std::size_t bins,
                                   mass_rule rule = mass_rule::midpoint,
                                   edge_side side = edge_side::right_closed,
                                   one_rule one = one_rule::last_bin) {
  if (bins < 1) throw option_error("equal_mass_table(): expected at least 1 bin, got 0");
  if (x.empty()) return reliability_table(binning::equal_width(1, side));
  if (!x.sorted())
    return detail::with_sorted(
        x, [&](const sample<C>& y) { return equal_mass_table(y, bins, rule, side, one); });
  if (rule == mass_rule::rank) return detail::rank_table(x, bins);
  reliability_table table(detail::mass_binning(x, bins, rule, side).with_one(one));
  const double smallest = x.confidence(0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (rule == mass_rule::interpolated && x.confidence(i) <= smallest)
      table.add_outside(x.confidence(i), x.hit(i), x.weight(i));
    else
      table.add_unchecked(x.confidence(i), x.hit(i), x.weight(i));
  }
  return table;
}

}  // namespace calibra
