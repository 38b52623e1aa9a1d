// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "calibra/version.hpp"

namespace calibra::detail {

/// What a recalibrator does to rows, as numbers, where they say it all: for tensors, whose own
/// operations follow it. x are logits, or logarithms of probabilities where it reads those.
struct row_formula {
  /// log((1 - share) softmax(beta x) + share / K).
  struct mixed_with_uniform {
    double beta, share;
  };
  /// weights[0] softmax(x / temperature) + weights[1] softmax(x) + weights[2] / K.
  struct mixture {
    double temperature;
    std::array<double, 3> weights;
  };

  std::optional<mixed_with_uniform> first = {};  ///< becomes x
  std::vector<double> slopes = {};               ///< then slopes[k] x_k + intercepts[k], or
  std::vector<double> matrix = {};               ///< W x + intercepts, W row after row, or
  std::vector<double> intercepts = {};
  std::optional<mixture> mixed = {};  ///< this
};

}  // namespace calibra::detail
