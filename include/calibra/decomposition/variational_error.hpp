// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/detail/normal.hpp"
#include "calibra/error.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// How the distance of two rows of probabilities is measured.
enum class error_norm {
  sum,        ///< p = 1: the sum of the distances of all classes
  euclidean,  ///< p = 2
  largest,    ///< p = infinity: of the class where it is largest
};

/// Which errors count: of confidences too large (over), or too small (under).
enum class error_side { both, over, under };

struct variational_options {
  error_norm norm = error_norm::sum;
  /// The predicted class alone: |P(right) - confidence|.
  bool predicted_class = false;
  error_side side = error_side::both;  ///< with predicted_class, or binary scores
  std::size_t folds = 5;
  double level = 0.95;
};

struct variational_estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  interval_limits limits = {std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::quiet_NaN()};
  std::size_t samples = 0;
};

namespace detail {

/// Means of what single rows say of the distance between them and their labels' frequencies.
class variational_sums {
 public:
  explicit variational_sums(const variational_options& o) : o_(o) {}

  /// f: the row as it is; g: recalibrated by what was not fitted to it.
  void add_row(const double* f, const double* g, std::size_t k, std::size_t label, double w) {
    if (o_.predicted_class) {
      const auto top = static_cast<std::size_t>(std::max_element(f, f + k) - f);
      add_number(f[top], g[top], top == label, w);
      return;
    }
    double value = 0, length = 0;
    std::size_t furthest = 0;
    for (std::size_t j = 0; j < k; ++j) {
      const double d = g[j] - f[j], miss = (j == label ? 1.0 : 0.0) - f[j];
      if (std::abs(d) > std::abs(g[furthest] - f[furthest])) furthest = j;
      if (o_.norm == error_norm::sum) value += sign(d) * miss;
      if (o_.norm == error_norm::euclidean) value += d * miss;
      length += d * d;
    }
    if (o_.norm == error_norm::euclidean) value = length > 0 ? value / std::sqrt(length) : 0;
    if (o_.norm == error_norm::largest)
      value = sign(g[furthest] - f[furthest]) * ((furthest == label ? 1.0 : 0.0) - f[furthest]);
    add(value, w);
  }
  void add_number(double f, double g, bool hit, double w) {
    const bool counts =
        o_.side == error_side::both || (o_.side == error_side::over ? g < f : g > f);
    add(counts ? sign(g - f) * ((hit ? 1.0 : 0.0) - f) : 0, w);
  }
  [[nodiscard]] variational_estimate result() const {
    variational_estimate out;
    out.samples = values_.size();
    double weight = 0, sum = 0, squares = 0;
    for (const auto& [x, w] : values_) {
      weight += w;
      sum += w * x;
    }
    if (!(weight > 0)) return out;
    out.value = sum / weight;
    for (const auto& [x, w] : values_) squares += w * w * (x - out.value) * (x - out.value);
    const auto n = static_cast<double>(values_.size());
    if (values_.size() < 2) return out;
    out.standard_error = std::sqrt(squares * n / (n - 1)) / weight;
    const double z = two_sided("variational_error()", o_.level);
    out.limits = {out.value - z * out.standard_error, out.value + z * out.standard_error};
    return out;
  }

 private:
  static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
  void add(double x, double w) {
    if (w > 0) values_.push_back({x, w});
  }

  struct weighed {
    double value, weight;
  };
  const variational_options& o_;
  std::vector<weighed> values_;
};

/// Adds the samples that R was not fitted to.
template<class R>
void add_variational(const R& r, const binary_samples& samples, variational_sums& sums) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double f = R::input == row_form::logits ? samples.logit(i) : samples.pairs.confidence(i);
    double g = f;
    to_form(&f, 1, 1, R::input, row_form::probabilities, true);  // as g, so that equal ones are
    r.map_rows(&g, 1, 1);
    to_form(&g, 1, 1, R::output, row_form::probabilities, true);
    sums.add_number(f, g, samples.pairs.hit(i), samples.pairs.weight(i));
  }
}
template<class R>
void add_variational(const R& r, const class_samples& samples, variational_sums& sums) {
  std::vector<double> f, g;
  samples.walk(R::input, [&](std::size_t, const class_block& block) {
    const std::size_t k = block.classes, n = block.size;
    f.assign(block.rows, block.rows + n * k);
    g = f;
    to_form(f.data(), n, k, R::input, row_form::probabilities, false);
    r.map_rows(g.data(), n, k);
    to_form(g.data(), n, k, R::output, row_form::probabilities, false);
    for (std::size_t i = 0; i < n; ++i)
      sums.add_row(f.data() + i * k, g.data() + i * k, k, static_cast<std::size_t>(block.label[i]),
                   block.weight_of(i));
  });
}

}  // namespace detail

/// The Lp calibration error of all classes without bins, by a recalibrator R that is fitted to the
/// other folds: how far the recalibrated rows g say that the rows f lie from the truth, checked on
/// the labels. variational_error(logits(z), y), variational_error<svs>(...).
///
/// Formula: mean over rows of <d, y - f>, y the label as a row of 0 and 1; d = sign(g - f) for
///   `sum`, (g - f) / |g - f| for `euclidean`, the sign at the class of the largest distance for
///   `largest`. In expectation no more than E|E[y | f] - f|_p, whatever R is, and equal where R is
///   right: R sets how much is found, not whether it is true. It may come out below 0 where there
///   is nothing to find. `predicted_class` and binary scores: one number a row, of one side if
///   wanted.
/// Being a mean of rows it has the standard error of a mean; limits are value +- z of them (rows
/// are taken as independent; what the folds' fits share is not in it). Range: [-2, 2] for `sum`,
/// [-sqrt(2), sqrt(2)] for `euclidean`, else [-1, 1]. Weights: as w_i / sum w. Shapes, ignored
/// labels, NaN policy, errors: as fit(). option_error for fewer than 2 folds, a level outside (0,
/// 1), and a side without one number a row. No samples: NaN; one: no standard error. Cost: `folds`
/// fits and one more pass. Memory: 16 bytes a row. Ref: the variational form of proper losses:
/// arXiv 2602.24230.
template<class R = temperature_scaling, wrapped_scores S, class L>
[[nodiscard]] variational_estimate variational_error(const S& scores, const L& labels,
                                                     const row_options& o = {},
                                                     const variational_options& how = {},
                                                     const typename R::options& method = {}) {
  constexpr std::string_view where = "variational_error()";
  static_assert(!tensor_scores<S> && !detail::is_multilabel<S>,
                "calibra: variational_error() takes arrays of one label a sample");
  static_cast<void>(detail::two_sided(where, how.level));
  if (how.side != error_side::both && !how.predicted_class && detail::is_multiclass<S>)
    throw option_error(
        "variational_error(): a side is that of one number a row; ask for predicted_class");
  const optional_column<std::int64_t> column(labels);
  detail::fold_rows rows(where, column.size(), how.folds, o);
  detail::variational_sums sums(how);
  for (std::size_t fold = 0; fold < how.folds; ++fold) {
    const R r = fit<R>(scores, labels, rows.outside(fold), method);
    row_options inside = rows.inside(fold);
    inside.threads = {1};  // in the order of the rows
    detail::with_samples(where, scores, labels, inside,
                         [&](const auto& samples) { detail::add_variational(r, samples, sums); });
  }
  return sums.result();
}

}  // namespace calibra
