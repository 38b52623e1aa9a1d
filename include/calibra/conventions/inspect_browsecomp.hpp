// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/evaluate/convention.hpp"

namespace calibra::conventions {

namespace detail::of_inspect_browsecomp {

inline binning bins(std::size_t count, bool) {
  return reference_bins{.between = linspace_bins(count, edge_side::right_closed),
                        .zero = zero_rule::no_bin};
}

}  // namespace detail::of_inspect_browsecomp

/// UKGovernmentBEIS/inspect_evals browse_comp calibration_error.
inline constexpr convention inspect_browsecomp{
    .name = "inspect_browsecomp",
    .implementation = "UKGovernmentBEIS/inspect_evals browse_comp calibration_error",
    .version = "up to 0.24.0",
    .bins = &detail::of_inspect_browsecomp::bins,
    .side = edge_side::right_closed,
    .settings = {{"edges", "k times 1/B, as numpy.linspace makes them"},
                 {"confidence 0", "in no bin, but counted in the total"}},
    .oddities = {{.reproduced = true,
                  .what = "A confidence of 0 lies in no bin and still counts in the total; "
                          "releases from 0.25.0 on put it in the first bin."},
                 {.reproduced = false, .what = "No samples are 0 there, NaN here."}},
};

}  // namespace calibra::conventions
