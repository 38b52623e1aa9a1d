// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/brier_reliability.hpp"
#include "calibra/metrics/brier_resolution.hpp"
#include "calibra/metrics/brier_uncertainty.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/mean_gap.hpp"
#include "calibra/metrics/mmce.hpp"
#include "calibra/metrics/overconfidence.hpp"
#include "calibra/metrics/rmsce.hpp"
#include "calibra/metrics/underconfidence.hpp"
#include "calibra/metrics/weighted_mce.hpp"

namespace calibra::conventions {

namespace detail::of_netcal {

inline binning bins(std::size_t count, bool) {
  return linspace_bins(count, edge_side::left_closed);
}
inline reliability_table mass_table(const sample& sorted, std::size_t bins) {
  return table_between(sorted, quantile_cuts(sorted, bins), edge_side::left_closed);
}

/// Confidences clipped to [eps, 1 - eps] of their scalar.
inline sample clipped(const sample& pairs) {
  const double eps = pairs.precision() == precision::float32
                         ? static_cast<double>(std::numeric_limits<float>::epsilon())
                         : std::numeric_limits<double>::epsilon();
  sample out(pairs.precision());
  out.reserve(pairs.size(), pairs.weighted());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double c = std::clamp(pairs.confidence(i), eps, 1 - eps);
    out.push_back(c, pairs.hit(i), pairs.weight_if_any(i));
  }
  return out;
}

/// The bins that means are taken over: for float scores their edges are rounded to float.
inline reliability_table means(const evidence_view& e) {
  const sample& pairs = e.binned_pairs();
  if (pairs.precision() == precision::float64 || pairs.empty()) return e.table();
  std::vector<double> edges = e.table().bins().edges();
  for (double& x : edges) x = static_cast<double>(static_cast<float>(x));
  return tabulate(pairs, binning::from_edges(std::move(edges), edge_side::left_closed));
}
inline reliability_table both(const evidence_view& e) {
  return shares_and_gaps(e.table(), means(e));
}

/// mmce of binary scores compares p with "the prediction is right" instead of with y.
struct mmce_of_prediction : metrics::mmce {
  static constexpr metric_info info = metrics::mmce::info;
  [[nodiscard]] evidence_needs needs() const { return {.pairs = true}; }
  [[nodiscard]] double of(const evidence_view& e) const {
    const sample& x = e.pairs();
    if (e.kind() == evidence_kind::classes) return metrics::mmce::of(x);
    sample right(x.precision());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double p = x.confidence(i);
      right.push_back(p, (p > 0.5) == x.hit(i), x.weight_if_any(i));
    }
    return metrics::mmce::of(right);
  }
  friend bool operator==(const mmce_of_prediction&, const mmce_of_prediction&) { return true; }
};

template<class F>
using of_both = on_table<F, &both>;
template<class F>
using of_means = on_table<F, &means>;

inline metric_list own_metrics() {
  return {of_both<metrics::ece>{},
          of_both<metrics::rmsce>{},
          of_both<metrics::mce>{},
          of_both<metrics::weighted_mce>{},
          of_both<metrics::mean_gap>{},
          detail::named<of_both<metrics::mean_gap>, detail::ace_info>{},
          of_means<metrics::debiased_l2>{},
          of_means<metrics::overconfidence>{},
          of_means<metrics::underconfidence>{},
          of_means<metrics::brier_reliability>{},
          of_means<metrics::brier_resolution>{},
          of_means<metrics::brier_uncertainty>{},
          mmce_of_prediction{}};
}

}  // namespace detail::of_netcal

/// netcal metrics ECE, ACE, MCE, MMCE.
inline constexpr convention netcal{
    .name = "netcal",
    .implementation = "netcal metrics ECE, ACE, MCE, MMCE",
    .version = "1.4",
    .bins = &detail::of_netcal::bins,
    .mass_table = &detail::of_netcal::mass_table,
    .prepare = &detail::of_netcal::clipped,
    .side = edge_side::left_closed,
    .metrics = &detail::of_netcal::own_metrics,
    .settings = {{"edges", "k times 1/B, as numpy.linspace makes them"},
                 {"a bin holds", "[lo, hi)"},
                 {"equal-mass bins", "cut at numpy.quantile"},
                 {"ace", "unweighted mean gap of the bins that are not empty"},
                 {"confidences", "clipped to [eps, 1 - eps] of their scalar"},
                 {"mmce", "of binary scores: p against the prediction being right, not against y"}},
    .oddities = {{.reproduced = true,
                  .what = "For float32 scores, counts are taken between double edges and means "
                          "between float edges."},
                 {.reproduced = false,
                  .what = "Rows with NaN are dropped in silence; here they are an error."}},
};

}  // namespace calibra::conventions
