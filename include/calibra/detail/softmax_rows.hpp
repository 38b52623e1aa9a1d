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

#include "calibra/array/access.hpp"
#include "calibra/array/column.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/cosine_distance.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/row_checks.hpp"
#include "calibra/error.hpp"

// What the losses of a batch of logits and labels have in common on the host.
namespace calibra::detail {

/// A checked batch: the softmax of each row in double, its label and its prediction (the first of
/// the largest logits). Slopes by what a row's probabilities are summed up to are taken back to its
/// logits by the add_ functions, which add to row i of a gradient.
class softmax_rows {
 public:
  /// Throws shape_error for no class or another number of labels, value_error for a logit that is
  /// not finite (row, column) and for a label beyond the classes (row).
  template<class T>
  softmax_rows(std::string_view where, matrix_view<T> logits, const column<std::int64_t>& labels)
      : shifted_(logits.rows(), logits.cols()),
        p_(logits.rows(), logits.cols()),
        log_sum_(logits.rows()),
        label_(logits.rows()),
        top_(logits.rows()) {
    if (classes() == 0)
      throw shape_error(
          concat(where, ": expected at least 1 class, got logits of ", rows(), " x 0"));
    if (labels.size() != rows())
      throw shape_error(concat(where, ": expected ", rows(), " labels to match ", rows(),
                               " rows, got ", labels.size()));
    for (std::size_t i = 0; i < rows(); ++i) {
      const std::int64_t label = labels[i];
      check_label(where, label, i, classes());
      label_[i] = static_cast<std::size_t>(label);
      for (std::size_t k = 0; k < classes(); ++k) {
        const auto z = static_cast<double>(scalar_traits<std::remove_cv_t<T>>::load(logits(i, k)));
        if (!is_finite(z))
          throw value_error(concat(where, ": logit ", z, " at row ", i, ", column ", k,
                                   "; expected a finite number"));
        shifted_(i, k) = z;
        if (z > shifted_(i, top_[i])) top_[i] = k;
      }
      take_softmax(i);
    }
  }

  std::size_t rows() const { return p_.rows(); }
  std::size_t classes() const { return p_.cols(); }
  std::size_t label(std::size_t i) const { return label_[i]; }
  std::size_t top(std::size_t i) const { return top_[i]; }
  bool hit(std::size_t i) const { return top_[i] == label_[i]; }
  double p(std::size_t i, std::size_t k) const { return p_(i, k); }
  double log_p(std::size_t i, std::size_t k) const { return shifted_(i, k) - log_sum_[i]; }
  /// How far a logit lies below the row's largest.
  double margin(std::size_t i, std::size_t k) const { return -shifted_(i, k); }
  double confidence(std::size_t i) const { return p_(i, top_[i]); }
  double cross_entropy(std::size_t i) const { return -log_p(i, label_[i]); }

  /// Entropy in nats of (1 - smoothing) p + smoothing / K.
  double entropy(std::size_t i, double smoothing = 0) const {
    double sum = 0;
    for (std::size_t k = 0; k < classes(); ++k)
      sum -= smooth_p(i, k, smoothing) * log_smooth_p(i, k, smoothing);
    return sum;
  }

  void add_confidence(matrix<double>& gradient, std::size_t i, double slope) const {
    const double r = confidence(i);
    for (std::size_t k = 0; k < classes(); ++k)
      gradient(i, k) += slope * r * ((k == top_[i] ? 1.0 : 0.0) - p(i, k));
  }
  void add_cross_entropy(matrix<double>& gradient, std::size_t i, double slope) const {
    for (std::size_t k = 0; k < classes(); ++k)
      gradient(i, k) += slope * (p(i, k) - (k == label_[i] ? 1.0 : 0.0));
  }
  void add_entropy(matrix<double>& gradient, std::size_t i, double slope,
                   double smoothing = 0) const {
    double mean = 0;
    for (std::size_t k = 0; k < classes(); ++k) mean += p(i, k) * log_smooth_p(i, k, smoothing);
    for (std::size_t k = 0; k < classes(); ++k)
      gradient(i, k) -= slope * (1 - smoothing) * p(i, k) * (log_smooth_p(i, k, smoothing) - mean);
  }
  /// `slopes`: one by each probability.
  void add_probabilities(matrix<double>& gradient, std::size_t i,
                         const std::vector<double>& slopes) const {
    double mean = 0;
    for (std::size_t k = 0; k < classes(); ++k) mean += p(i, k) * slopes[k];
    for (std::size_t k = 0; k < classes(); ++k) gradient(i, k) += p(i, k) * (slopes[k] - mean);
  }

