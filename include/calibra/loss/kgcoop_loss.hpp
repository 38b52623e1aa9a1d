// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/array/access.hpp"
#include "calibra/detail/cosine_distance.hpp"

namespace calibra {

/// The knowledge-guided loss of KgCoOp: one minus the mean cosine similarity of the tuned and the
/// frozen zero-shot text features of the classes that are trained on. `dor_loss` is the same
/// function of features of outliers.
///
/// Formula: L = 1 - (1/K) sum_k cos(w_k, z_k), each norm at least 1e-8. The paper's mean squared
///   distance of features of norm 1 is 2 L. Its weight beside the cross-entropy is 8 in the paper.
/// Shapes: two K x D arrays of one shape: a row a class. Range: [0, 2] up to rounding.
/// Empty, cost, errors: as dor_loss.
/// Ref: Yao, Zhang, Xu, "Visual-Language Prompt Tuning with Knowledge-guided Context Optimization",
///   CVPR 2023.
template<score_matrix Tuned, score_matrix ZeroShot>
[[nodiscard]] double kgcoop_loss(const Tuned& tuned, const ZeroShot& zero_shot) {
  return detail::cosine_distance("kgcoop_loss()", tuned, zero_shot);
}

/// The same, and its gradient by `tuned`, as dor_loss writes it.
template<score_matrix Tuned, score_matrix ZeroShot, readable_array Gradient>
double kgcoop_loss(const Tuned& tuned, const ZeroShot& zero_shot, Gradient&& gradient) {
  return detail::cosine_distance("kgcoop_loss()", tuned, zero_shot, gradient);
}

}  // namespace calibra
