// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

namespace detail {

struct dca_loss_form : loss_form {
  static constexpr std::string_view where = "dca_loss()";
  static void check(const no_options&) {}

  static double compute(const probability_rows& rows, const no_options&, matrix<double>* gradient) {
    const auto n = static_cast<double>(rows.rows());
    double gap = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i)
      gap += (rows.hit(i) ? 1.0 : 0.0) - rows.confidence(i);
    for (std::size_t i = 0; gradient != nullptr && i < rows.rows(); ++i)
      rows.add_confidence(*gradient, i, -sign(gap) / n);
    return std::abs(gap) / n;
  }
};

}  // namespace detail

/// Difference of confidence and accuracy of a batch, a regulariser to add to cross-entropy: the
/// value alone, without the cross-entropy.
///
/// Formula: |mean_i c_i - mean_i r_i|, r_i = max_k p_ik, c_i = 1 where the prediction is the label.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: [0, 1].
/// Gradient: by r alone, c is constant; r belongs to the first of the largest logits; |x| has slope
///   0 at 0.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: shape_error for K = 0 and sizes that do not fit; value_error with the row, and column,
///   for a logit that is not finite, a row that is not probabilities, or a label out of range.
/// Not mergeable. Source: Liang et al., "Improved Trainable Calibration Method for Neural Networks
///   on Medical Imaging Classification", BMVC 2020 (arXiv 2009.04057).
template<class Scores, class Labels>
[[nodiscard]] auto dca_loss(const Scores& scores, const Labels& labels) {
  return detail::batch_loss<detail::dca_loss_form>(scores, labels, detail::no_options{});
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double dca_loss(const Scores& scores, const Labels& labels, Gradient&& gradient) {
  return detail::batch_loss<detail::dca_loss_form>(scores, labels, detail::no_options{}, gradient);
}

}  // namespace calibra