 private:
  double smooth_p(std::size_t i, std::size_t k, double smoothing) const {
    return (1 - smoothing) * p(i, k) + smoothing / static_cast<double>(classes());
  }
  double log_smooth_p(std::size_t i, std::size_t k, double smoothing) const {
    return smoothing > 0 ? std::log(smooth_p(i, k, smoothing)) : log_p(i, k);
  }

  void take_softmax(std::size_t i) {
    const double max = shifted_(i, top_[i]);
    double sum = 0;
    for (std::size_t k = 0; k < classes(); ++k) {
      // A difference beyond the range of double has probability 0 and a finite logarithm.
      shifted_(i, k) = std::max(shifted_(i, k) - max, std::numeric_limits<double>::lowest());
      p_(i, k) = std::exp(shifted_(i, k));
      sum += p_(i, k);
    }
    for (std::size_t k = 0; k < classes(); ++k) p_(i, k) /= sum;
    log_sum_[i] = std::log(sum);
  }

  matrix<double> shifted_, p_;
  std::vector<double> log_sum_;
  std::vector<std::size_t> label_, top_;
};

/// -1, 0 or 1: the derivative of |x|, with 0 at 0.
constexpr double sign(double x) {
  return static_cast<double>(x > 0) - static_cast<double>(x < 0);
}

/// Throws option_error unless `value` is `good` and finite; `expected` says what it has to be.
inline void check_option(std::string_view where, std::string_view name, double value, bool good,
                         std::string_view expected) {
  if (good && is_finite(value)) return;
  throw option_error(concat(where, ": ", name, " is ", value, "; expected ", expected));
}

/// For a loss that has no options.
struct no_options {};

/// A loss of a batch of logits. `Form` has the function's name `where`, `check(options)` that
/// throws option_error, and `compute(rows, options, gradient)`, the value of a batch of at least
/// one row, that adds its gradient by the logits to *gradient unless that is null.
template<class Form, class Logits, class Labels, class Options>
double batch_loss(const Logits& logits, const Labels& labels, const Options& options) {
  Form::check(options);
  const auto held = hold<as_matrix>(logits);
  const optional_column<std::int64_t> column(labels);
  const softmax_rows rows(Form::where, held.view(), column.get());
  if (rows.rows() == 0) return std::numeric_limits<double>::quiet_NaN();
  return Form::compute(rows, options, nullptr);
}

/// The same with the gradient, which is written after everything else.
template<class Form, class Logits, class Labels, class Options, class Gradient>
double batch_loss(const Logits& logits, const Labels& labels, const Options& options,
                  Gradient& gradient) {
  Form::check(options);
  const auto held = hold<as_matrix>(logits);
  const optional_column<std::int64_t> column(labels);
  const auto out = gradient_view(gradient);
  check_same_shape(Form::where, "gradient", out, "logits", held.view());
  const softmax_rows rows(Form::where, held.view(), column.get());
  if (rows.rows() == 0) return std::numeric_limits<double>::quiet_NaN();
  matrix<double> sums(rows.rows(), rows.classes());
  const double value = Form::compute(rows, options, &sums);
  using element = typename std::remove_cvref_t<decltype(out)>::value_type;
  for (std::size_t i = 0; i < rows.rows(); ++i)
    for (std::size_t k = 0; k < rows.classes(); ++k) out(i, k) = static_cast<element>(sums(i, k));
  return value;
}

}  // namespace calibra::detail
