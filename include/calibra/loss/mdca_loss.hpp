// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/softmax_rows.hpp"

namespace calibra {

namespace detail {

struct mdca_loss_form {
  static constexpr std::string_view where = "mdca_loss()";
  static void check(const no_options&) {}

  static double compute(const softmax_rows& rows, const no_options&, matrix<double>* gradient) {
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
/// Shapes: logits N x K of any real type, always taken as logits: a softmax over each row gives p.
///   Labels N, in [0, K).
/// Range: [0, 2/K].
/// Gradient: |x| has slope 0 at 0.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: shape_error for K = 0 and sizes that do not fit; value_error with the row, and column,
///   for a logit that is not finite or a label out of range.
/// Not mergeable. Source: Hebbalaguppe et al., "A Stitch in Time Saves Nine: A Train-Time
///   Regularizing Loss for Improved Neural Network Calibration", CVPR 2022 (arXiv 2203.13834).
template<score_matrix Logits, label_vector Labels>
double mdca_loss(const Logits& logits, const Labels& labels) {
  return detail::batch_loss<detail::mdca_loss_form>(logits, labels, detail::no_options{});
}

/// The same, and its gradient by the logits, written to `gradient`: a mutable N x K array of float
/// or double, which may be the logits themselves. Throws as the form above, and shape_error for a
/// gradient of another shape, before an element of `gradient` is written.
template<score_matrix Logits, label_vector Labels, readable_array Gradient>
double mdca_loss(const Logits& logits, const Labels& labels, Gradient&& gradient) {
  return detail::batch_loss<detail::mdca_loss_form>(logits, labels, detail::no_options{}, gradient);
}

}  // namespace calibra
