// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "calibra/table/reliability_table.hpp"
#include "task.hpp"

namespace coop {

/// What a run reports of one split.
enum class measure { accuracy, confidence, ece, ace, mce, piece, feature_divergence };
inline constexpr std::size_t measure_count = 7;
inline constexpr std::array<std::string_view, measure_count> measure_names = {
    "accuracy", "confidence", "ece", "ace", "mce", "piece", "feature_divergence"};

using measures = std::array<double, measure_count>;

inline double get(const measures& values, measure which) {
  return values[static_cast<std::size_t>(which)];
}

struct judged {
  measures values{};
  calibra::reliability_table table;  ///< the 15 bins that the ECE is of
};

/// Neighbours of a picture that its proximity is of.
inline constexpr std::int64_t proximity_neighbours = 10;

/// exp(-mean distance to the 10 nearest other pictures), float64 [N] on the CPU: the proximity of
/// Xiong et al. 2023 among the pictures of `features` [N, D] themselves. Fewer pictures: to all
/// others; a single one: 1. Cost: O(N^2 D), 500 rows at a time.
at::Tensor proximities(const at::Tensor& features);

/// Judges logits [N, C] of pictures with these features and proximities, for classes with these
/// text features [C, D].
judged judge(const at::Tensor& logits, const feature_set& pictures, const at::Tensor& proximity,
             const at::Tensor& classes);

}  // namespace coop
