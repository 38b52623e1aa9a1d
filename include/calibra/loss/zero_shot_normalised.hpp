// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/gradient_view.hpp"
#include "calibra/loss/detail/feature_loss.hpp"
#include "calibra/loss/detail/logit_pair.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// Zero-shot normalisation (ZS-Norm): each row of logits mapped by a line to the range of the
/// zero-shot logits of the same sample. Used in training, before cross-entropy, or at inference.
///
/// Formula: z'_ik = (z_ik - min_j z_ij)/(max_j z_ij - min_j z_ij) (max_j s_ij - min_j s_ij)
///   + min_j s_ij, s the zero-shot logits. The order of the classes in a row stays.
/// Scores: logits(z) and logits(s), N x K, of any real type. Gives N x K in double.
/// Edges: a row of equal logits (K = 1 too) becomes min_j s_ij in every class. With K = 2 the
///   confidence is that of the zero-shot logits, whatever z.
/// Empty: N = 0 gives no row. Cost: O(N K). Mergeable: row by row.
/// Throws: shape_error for K = 0 and two shapes; value_error with the row and the column for a
///   logit that is not finite.
/// Source: Murugesan, Silva-Rodriguez, Ben Ayed, Dolz, "Robust Calibration of Large Vision-Language
///   Adapters", ECCV 2024 (arXiv 2407.13588), ZS-Norm; rows of equal logits are calibra's choice.
template<class Scores, class ZeroShot>
[[nodiscard]] matrix<double> zero_shot_normalised(const Scores& scores, const ZeroShot& zero_shot) {
  matrix<double> rows;
  if constexpr (detail::usable_logit_pair<Scores, ZeroShot, false>()) {
    constexpr std::string_view where = "zero_shot_normalised()";
    detail::check_logit_pair(where, "logits", scores.view(), "zero-shot logits", zero_shot.view());
    rows = detail::logit_rows<score_kind::logits>(where, "logits", scores.view());
    const auto s =
        detail::logit_rows<score_kind::logits>(where, "zero-shot logits", zero_shot.view());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const detail::row_range own(rows, i), wanted(s, i);
      const double low = rows(i, own.low), range = rows(i, own.high) - low;
      const double low_0 = s(i, wanted.low), range_0 = s(i, wanted.high) - low_0;
      for (std::size_t k = 0; k < rows.cols(); ++k)
        rows(i, k) = low_0 + (range > 0 ? (rows(i, k) - low) / range * range_0 : 0);
    }
  }
  return rows;
}

/// Takes the gradient of a loss by z' back to one by z, written to `gradient`: a mutable N x K
/// array of float or double, which may be that of the logits or of `slopes`.
///
/// Formula: with g = dL/dz', r and r_0 the ranges of z and s in a row, and p_k = (z_k - min z)/r:
///   dL/dz_k = (r_0/r)(g_k - [k is the least](sum_j g_j (1 - p_j)) - [k is the largest](sum_j g_j
///   p_j)). The least and the largest are the first of equal ones. 0 for a row of equal logits.
/// Throws: as zero_shot_normalised, and shape_error for slopes or a gradient of another shape,
///   before an element of `gradient` is written.
template<class Scores, class ZeroShot, score_matrix Slopes, readable_array Gradient>
void zero_shot_normalised_gradient(const Scores& scores, const ZeroShot& zero_shot,
                                   const Slopes& slopes, Gradient&& gradient) {
  if constexpr (detail::usable_logit_pair<Scores, ZeroShot, false>()) {
    constexpr std::string_view where = "zero_shot_normalised_gradient()";
    const auto held = detail::hold<detail::as_matrix>(slopes);
    const auto out = detail::gradient_view(gradient);
    const auto z = scores.view();
    detail::check_logit_pair(where, "gradients", out, "logits", z);
    detail::check_logit_pair(where, "slopes", held.view(), "logits", z);
    detail::check_logit_pair(where, "logits", z, "zero-shot logits", zero_shot.view());
    const auto rows = detail::logit_rows<score_kind::logits>(where, "logits", z);
    const auto s =
        detail::logit_rows<score_kind::logits>(where, "zero-shot logits", zero_shot.view());
    matrix<double> sums(rows.rows(), rows.cols());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const detail::row_range own(rows, i), wanted(s, i);
      const double low = rows(i, own.low), range = rows(i, own.high) - low;
      if (!(range > 0)) continue;
      const double scale = (s(i, wanted.high) - s(i, wanted.low)) / range;
      for (std::size_t k = 0; k < rows.cols(); ++k) {
        const double slope = scale * detail::feature(held.view(), i, k);
        const double place = (rows(i, k) - low) / range;
        sums(i, k) += slope;
        sums(i, own.low) -= slope * (1 - place);
        sums(i, own.high) -= slope * place;
      }
    }
    detail::write_gradient(sums, out);
  }
}

}  // namespace calibra
