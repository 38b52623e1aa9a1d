// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/table/equal_mass.hpp"

namespace calibra::conventions {

namespace detail::of_tfp {

inline binning bins(std::size_t count, bool single) {
  return reference_bins{.between = binning::equal_width(count, edge_side::left_closed),
                        .find = find_rule::floor_multiply,
                        .single = single};
}

}  // namespace detail::of_tfp

/// tensorflow_probability.stats.expected_calibration_error.
inline constexpr convention tfp{
    .name = "tfp",
    .implementation = "tensorflow_probability.stats.expected_calibration_error",
    .bins = &detail::of_tfp::bins,
    .side = edge_side::left_closed,
    .settings = {{"bin of a confidence", "floor(B c), without edges"}, {"a bin holds", "[lo, hi)"}},
};

}  // namespace calibra::conventions
