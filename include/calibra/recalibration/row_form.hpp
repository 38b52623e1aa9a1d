// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

namespace calibra {

/// In which form a recalibrator reads a row of scores, and makes one. Binary scores are rows of one
/// number: a logit, or P(y = 1).
enum class row_form {
  logits,         ///< z as given, -inf as 700 below the row's largest; of probabilities log p,
                  ///< of binary ones log(p / (1 - p))
  probabilities,  ///< softmax(z), sigmoid(x); p
};

namespace detail {

/// Logarithms of probabilities are clipped at that of the least normal float.
inline constexpr double least_probability = 0x1p-126;
inline constexpr double least_log_probability = -87.336544750553108;
/// How far below the largest logit of its row a masked class (-inf) is taken to lie.
inline constexpr double masked_depth = 700;

}  // namespace detail
}  // namespace calibra
