// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/debiased_l2.hpp"

namespace calibra::conventions {

namespace detail::of_torchmetrics {

inline binning bins(std::size_t count, bool single) {
  return reference_bins{.between = torch_bins(count, edge_side::left_closed, single),
                        .one = one_rule::own_bin};
}

inline metric_list own_metrics() {
  return {metrics::debiased_l2{.lone = lone_sample::plug_in},
          metrics::classwise_debiased_l2{.lone = lone_sample::plug_in}};
}

}  // namespace detail::of_torchmetrics

/// torchmetrics CalibrationError.
inline constexpr convention torchmetrics{
    .name = "torchmetrics",
    .implementation = "torchmetrics CalibrationError",
    .version = "1.9",
    .bins = &detail::of_torchmetrics::bins,
    .mass_table = &detail::midpoint_table_with_own_one,
    .side = edge_side::left_closed,
    .metrics = &detail::of_torchmetrics::own_metrics,
    .settings = {{"edges", "as torch.linspace makes them, in the scalar of the scores"},
                 {"a bin holds", "[lo, hi)"},
                 {"confidence 1", "in one more bin of its own"},
                 {"debiased_l2", "a bin of one sample adds its squared gap"}},
    .oddities =
        {{.reproduced = true,
          .what = "A confidence of exactly 1 lies in a bin of its own, which can raise the mce."},
         {.reproduced = false,
          .what = "Its float32 counters saturate at 2^24 samples in a bin; multi-class sums are in "
                  "float32."},
         {.reproduced = false, .what = "NaN scores pass in silence; here they are an error."}},
};

}  // namespace calibra::conventions
