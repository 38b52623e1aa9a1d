// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

struct margin_smoothing_loss_options {
  /// Finite and >= 0: how far a logit may lie below the largest without cost.
  double margin = 10;
  /// Finite and >= 0, of the penalty. Both defaults: Liu et al. 2022.
  double weight = 0.1;
};

namespace detail {

struct margin_smoothing_loss_form : loss_form {
  static constexpr std::string_view where = "margin_smoothing_loss()";
  static constexpr bool needs_logits = true;

  static void check(const margin_smoothing_loss_options& o) {
    check_option(where, "margin", o.margin, o.margin >= 0, "a finite number >= 0");
    check_option(where, "weight", o.weight, o.weight >= 0, "a finite number >= 0");
  }

  static double compute(const probability_rows& rows, const margin_smoothing_loss_options& o,
                        matrix<double>* gradient) {
    const auto n = static_cast<double>(rows.rows());
    const double weight = o.weight / static_cast<double>(rows.classes());
    double sum = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      sum += rows.cross_entropy(i);
      if (gradient != nullptr) rows.add_cross_entropy(*gradient, i, 1 / n);
      for (std::size_t k = 0; k < rows.classes(); ++k) {
        const double excess = rows.margin(i, k) - o.margin;
        if (!(excess > 0)) continue;
        sum += weight * excess;
        if (gradient == nullptr) continue;
        (*gradient)(i, rows.top(i)) += weight / n;
        (*gradient)(i, k) -= weight / n;
      }
    }
    return sum / n;
  }
};

}  // namespace detail

/// Margin-based label smoothing (MbLS): cross-entropy and a penalty on logits too far below the
/// largest; a complete training loss of a batch.
///
/// Formula: (1/N) sum_i (-ln p_iy + (alpha / K) sum_k max(0, max_j z_ij - z_ik - margin)).
/// Scores: logits(z) or binary_logits(x), of any real type. Labels N, in [0, K).
/// Range: >= 0.
/// Gradient: the largest logit is the first of them; the penalty has slope 0 where a logit lies on
///   the margin.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for an option that is not finite and >= 0; shape_error for K = 0 and sizes
///   that do not fit; value_error with the row, and column, for a logit that is not finite or a
///   label out of range.
/// Mergeable: as means over batches are. Source: Liu et al., "The Devil is in the Margin:
///   Margin-based Label Smoothing for Network Calibration", CVPR 2022 (arXiv 2111.15430), with the
///   mean over classes of its published code.
template<class Scores, class Labels>
[[nodiscard]] auto margin_smoothing_loss(const Scores& scores, const Labels& labels,
                                         const margin_smoothing_loss_options& options = {}) {
  return detail::batch_loss<detail::margin_smoothing_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Throws as the form above, and
/// shape_error for a gradient of another shape, before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double margin_smoothing_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                             const margin_smoothing_loss_options& options = {}) {
  return detail::batch_loss<detail::margin_smoothing_loss_form>(scores, labels, options, gradient);
}

}  // namespace calibra
