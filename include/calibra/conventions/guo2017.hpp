// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"

namespace calibra::conventions {

namespace detail::of_guo2017 {

inline binning bins(std::size_t count, bool) {
  return reference_bins{.between = torch_bins(count, edge_side::right_closed, true),
                        .zero = zero_rule::no_bin};
}

inline metric_list own_metrics() {
  return {detail::nll_by<detail::nll_rule::log_softmax>{}};
}

}  // namespace detail::of_guo2017

/// gpleiss/temperature_scaling, the code of Guo et al. 2017.
inline constexpr convention guo2017{
    .name = "guo2017",
    .implementation = "gpleiss/temperature_scaling, the code of Guo et al. 2017",
    .bins = &detail::of_guo2017::bins,
    .side = edge_side::right_closed,
    .metrics = &detail::of_guo2017::own_metrics,
    .settings = {{"edges", "as torch.linspace makes them, in float32"},
                 {"confidence 0", "in no bin, but counted in the total"},
                 {"nll", "cross entropy of the log probabilities"}},
    .oddities = {{.reproduced = true,
                  .what = "A confidence of 0 lies in no bin and still counts in the total."},
                 {.reproduced = false,
                  .what = "Its own temperature fit stops before it has converged."}},
};

}  // namespace calibra::conventions
