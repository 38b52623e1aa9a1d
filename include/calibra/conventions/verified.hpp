// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/classwise_rmsce.hpp"

namespace calibra::conventions {

namespace detail::of_verified {

inline binning bins(std::size_t count, bool) {
  return binning::equal_width(count, edge_side::right_closed);
}

inline metric_list own_metrics() {
  return {metrics::classwise_rmsce{.reduction = class_reduction::root_of_mean},
          metrics::classwise_debiased_l2{.reduction = class_reduction::root_of_mean}};
}

}  // namespace detail::of_verified

/// verified_calibration (uncertainty-calibration), Kumar et al. 2019.
inline constexpr convention verified{
    .name = "verified",
    .implementation = "verified_calibration (uncertainty-calibration), Kumar et al. 2019",
    .version = "0.1.4",
    .bins = &detail::of_verified::bins,
    .side = edge_side::right_closed,
    .metrics = &detail::of_verified::own_metrics,
    .settings = {{"squares over classes", "root of the mean of the squares"}},
    .oddities = {{.reproduced = true,
                  .what = "Ties that span several equal-mass bins make these collapse into one."}},
};

}  // namespace calibra::conventions
