// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/mean_gap.hpp"

namespace calibra::conventions {

namespace detail::of_focal {

inline binning bins(std::size_t count, bool) {
  return reference_bins{.between = binning::equal_width(count, edge_side::right_closed),
                        .find = find_rule::ceil_multiply};
}

/// Cut at interpolated positions; the smallest confidence lies in no bin.
inline reliability_table mass_table(const sample& sorted, std::size_t bins) {
  reliability_table table(
      calibra::detail::between_cuts(position_cuts(sorted, bins), edge_side::right_closed));
  const double smallest = sorted.confidence(0);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.confidence(i) <= smallest)
      table.add_outside(sorted.confidence(i), sorted.hit(i), sorted.weight(i));
    else
      table.add_unchecked(sorted.confidence(i), sorted.hit(i), sorted.weight(i));
  }
  return table;
}

inline metric_list own_metrics() {
  return {detail::named<metrics::mean_gap, detail::ace_info>{}};
}

}  // namespace detail::of_focal

/// torrvision/focal_calibration Metrics/metrics.py.
inline constexpr convention focal{
    .name = "focal",
    .implementation = "torrvision/focal_calibration Metrics/metrics.py",
    .bins = &detail::of_focal::bins,
    .mass_table = &detail::of_focal::mass_table,
    .side = edge_side::right_closed,
    .metrics = &detail::of_focal::own_metrics,
    .settings = {{"bin of a confidence", "ceil(B c) - 1, without edges"},
                 {"equal-mass bins",
                  "cut at the interpolated rank k N / B; the smallest sample is in no bin"},
                 {"ace", "unweighted mean gap of the bins that are not empty"}},
    .oddities = {{.reproduced = true,
                  .what = "The smallest confidence lies in no equal-mass bin."}},
};

}  // namespace calibra::conventions
