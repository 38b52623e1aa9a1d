// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/element_checks.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

template<score_kind Kind>
inline constexpr bool are_logits = Kind == score_kind::logits || Kind == score_kind::binary_logits;

/// A checked batch: the probabilities of each row in double, its label and its prediction (the
/// first of the most probable classes). Binary scores are rows of two: logits (0, x), probabilities
/// (1 - p, p).
///
/// The add_ functions take slopes back to the scores: they add to row i of a gradient by the row's
/// logits or, where probabilities were given, by these, each a variable of its own.
class probability_rows {
 public:
  /// `scores`: N x K, or N x 1 for the binary kinds. Throws shape_error for no class or another
  /// number of labels; value_error for a logit that is not finite, a probability outside [0, 1], a
  /// row that does not sum to 1 (each with its row) and for a label beyond the classes.
  template<score_kind Kind, class T>
  probability_rows(std::integral_constant<score_kind, Kind>, std::string_view where,
                   matrix_view<T> scores, const column<std::int64_t>& labels)
      : probability_rows(where, scores.rows(), is_binary_kind<Kind> ? 2 : scores.cols(),
                         are_logits<Kind>, labels) {
    for (std::size_t i = 0; i < rows(); ++i) {
      const auto at = [&](std::size_t k) {
        return static_cast<double>(scalar_traits<std::remove_cv_t<T>>::load(scores(i, k)));
      };
      if constexpr (Kind == score_kind::binary_logits) {
        take_logit(where, i, 0, 0);
        take_logit(where, i, 1, at(0));
      } else if constexpr (Kind == score_kind::binary_probabilities) {
        take_binary(where, i, at(0));
      } else {
        for (std::size_t k = 0; k < classes(); ++k) {
          if constexpr (Kind == score_kind::logits)
            take_logit(where, i, k, at(k));
          else
            take_probability(where, i, k, at(k));
        }
      }
      if constexpr (are_logits<Kind>) take_softmax(i);
      if constexpr (Kind == score_kind::probabilities)
        check_sum(where, i, row_sum_tolerance<std::remove_cv_t<T>>(classes()));
    }
  }

  std::size_t rows() const { return p_.rows(); }
  std::size_t classes() const { return p_.cols(); }
  std::size_t label(std::size_t i) const { return label_[i]; }
  std::size_t top(std::size_t i) const { return top_[i]; }
  bool hit(std::size_t i) const { return top_[i] == label_[i]; }
  double p(std::size_t i, std::size_t k) const { return p_(i, k); }
  /// -inf for a given probability of 0.
  double log_p(std::size_t i, std::size_t k) const { return log_p_(i, k) - log_sum_[i]; }
  /// How far a logit lies below the row's largest; of logits alone.
  double margin(std::size_t i, std::size_t k) const { return -log_p_(i, k); }
  double confidence(std::size_t i) const { return p_(i, top_[i]); }
  double cross_entropy(std::size_t i) const { return -log_p(i, label_[i]); }

  /// Entropy in nats of (1 - smoothing) p + smoothing / K; p ln p is 0 at p = 0.
  double entropy(std::size_t i, double smoothing = 0) const {
    double sum = 0;
    for (std::size_t k = 0; k < classes(); ++k) {
      const double q = smooth_p(i, k, smoothing);
      if (q > 0) sum -= q * log_smooth_p(i, k, smoothing);
    }
    return sum;
  }

  void add_confidence(matrix<double>& gradient, std::size_t i, double slope) const {
    if (!logits_) {
      gradient(i, top_[i]) += slope;
      return;
    }
    const double r = confidence(i);
    for (std::size_t k = 0; k < classes(); ++k)
      gradient(i, k) += slope * r * ((k == top_[i] ? 1.0 : 0.0) - p(i, k));
  }
  void add_cross_entropy(matrix<double>& gradient, std::size_t i, double slope) const {
    if (!logits_) {
      gradient(i, label_[i]) -= slope / p(i, label_[i]);
      return;
    }
    for (std::size_t k = 0; k < classes(); ++k)
      gradient(i, k) += slope * (p(i, k) - (k == label_[i] ? 1.0 : 0.0));
  }
  /// A given probability of 0 has no slope.
  void add_entropy(matrix<double>& gradient, std::size_t i, double slope,
                   double smoothing = 0) const {
    double mean = -1;  // given probabilities: the slope of -q ln q is -ln q - 1
    if (logits_) {
      mean = 0;
      for (std::size_t k = 0; k < classes(); ++k) mean += p(i, k) * log_smooth_p(i, k, smoothing);
    }
    for (std::size_t k = 0; k < classes(); ++k) {
      if (!(smooth_p(i, k, smoothing) > 0)) continue;
      const double by_p = (1 - smoothing) * (log_smooth_p(i, k, smoothing) - mean);
      gradient(i, k) -= slope * by_p * (logits_ ? p(i, k) : 1);
    }
  }
  /// `slopes`: one by each probability.
  void add_probabilities(matrix<double>& gradient, std::size_t i,
                         const std::vector<double>& slopes) const {
    double mean = 0;
    if (logits_)
      for (std::size_t k = 0; k < classes(); ++k) mean += p(i, k) * slopes[k];
    for (std::size_t k = 0; k < classes(); ++k)
      gradient(i, k) += (logits_ ? p(i, k) : 1) * (slopes[k] - mean);
  }
  /// `slopes`: one by the logarithm of each probability. Those that are 0 add nothing.
  void add_log_probabilities(matrix<double>& gradient, std::size_t i,
                             const std::vector<double>& slopes) const {
    double sum = 0;
    for (double slope : slopes) sum += slope;
    for (std::size_t k = 0; k < classes(); ++k) {
      if (logits_)
        gradient(i, k) += slopes[k] - p(i, k) * sum;
      else if (slopes[k] != 0)
        gradient(i, k) += slopes[k] / p(i, k);
    }
  }

