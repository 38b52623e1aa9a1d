// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/smooth_ece.hpp"
#include "calibra/table/equal_mass.hpp"

namespace calibra::conventions {

namespace detail::of_torch_uncertainty {

inline binning bins(std::size_t count, bool) {
  return reference_bins{.between = torch_bins(count, edge_side::left_closed, true),
                        .one = one_rule::own_bin};
}

/// Equal parts by rank.
inline reliability_table rank_table(const sample& x, std::size_t bins) {
  using calibra::detail::part_start;
  const std::size_t parts = std::min(bins, x.size());
  std::vector<double> cuts;
  for (std::size_t k = 1; k < parts; ++k)
    cuts.push_back(x.confidence(part_start(x.size(), parts, k)));
  reliability_table table(calibra::detail::between_cuts(cuts, edge_side::left_closed));
  for (std::size_t k = 0; k < parts; ++k)
    for (std::size_t i = part_start(x.size(), parts, k); i < part_start(x.size(), parts, k + 1);
         ++i)
      table.add_to_bin(k, x.confidence(i), x.hit(i), x.weight(i));
  return table;
}

inline metric_list own_metrics() {
  return {metrics::debiased_l2{.lone = lone_sample::plug_in},
          metrics::classwise_debiased_l2{.lone = lone_sample::plug_in},
          metrics::smooth_ece{.kernel = smooth_kernel::logit}};
}

}  // namespace detail::of_torch_uncertainty

/// torch-uncertainty.
inline constexpr convention torch_uncertainty{
    .name = "torch_uncertainty",
    .implementation = "torch-uncertainty",
    .version = "0.13",
    .bins = &detail::of_torch_uncertainty::bins,
    .mass_table = &detail::of_torch_uncertainty::rank_table,
    .side = edge_side::left_closed,
    .binary_equal_mass = binary_target::top_label,
    .metrics = &detail::of_torch_uncertainty::own_metrics,
    .settings = {{"edges", "as torch.linspace makes them, in float32"},
                 {"a bin holds", "[lo, hi)"},
                 {"confidence 1", "in one more bin of its own"},
                 {"equal-mass bins", "equal parts by rank; ties are cut by the order of the input"},
                 {"debiased_l2", "a bin of one sample adds its squared gap"},
                 {"  on equal-mass bins", "the likelier class"},
                 {"smooth_ece", "smoothed over logits, not reflected"}},
    .oddities = {{.reproduced = true,
                  .what = "Equal-mass bins cut ties by rank, so that the order of the samples "
                          "changes the result."},
                 {.reproduced = true,
                  .what = "Binary scores are P(y = 1) on equal-width bins and the likelier class "
                          "on equal-mass bins."},
                 {.reproduced = false,
                  .what = "With more bins than samples its equal-mass error is NaN."}},
};

}  // namespace calibra::conventions
