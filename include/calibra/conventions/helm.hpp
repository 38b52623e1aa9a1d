// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/evaluate/convention.hpp"

namespace calibra::conventions {

/// stanford-crfm/helm compute_calibration_metrics on verified_calibration.
inline constexpr convention helm{
    .name = "helm",
    .implementation = "stanford-crfm/helm compute_calibration_metrics on verified_calibration",
    .version = "0.5.16",
    .side = edge_side::right_closed,
    .settings = {{"bins", "its ece_10_bin is ace with 10 bins, its ece_1_bin is ece with 1 bin"}},
    .oddities = {{.reproduced = false,
                  .what = "A tie of a right and a wrong answer for the largest score is a miss "
                          "there; give its hits as confidences."},
                 {.reproduced = false,
                  .what =
                      "platt_ece is measured on the rows that it was fitted on; it is not made."}},
};

}  // namespace calibra::conventions
