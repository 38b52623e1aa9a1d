// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/debiased_l2.hpp"

namespace calibra::conventions {

namespace detail::of_probmetrics {

inline binning bins(std::size_t count, bool) {
  return reference_bins{.between = torch_bins(count, edge_side::left_closed, true),
                        .one = one_rule::own_bin};
}

/// Classes that are the label of no weight are removed, the row clamped to [1e-7, 1 - 1e-7] and
/// renormalised, all in float; of two classes left the second is measured. No pair where fewer than
/// two are left.
inline pair_of_row of_present_classes(const double* p, std::size_t classes, std::size_t label,
                                      const std::vector<double>& label_weight) {
  float sum = 0;
  std::size_t present = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    if (!(label_weight[k] > 0)) continue;
    sum += std::clamp(static_cast<float>(p[k]), 1e-7F, 1 - 1e-7F);
    ++present;
  }
  if (present < 2) return {};
  std::size_t best = classes, last = 0;
  float most = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    if (!(label_weight[k] > 0)) continue;
    const float q = std::clamp(static_cast<float>(p[k]), 1e-7F, 1 - 1e-7F) / sum;
    if (best == classes || q > most || present == 2) {
      best = k;
      most = q;
    }
    last = k;
  }
  if (present == 2) best = last;
  return {.kept = true, .confidence = static_cast<double>(most), .hit = best == label};
}

inline metric_list own_metrics() {
  return {metrics::debiased_l2{.lone = lone_sample::plug_in},
          metrics::classwise_debiased_l2{.lone = lone_sample::plug_in},
          detail::nll_by<detail::nll_rule::floor_log>{}};
}

}  // namespace detail::of_probmetrics

/// probmetrics.
inline constexpr convention probmetrics{
    .name = "probmetrics",
    .implementation = "probmetrics",
    .version = "1.3",
    .bins = &detail::of_probmetrics::bins,
    .mass_table = &detail::midpoint_table_with_own_one,
    .row_pair = &detail::of_probmetrics::of_present_classes,
    .side = edge_side::left_closed,
    .metrics = &detail::of_probmetrics::own_metrics,
    .settings = {{"edges", "as torch.linspace makes them, in float32"},
                 {"a bin holds", "[lo, hi)"},
                 {"confidence 1", "in one more bin of its own"},
                 {"debiased_l2", "a bin of one sample adds its squared gap"},
                 {"nll", "log probabilities of at least -87.34, then cross entropy"},
                 {"classes", "those that no label has are removed"}},
    .oddities =
        {{.reproduced = true,
          .what =
              "Classes that no label has are removed and the rows renormalised, so that the "
              "classes measured depend on the labels; if two are left, P(second) is measured."}},
};

}  // namespace calibra::conventions
