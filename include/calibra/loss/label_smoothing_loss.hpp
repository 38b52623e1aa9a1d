// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

struct label_smoothing_loss_options {
  /// epsilon in [0, 1]: the part of the target that is spread over all classes. 0.1: Szegedy et al.
  /// 2016.
  double smoothing = 0.1;
};

namespace detail {

struct label_smoothing_loss_form : loss_form {
  static constexpr std::string_view where = "label_smoothing_loss()";

  static void check(const label_smoothing_loss_options& o) {
    check_option(where, "smoothing", o.smoothing, o.smoothing >= 0 && o.smoothing <= 1,
                 "a number in [0, 1]");
  }

  static double compute(const probability_rows& rows, const label_smoothing_loss_options& o,
                        matrix<double>* gradient) {
    const auto n = static_cast<double>(rows.rows());
    const double each = o.smoothing / static_cast<double>(rows.classes());
    std::vector<double> slopes(rows.classes());
    double sum = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      for (std::size_t k = 0; k < rows.classes(); ++k) {
        const double target = each + (k == rows.label(i) ? 1 - o.smoothing : 0);
        slopes[k] = -target / n;
        if (target > 0) sum -= target * rows.log_p(i, k);  // 0 where p is 0 as well
      }
      if (gradient != nullptr) rows.add_log_probabilities(*gradient, i, slopes);
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
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: >= 0; infinite where a given probability of 0 has a part of the target.
/// Gradient: smooth, but for given probabilities of 0.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for a smoothing outside [0, 1]; shape_error for K = 0 and sizes that do not
///   fit; value_error with the row, and column, for a logit that is not finite, a row that is not
///   probabilities, or a label out of range.
/// Mergeable: as means over batches are. Source: Szegedy et al., "Rethinking the Inception
///   Architecture for Computer Vision", CVPR 2016, section 7.
template<class Scores, class Labels>
[[nodiscard]] auto label_smoothing_loss(const Scores& scores, const Labels& labels,
                                        const label_smoothing_loss_options& options = {}) {
  return detail::batch_loss<detail::label_smoothing_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double label_smoothing_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                            const label_smoothing_loss_options& options = {}) {
  return detail::batch_loss<detail::label_smoothing_loss_form>(scores, labels, options, gradient);
}

}  // namespace calibra
