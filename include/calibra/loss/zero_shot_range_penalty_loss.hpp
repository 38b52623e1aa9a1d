// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/gradient_view.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/logit_pair.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

struct zero_shot_range_penalty {
  static constexpr std::string_view where = "zero_shot_range_penalty_loss()";

  /// The value; its gradient by `rows` is added to *gradient unless that is null.
  static double compute(const matrix<double>& rows, const matrix<double>& zero_shot,
                        matrix<double>* gradient) {
    if (rows.rows() == 0) return std::numeric_limits<double>::quiet_NaN();
    const double n = static_cast<double>(rows.rows());
    double sum = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const row_range range(zero_shot, i);
      const double low = zero_shot(i, range.low), high = zero_shot(i, range.high);
      for (std::size_t k = 0; k < rows.cols(); ++k) {
        const double z = rows(i, k);
        if (z > high) sum += z - high;
        if (z < low) sum += low - z;
        if (gradient != nullptr) (*gradient)(i, k) = ((z > high) - (z < low)) / n;
      }
    }
    return sum / n;
  }
};

}  // namespace detail

/// Penalty on logits that leave the range which the zero-shot logits of the same sample have; a
/// regulariser beside cross-entropy.
///
/// Formula: (1/N) sum_i sum_k (max(0, z_ik - max_j s_ij) + max(0, min_j s_ij - z_ik)), s the
///   zero-shot logits: a sum over classes, a mean over samples.
/// Scores: logits(z), N x K, or binary_logits(x), N, a row (0, x); of any real type, and
///   `zero_shot` of the same kind and shape. Range: >= 0; 0 where every logit is in its row's
///   range.
/// Gradient: slope 0 on the ends of the range; none by the zero-shot logits.
/// Empty: N = 0 gives NaN. Cost: O(N K) time and memory; sums in double.
/// Mergeable: as means over batches are.
/// Throws: shape_error for K = 0 and two shapes; value_error with the row and the column for a
///   logit that is not finite.
/// Source: Murugesan, Silva-Rodriguez, Ben Ayed, Dolz, "Robust Calibration of Large Vision-Language
///   Adapters", ECCV 2024 (arXiv 2407.13588), the penalty form of its constraint. The mean over
///   samples is calibra's: its scale was not compared with the published code.
template<class Scores, class ZeroShot>
[[nodiscard]] double zero_shot_range_penalty_loss(const Scores& scores, const ZeroShot& zero_shot) {
  if constexpr (detail::usable_logit_pair<Scores, ZeroShot, true>()) {
    using detail::logit_rows, detail::score_columns, detail::zero_shot_range_penalty;
    constexpr std::string_view where = zero_shot_range_penalty::where;
    const auto z = score_columns(scores.view());
    const auto s = score_columns(zero_shot.view());
    detail::check_logit_pair(where, "logits", z, "zero-shot logits", s);
    const matrix<double> rows = logit_rows<Scores::kind>(where, "logits", z);
    return zero_shot_range_penalty::compute(
        rows, logit_rows<Scores::kind>(where, "zero-shot logits", s), nullptr);
  }
  return 0;
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Throws as the form above, and
/// shape_error for a gradient of another shape, before an element of `gradient` is written.
template<class Scores, class ZeroShot, readable_array Gradient>
double zero_shot_range_penalty_loss(const Scores& scores, const ZeroShot& zero_shot,
                                    Gradient&& gradient) {
  if constexpr (detail::usable_logit_pair<Scores, ZeroShot, true>()) {
    using detail::logit_rows, detail::score_columns, detail::zero_shot_range_penalty;
    constexpr std::string_view where = zero_shot_range_penalty::where;
    const auto z = score_columns(scores.view());
    const auto s = score_columns(zero_shot.view());
    const auto out =
        score_columns(detail::gradient_view<detail::score_use<Scores::kind>>(gradient));
    detail::check_logit_pair(where, "gradients", out, "logits", z);
    detail::check_logit_pair(where, "logits", z, "zero-shot logits", s);
    const matrix<double> rows = logit_rows<Scores::kind>(where, "logits", z);
    matrix<double> slopes(rows.rows(), rows.cols());
    const double value = zero_shot_range_penalty::compute(
        rows, logit_rows<Scores::kind>(where, "zero-shot logits", s), &slopes);
    using element = typename std::remove_cvref_t<decltype(out)>::value_type;
    const std::size_t first = rows.cols() - out.cols();  // binary: the logit 0 has no slope
    for (std::size_t i = 0; i < out.rows(); ++i)
      for (std::size_t k = 0; k < out.cols(); ++k)
        out(i, k) = static_cast<element>(slopes(i, first + k));
    return value;
  }
  return 0;
}

}  // namespace calibra
