// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

struct avuc_loss_options {
  /// Entropy in nats up to which a prediction counts as certain, finite; ln(K) / 2 where not given,
  /// the middle, as kappa of soft_avuc_loss.
  std::optional<double> threshold;
};

namespace detail {

/// What AvUC and its soft form make of what speaks for and against a batch: ln(1 + against / for).
struct avuc_ratio {
  static constexpr double least = 1e-5;  ///< of the divisor

  double value, by_good, by_bad;

  avuc_ratio(double good, double bad) {
    const double divisor = std::max(good, least);
    value = std::log1p(bad / divisor);
    by_bad = 1 / (divisor + bad);
    by_good = good >= least ? -bad / (divisor * (divisor + bad)) : 0;
  }
};

struct avuc_loss_form : loss_form {
  static constexpr std::string_view where = "avuc_loss()";

  static void check(const avuc_loss_options& o) {
    if (o.threshold) check_option(where, "threshold", *o.threshold, true, "a finite number");
  }

  static double threshold(const avuc_loss_options& o, double classes) {
    return o.threshold.value_or(std::log(classes) / 2);
  }

  static double compute(const probability_rows& rows, const avuc_loss_options& o,
                        matrix<double>* gradient) {
    const double limit = threshold(o, static_cast<double>(rows.classes()));
    const auto sure = [&](std::size_t i) {
      return rows.hit(i) ? rows.confidence(i) : 1 - rows.confidence(i);
    };
    double good = 0, bad = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const double entropy = rows.entropy(i), spread = std::tanh(entropy);
      const bool certain = entropy <= limit;
      (rows.hit(i) == certain ? good : bad) += sure(i) * (certain ? 1 - spread : spread);
    }
    const avuc_ratio ratio(good, bad);
    for (std::size_t i = 0; gradient != nullptr && i < rows.rows(); ++i) {
      const double entropy = rows.entropy(i), spread = std::tanh(entropy);
      const bool certain = entropy <= limit;
      const double slope = rows.hit(i) == certain ? ratio.by_good : ratio.by_bad;
      rows.add_confidence(*gradient, i,
                          slope * (certain ? 1 - spread : spread) * (rows.hit(i) ? 1 : -1));
      rows.add_entropy(*gradient, i, slope * sure(i) * (1 - spread * spread) * (certain ? -1 : 1));
    }
    return ratio.value;
  }
};

}  // namespace detail

/// Accuracy versus uncertainty calibration loss of a batch, a regulariser to add to cross-entropy:
/// the value alone, without the cross-entropy.
///
/// Formula: ln(1 + (n_AU + n_IC) / max(n_AC + n_IU, 1e-5)) with r = max_k p_k, u the entropy of p
///   in nats, and the samples split into accurate (A) and inaccurate (I), certain (C, u <=
///   threshold) and uncertain (U): n_AC = sum r (1 - tanh u), n_AU = sum r tanh u, n_IC = sum (1 -
///   r)(1 - tanh u), n_IU = sum (1 - r) tanh u.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: >= 0; 0 where every accurate prediction is certain and every other uncertain.
/// Gradient: by r and u; accuracy and the split at the threshold are constant, so that the value
///   jumps where u crosses it (soft_avuc_loss does not); r belongs to the first of the largest
///   logits; n_AC + n_IU below 1e-5 is constant where it divides; a given probability of 0 has
///   slope 0 in u.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for a threshold that is not finite; shape_error for K = 0 and sizes that do
///   not fit; value_error with the row, and column, for a logit that is not finite, a row that is
///   not probabilities, or a label out of range.
/// Not mergeable. Source: Krishnan, Tickoo, "Improving model calibration with accuracy versus
///   uncertainty optimization", NeurIPS 2020 (arXiv 2012.07923), equation 3.
template<class Scores, class Labels>
[[nodiscard]] auto avuc_loss(const Scores& scores, const Labels& labels,
                             const avuc_loss_options& options = {}) {
  return detail::batch_loss<detail::avuc_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double avuc_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                 const avuc_loss_options& options = {}) {
  return detail::batch_loss<detail::avuc_loss_form>(scores, labels, options, gradient);
}

}  // namespace calibra
