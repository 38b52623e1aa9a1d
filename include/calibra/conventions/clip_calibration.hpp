// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/brier_reliability.hpp"
#include "calibra/metrics/brier_resolution.hpp"
#include "calibra/metrics/brier_uncertainty.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/mean_gap.hpp"
#include "calibra/metrics/overconfidence.hpp"
#include "calibra/metrics/rmsce.hpp"
#include "calibra/metrics/underconfidence.hpp"
#include "calibra/metrics/weighted_mce.hpp"

namespace calibra::conventions {

namespace detail::of_clip_calibration {

inline binning bins(std::size_t count, bool) {
  return linspace_bins(count, edge_side::left_closed);
}
inline reliability_table mass_table(const sample& sorted, std::size_t bins) {
  return table_between(sorted, merged_percentile_cuts(sorted, bins), edge_side::left_closed);
}

/// The bins that means are taken over: without the confidences of exactly 1.
inline reliability_table means(const evidence_view& e) {
  if (e.bins().equal_mass()) return e.table();
  return tabulate(e.binned_pairs(),
                  reference_bins{.between = e.table().bins(), .one = one_rule::no_bin});
}
inline reliability_table both(const evidence_view& e) {
  if (e.bins().equal_mass()) return e.table();
  return shares_and_gaps(tabulate(e.binned_pairs(), e.table().bins()), means(e));
}

template<class F>
using of_both = on_table<F, &both>;
template<class F>
using of_means = on_table<F, &means>;

inline metric_list own_metrics() {
  return {of_both<metrics::ece>{},
          of_both<metrics::rmsce>{},
          of_both<metrics::mean_gap>{},
          detail::named<metrics::weighted_mce, detail::mce_info>{},
          of_means<metrics::debiased_l2>{},
          of_means<metrics::overconfidence>{},
          of_means<metrics::underconfidence>{},
          of_means<metrics::brier_reliability>{},
          of_means<metrics::brier_resolution>{},
          of_means<metrics::brier_uncertainty>{}};
}

}  // namespace detail::of_clip_calibration

/// CLIP_Calibration tools/metrics.py, the evaluator of prompt-tuning papers.
inline constexpr convention clip_calibration{
    .name = "clip_calibration",
    .implementation = "CLIP_Calibration tools/metrics.py, the evaluator of prompt-tuning papers",
    .bins = &detail::of_clip_calibration::bins,
    .mass_table = &detail::of_clip_calibration::mass_table,
    .side = edge_side::left_closed,
    .metrics = &detail::of_clip_calibration::own_metrics,
    .settings = {{"edges", "k times 1/B, as numpy.linspace makes them"},
                 {"a bin holds", "[lo, hi)"},
                 {"confidence 1", "counted in the weight of the last bin, left out of its means"},
                 {"equal-mass bins",
                  "cut at numpy.percentile, near-equal cuts merged (KBinsDiscretizer)"},
                 {"mce", "largest gap times the bin's share of the samples"}},
    .oddities = {{.reproduced = true,
                  .what = "A confidence of exactly 1 counts in the last bin's weight and not in "
                          "its means, and the mce is weighted by the bins' shares."}},
};

}  // namespace calibra::conventions
