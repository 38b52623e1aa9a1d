// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"

namespace calibra::conventions {

namespace detail::of_sklearn {

inline binning bins(std::size_t count, bool) {
  return linspace_bins(count, edge_side::right_closed);
}
inline reliability_table mass_table(const sample& sorted, std::size_t bins) {
  return table_between(sorted, percentile_cuts(sorted, bins), edge_side::right_closed);
}

inline metric_list own_metrics() {
  return {detail::nll_by<detail::nll_rule::clip_eps>{}};
}

}  // namespace detail::of_sklearn

/// scikit-learn calibration_curve with the bins' counts; log_loss of 1.2.
inline constexpr convention sklearn{
    .name = "sklearn",
    .implementation = "scikit-learn calibration_curve with the bins' counts; log_loss of 1.2",
    .version = "1.2",
    .bins = &detail::of_sklearn::bins,
    .mass_table = &detail::of_sklearn::mass_table,
    .side = edge_side::right_closed,
    .metrics = &detail::of_sklearn::own_metrics,
    .settings = {{"edges", "k times 1/B, as numpy.linspace makes them"},
                 {"equal-mass bins", "cut at numpy.percentile"},
                 {"nll", "probabilities clipped to [eps, 1 - eps], rows renormalised"}},
};

}  // namespace calibra::conventions
