// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/smooth_ece.hpp"

namespace calibra::conventions {

namespace detail::of_relplot {

inline binning bins(std::size_t count, bool single) {
  return reference_bins{.between = binning::equal_width(count, edge_side::left_closed),
                        .one = one_rule::own_bin,
                        .find = find_rule::floor_divide,
                        .single = single};
}

inline metric_list own_metrics() {
  return {metrics::smooth_ece{.float_positions = true}};
}

}  // namespace detail::of_relplot

/// relplot (apple/ml-calibration): binnedECE, smECE.
inline constexpr convention relplot{
    .name = "relplot",
    .implementation = "relplot (apple/ml-calibration): binnedECE, smECE",
    .version = "1.0",
    .bins = &detail::of_relplot::bins,
    .mass_table = &detail::midpoint_table_with_own_one,
    .side = edge_side::left_closed,
    .metrics = &detail::of_relplot::own_metrics,
    .settings = {{"bin of a confidence", "floor(c / w) with w = 1/B rounded, without edges"},
                 {"a bin holds", "[lo, hi)"},
                 {"confidence 1", "in one more bin of its own"},
                 {"smooth_ece", "float confidences are placed on the grid in float"}},
    .oddities = {{.reproduced = true,
                  .what = "A confidence of exactly 1 lies in a bin of its own."}},
};

}  // namespace calibra::conventions
