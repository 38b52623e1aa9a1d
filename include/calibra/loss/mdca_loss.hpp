// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

namespace detail {

struct mdca_loss_form : loss_form {
  static constexpr std::string_view where = "mdca_loss()";
  static void check(const no_options&) {}

  static double compute(const probability_rows& rows, const no_options&, matrix<double>* gradient) {
    const auto n = static_cast<double>(rows.rows()), classes = static_cast<double>(rows.classes());
    std::vector<double> gap(rows.classes());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      for (std::size_t k = 0; k < rows.classes(); ++k) gap[k] += rows.p(i, k);
      gap[rows.label(i)] -= 1;
    }
    double sum = 0;
    for (double& g : gap) {
      sum += std::abs(g);
      g = sign(g) / (n * classes);
    }
    for (std::size_t i = 0; gradient != nullptr && i < rows.rows(); ++i)
      rows.add_probabilities(*gradient, i, gap);
    return sum / (n * classes);
  }
};

}  // namespace detail

/// Multi-class difference of confidence and accuracy of a batch, a regulariser to add to
/// cross-entropy or focal loss: the value alone, without the other loss.
///
/// Formula: (1/K) sum_k |mean_i p_ik - mean_i [y_i = k]|.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: [0, 2/K].
/// Gradient: |x| has slope 0 at 0.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: shape_error for K = 0 and sizes that do not fit; value_error with the row, and column,
///   for a logit that is not finite, a row that is not probabilities, or a label out of range.
/// Not mergeable. Source: Hebbalaguppe et al., "A Stitch in Time Saves Nine: A Train-Time
///   Regularizing Loss for Improved Neural Network Calibration", CVPR 2022 (arXiv 2203.13834).
template<class Scores, class Labels>
[[nodiscard]] auto mdca_loss(const Scores& scores, const Labels& labels) {
  return detail::batch_loss<detail::mdca_loss_form>(scores, labels, detail::no_options{});
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double mdca_loss(const Scores& scores, const Labels& labels, Gradient&& gradient) {
  return detail::batch_loss<detail::mdca_loss_form>(scores, labels, detail::no_options{}, gradient);
}

}  // namespace calibra
