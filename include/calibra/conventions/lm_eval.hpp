// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/evaluate/convention.hpp"

namespace calibra::conventions {

/// EleutherAI/lm-evaluation-harness pull request 3913, by its description.
inline constexpr convention lm_eval{
    .name = "lm_eval",
    .implementation = "EleutherAI/lm-evaluation-harness pull request 3913, by its description",
    .version = "open in 2026-07",
    .side = edge_side::right_closed,
    .oddities =
        {{.reproduced = false,
          .what = "Its description leaves open which side of a bin is closed; (lo, hi] is taken."}},
};

}  // namespace calibra::conventions
