// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/softmax_rows.hpp"

namespace calibra {

struct label_smoothing_options {
  /// epsilon in [0, 1]: the part of the target that is spread over all classes. 0.1: Szegedy et al.
  /// 2016.
  double smoothing = 0.1;
};

namespace detail {

struct label_smoothing_form {
  static constexpr std::string_view where = "label_smoothing()";

  static void check(const label_smoothing_options& o) {
    check_option(where, "smoothing", o.smoothing, o.smoothing >= 0 && o.smoothing <= 1,
                 "a number in [0, 1]");
  }

  static double compute(const softmax_rows& rows, const label_smoothing_options& o,
                        matrix<double>* gradient) {
    const auto n = static_cast<double>(rows.rows());
    const double each = o.smoothing / static_cast<double>(rows.classes());
    double sum = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      double logs = 0;
      for (std::size_t k = 0; k < rows.classes(); ++k) logs += rows.log_p(i, k);
      sum += (1 - o.smoothing) * rows.cross_entropy(i) - each * logs;
      if (gradient == nullptr) continue;
      for (std::size_t k = 0; k < rows.classes(); ++k) {
        const double target = each + (k == rows.label(i) ? 1 - o.smoothing : 0);
        (*gradient)(i, k) += (rows.p(i, k) - target) / n;
      }
    }
    return sum / n;
  }
};

}  // namespace detail

/// Cross-entropy with smoothed labels: a complete training loss of a batch.
///
/// Formula: -(1/N) sum_ik t_ik ln p_ik, t_ik = (1 - epsilon) [y_i = k] + epsilon / K, the form of
///   PyTorch. The other form in use, 1 - alpha on the label and alpha / (K - 1) on each other
///   class, is this one with epsilon = alpha K / (K - 1).
/// Shapes: logits N x K of any real type, always taken as logits: a softmax over each row gives p.
///   Labels N, in [0, K).
/// Range: >= 0.
/// Gradient: smooth everywhere.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for a smoothing outside [0, 1]; shape_error for K = 0 and sizes that do not
///   fit; value_error with the row, and column, for a logit that is not finite or a label out of
///   range.
/// Mergeable: as means over batches are. Source: Szegedy et al., "Rethinking the Inception
///   Architecture for Computer Vision", CVPR 2016, section 7.
template<score_matrix Logits, label_vector Labels>
double label_smoothing(const Logits& logits, const Labels& labels,
                       const label_smoothing_options& options = {}) {
  return detail::batch_loss<detail::label_smoothing_form>(logits, labels, options);
}

/// The same, and its gradient by the logits, written to `gradient`: a mutable N x K array of float
/// or double, which may be the logits themselves. Throws as the form above, and shape_error for a
/// gradient of another shape, before an element of `gradient` is written.
template<score_matrix Logits, label_vector Labels, readable_array Gradient>
double label_smoothing(const Logits& logits, const Labels& labels, Gradient&& gradient,
                       const label_smoothing_options& options = {}) {
  return detail::batch_loss<detail::label_smoothing_form>(logits, labels, options, gradient);
}

}  // namespace calibra
