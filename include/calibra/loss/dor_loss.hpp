// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/array/access.hpp"
#include "calibra/detail/cosine_distance.hpp"

namespace calibra {

/// The loss of Dynamic Outlier Regularization: one minus the mean cosine similarity of the tuned
/// and the frozen zero-shot features of the same outliers.
///
/// Formula: L = 1 - (1/B) sum_b cos(u_b, v_b), cos(u, v) = u.v / (max(|u|, e) max(|v|, e)),
///   e = 1e-8; u_b is row b of `tuned`, v_b row b of `zero_shot`. What a trainer minimises is
///   cross-entropy + lambda L, with lambda 8 for CoOp and 2 for other methods in the paper.
/// Shapes: two B x D arrays of one shape, of any real type; rows need not have norm 1.
///   Features of text for prompts in the text branch; features of images for prompts in the image
///   branch, with the same formula.
/// Range: [0, 2] up to rounding; 0 where every pair of rows points the same way.
/// Empty: B = 0 gives NaN. A row of zeros in `tuned` has cosine 0.
/// Cost: O(B D); sums in double. Mergeable: as means over batches are.
/// Throws: shape_error for two shapes or for D = 0; value_error with the row and the column for a
///   NaN or an infinity, with the row for a row of zeros in `zero_shot` (a frozen feature without a
///   direction) and for a norm that overflows.
/// Ref: Wang, Li, Wei, "Understanding and Mitigating Miscalibration in Prompt Tuning for
///   Vision-Language Models", ICML 2025 (arXiv 2410.02681).
template<score_matrix Tuned, score_matrix ZeroShot>
[[nodiscard]] double dor_loss(const Tuned& tuned, const ZeroShot& zero_shot) {
  return detail::cosine_distance("dor_loss()", tuned, zero_shot);
}

/// The same, and its gradient by `tuned`, written to `gradient`: a mutable B x D array of float or
/// double, which may be `tuned` itself.
///
/// Formula: dL/du_b = -(v^_b - cos(u_b, v_b) u^_b) / (B |u_b|), u^ = u/|u|, v^ = v/|v|. Where
///   |u_b| < e = 1e-8 the divisor of the cosine is the constant e, and dL/du_b = -v^_b / (B e).
/// Throws: as the form above, and shape_error for a gradient of another shape, before an element of
///   `gradient` is written.
template<score_matrix Tuned, score_matrix ZeroShot, readable_array Gradient>
double dor_loss(const Tuned& tuned, const ZeroShot& zero_shot, Gradient&& gradient) {
  return detail::cosine_distance("dor_loss()", tuned, zero_shot, gradient);
}

}  // namespace calibra