 private:
  probability_rows(std::string_view where, std::size_t rows, std::size_t classes, bool logits,
                   const column<std::int64_t>& labels)
      : logits_(logits),
        log_p_(rows, classes),
        p_(rows, classes),
        log_sum_(rows),
        label_(rows),
        top_(rows) {
    if (classes == 0)
      throw shape_error(concat(where, ": expected at least 1 class, got scores of ", rows, " x 0"));
    if (labels.size() != rows)
      throw shape_error(concat(where, ": expected ", rows, " labels to match ", rows, " rows, got ",
                               labels.size()));
    for (std::size_t i = 0; i < rows; ++i) {
      check_label(where, labels[i], i, classes);
      label_[i] = static_cast<std::size_t>(labels[i]);
    }
  }

  double smooth_p(std::size_t i, std::size_t k, double smoothing) const {
    return (1 - smoothing) * p(i, k) + smoothing / static_cast<double>(classes());
  }
  double log_smooth_p(std::size_t i, std::size_t k, double smoothing) const {
    return smoothing > 0 ? std::log(smooth_p(i, k, smoothing)) : log_p(i, k);
  }

  void take_logit(std::string_view where, std::size_t i, std::size_t k, double z) {
    if (!is_finite(z))
      throw value_error(concat(where, ": logit ", z, " at row ", i, ", column ", k,
                               "; expected a finite number"));
    log_p_(i, k) = z;
    if (z > log_p_(i, top_[i])) top_[i] = k;
  }
  void take_softmax(std::size_t i) {
    const double max = log_p_(i, top_[i]);
    double sum = 0;
    for (std::size_t k = 0; k < classes(); ++k) {
      // A difference beyond the range of double has probability 0 and a finite logarithm.
      log_p_(i, k) = std::max(log_p_(i, k) - max, std::numeric_limits<double>::lowest());
      p_(i, k) = std::exp(log_p_(i, k));
      sum += p_(i, k);
    }
    for (std::size_t k = 0; k < classes(); ++k) p_(i, k) /= sum;
    log_sum_[i] = std::log(sum);
  }

  void take_probability(std::string_view where, std::size_t i, std::size_t k, double p) {
    p_(i, k) = p;
    if (!(p >= 0) || !is_finite(p)) bad_probability(where, p, i, k);
    if (p > p_(i, top_[i])) top_[i] = k;
  }
  /// Rounding may have taken a probability beyond 1: it counts as 1.
  void check_sum(std::string_view where, std::size_t i, double tolerance) {
    double sum = 0;
    for (std::size_t k = 0; k < classes(); ++k) sum += p_(i, k);
    if (confidence(i) > 1 + tolerance) bad_probability(where, confidence(i), i, top_[i]);
    if (!(std::abs(sum - 1) <= tolerance))
      throw value_error(concat(where, ": the probabilities of row ", i, " sum to ", sum,
                               ", expected 1 within ", tolerance,
                               "; renormalise them or, if these are logits, give them as logits"));
    for (std::size_t k = 0; k < classes(); ++k) {
      p_(i, k) = std::min(p_(i, k), 1.0);
      log_p_(i, k) = std::log(p_(i, k));
    }
  }
  void take_binary(std::string_view where, std::size_t i, double p) {
    if (!(p >= 0 && p <= 1))
      throw value_error(concat(where, ": probability ", p, " at row ", i,
                               " is not in [0, 1]; if these are logits, give them as logits"));
    p_(i, 0) = 1 - p;
    p_(i, 1) = p;
    log_p_(i, 0) = std::log1p(-p);
    log_p_(i, 1) = std::log(p);
    top_[i] = p > 0.5;
  }

  bool logits_;
  matrix<double> log_p_, p_;     // log_p_ of logits: less log_sum_
  std::vector<double> log_sum_;  // 0 for given probabilities
  std::vector<std::size_t> label_, top_;
};

}  // namespace calibra::detail
