// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/classwise_ace.hpp"
#include "calibra/metrics/sweep_ece.hpp"

namespace calibra::conventions {

namespace detail::of_robustness_metrics {

inline binning bins(std::size_t count, bool) {
  return reference_bins{.between = linspace_bins(count, edge_side::left_closed),
                        .zero = zero_rule::removed,
                        .one = one_rule::own_bin};
}
inline reliability_table mass_table(const sample& sorted, std::size_t bins) {
  return table_between(sorted, order_statistic_cuts(sorted, bins), edge_side::left_closed,
                       one_rule::own_bin);
}

/// Equal-mass errors of classes over p > 0 alone.
struct positive_classwise_ace : metrics::classwise_ace {
  static constexpr metric_info info = metrics::classwise_ace::info;
  [[nodiscard]] class_cut cut() const { return {.threshold = 0, .keep_equal = false}; }
  friend bool operator==(const positive_classwise_ace&, const positive_classwise_ace&) {
    return true;
  }
};

inline metric_list own_metrics() {
  return {positive_classwise_ace{}, detail::named<positive_classwise_ace, detail::ace_info>{},
          metrics::sweep_ece{.own_bin_for_largest = true}};
}

}  // namespace detail::of_robustness_metrics

/// google-research/robustness_metrics GeneralCalibrationError.
inline constexpr convention robustness_metrics{
    .name = "robustness_metrics",
    .implementation = "google-research/robustness_metrics GeneralCalibrationError",
    .bins = &detail::of_robustness_metrics::bins,
    .mass_table = &detail::of_robustness_metrics::mass_table,
    .positive_probabilities_only = true,
    .side = edge_side::left_closed,
    .binary = binary_target::top_label,
    .binary_equal_mass = binary_target::top_label,
    .metrics = &detail::of_robustness_metrics::own_metrics,
    .settings = {{"edges", "k times 1/B, as numpy.linspace makes them"},
                 {"a bin holds", "[lo, hi)"},
                 {"confidence 0", "left out altogether"},
                 {"confidence 1", "in one more bin of its own"},
                 {"equal-mass bins", "cut at the sample of rank round(k N / B)"},
                 {"ace", "mean over classes of the error on equal-mass bins"},
                 {"binary scores", "the likelier class"},
                 {"sweep_ece", "the largest confidence has a bin of its own"},
                 {"errors of a class", "over p > 0 alone"}},
    .oddities = {{.reproduced = true,
                  .what = "A confidence of 0 is left out; class errors look at p > 0 alone."}},
};

}  // namespace calibra::conventions
