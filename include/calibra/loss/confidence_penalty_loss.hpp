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

struct confidence_penalty_loss_options {
  /// beta, finite and >= 0, of the entropy that is subtracted.
  double weight = 0.1;
};

namespace detail {

struct confidence_penalty_loss_form : loss_form {
  static constexpr std::string_view where = "confidence_penalty_loss()";

  static void check(const confidence_penalty_loss_options& o) {
    check_option(where, "weight", o.weight, o.weight >= 0, "a finite number >= 0");
  }

  static double compute(const probability_rows& rows, const confidence_penalty_loss_options& o,
                        matrix<double>* gradient) {
    const auto n = static_cast<double>(rows.rows());
    double sum = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      sum += rows.cross_entropy(i) - o.weight * rows.entropy(i);
      if (gradient != nullptr) {
        rows.add_cross_entropy(*gradient, i, 1 / n);
        rows.add_entropy(*gradient, i, -o.weight / n);
      }
    }
    return sum / n;
  }
};

}  // namespace detail

/// Cross-entropy with a confidence penalty: a complete training loss of a batch.
///
/// Formula: (1/N) sum_i (-ln p_iy - beta H(p_i)), H(p) = -sum_k p_k ln p_k in nats: peaked
///   predictions cost more.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: >= -beta ln K; infinite where a label has a given probability of 0.
/// Gradient: smooth; in the entropy a given probability of 0 has slope 0.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for a weight that is not finite and >= 0; shape_error for K = 0 and sizes
///   that do not fit; value_error with the row, and column, for a logit that is not finite, a row
///   that is not probabilities, or a label out of range.
/// Mergeable: as means over batches are. Source: Pereyra et al., "Regularizing Neural Networks by
///   Penalizing Confident Output Distributions", 2017 (arXiv 1701.06548), section 3.
template<class Scores, class Labels>
[[nodiscard]] auto confidence_penalty_loss(const Scores& scores, const Labels& labels,
                                           const confidence_penalty_loss_options& options = {}) {
  return detail::batch_loss<detail::confidence_penalty_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double confidence_penalty_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                               const confidence_penalty_loss_options& options = {}) {
  return detail::batch_loss<detail::confidence_penalty_loss_form>(scores, labels, options,
                                                                  gradient);
}

}  // namespace calibra
