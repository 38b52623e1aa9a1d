// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/evaluate/convention.hpp"

namespace calibra::conventions {

/// calibra's own default, after Guo et al. 2017.
inline constexpr convention calibra{
    .name = "calibra",
    .implementation = "calibra's own default, after Guo et al. 2017",
    .settings = {{"edges", "k/B, correctly rounded"},
                 {"bin of a confidence", "by comparison with the edges"},
                 {"a bin holds", "(lo, hi]"},
                 {"confidence 0", "in the first bin"},
                 {"confidence 1", "in the last bin"},
                 {"equal-mass bins",
                  "cut half way between the neighbouring samples; ties stay together"},
                 {"mce", "largest gap of a bin"},
                 {"ace", "ece of the top label on equal-mass bins"},
                 {"squares over classes", "mean of the roots"},
                 {"debiased_l2", "a bin of one sample adds nothing"},
                 {"nll", "log of the label's probability; infinite where that is 0"},
                 {"binary scores", "P(y = 1) against y"}},
};

}  // namespace calibra::conventions
