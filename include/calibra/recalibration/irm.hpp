// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/class_pairs.hpp"
#include "calibra/recalibration/detail/knots.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Multi-class isotonic regression that keeps the order of the classes: one ascending function f
/// for all classes, the isotonic regression of all N K pairs (p_ik, [y_i = k]), and
/// q_k proportional to f(p_k) + 1e-9 p_k. f is linear between blocks, constant outside the scores
/// that were seen.
///
/// Scores: N x K; of logits p = softmax(z).
/// Certificate: in closed form; the objective is the squared error of f(p) summed over classes,
/// before rows are divided by their sums: the Brier score as they came. No samples: nothing is
/// changed. Probabilities near 0 occur, down to 1e-9 p: see mixed_with_uniform.
/// Cost: two passes, O(N K + N log N) in general; 16 bytes a sample, and 64 a different score of a
/// label and thread, no copy of the scores: of two scores of other classes between which no label's
/// score lies, f says the same. O(log m) a number to map, m blocks. Weights count as repetition.
/// Keeps: the order of the classes, so the prediction, where p_k differ by more than rounding hides
/// beside f: 1e-7 is enough. Fits of two data sets cannot be merged.
/// Source: Zhang, Kailkhura and Han, "Mix-n-Match", ICML 2020, section 3.3.
class irm final : public detail::recalibrator_of<irm> {
 public:
  static constexpr recalibrator_info info{
      .name = "irm",
      .map = "f(p_k) + 1e-9 p_k, one ascending f for all classes, rows divided by their sums",
      .objective = "squared error",
      .keeps = "the order of the classes, so the prediction",
      .source = "Zhang, Kailkhura and Han, ICML 2020",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::probabilities;
  static constexpr row_form output = row_form::probabilities;
  struct options {};

  /// f by points, linear between them, constant outside; 0 classes: any number. Throws value_error
  /// unless x ascends strictly, y ascends, and all are in [0, 1], as many of each, at least one.
  irm(std::vector<double> x, std::vector<double> y, std::size_t classes, fit_report report = {})
      : recalibrator_of(classes, std::move(report)), f_("irm()", std::move(x), std::move(y)) {
    for (std::size_t i = 1; i < f_.y().size(); ++i)
      if (f_.y()[i] < f_.y()[i - 1])
        throw value_error(detail::concat("irm(): values ", i - 1, " and ", i, ", ", f_.y()[i - 1],
                                         " and ", f_.y()[i], ", do not ascend"));
  }

  static irm fit(const class_samples& samples, const options&) {
    const std::size_t k = samples.classes();
    fit_report report;
    report.fitted_on = samples.kind();
    if (!(samples.weight() > 0)) {
      report.note = detail::nothing_to_fit;
      return {{0, 1}, {0, 1}, k, std::move(report)};
    }
    const detail::class_pairs pairs(samples);
    std::vector<double> x, y;
    detail::compensated_sum after;
    for (const detail::pooled_block& b : detail::pool_adjacent(pairs.blocks())) {
      after += b.squared_error(b.mean());
      x.push_back(b.first);
      y.push_back(b.mean());
      if (b.last == b.first) continue;
      x.push_back(b.last);
      y.push_back(b.mean());
    }
    report.passes = 3;
    report.converged = true;
    report.note.clear();
    report.objective_before = pairs.squared_error() / samples.weight();
    report.objective_after = after.value() / samples.weight();
    return {std::move(x), std::move(y), k, std::move(report)};
  }

  /// The points of f.
  [[nodiscard]] const std::vector<double>& x() const noexcept { return f_.x(); }
  [[nodiscard]] const std::vector<double>& y() const noexcept { return f_.y(); }
  /// f itself.
  [[nodiscard]] double operator()(double p) const { return f_(p); }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (std::size_t i = 0; i < n; ++i, rows += k) {
      double sum = 0;
      for (std::size_t j = 0; j < k; ++j) sum += rows[j] = f_(rows[j]) + 1e-9 * rows[j];
      for (std::size_t j = 0; j < k; ++j) rows[j] /= sum;
    }
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"x", x()}, {"y", y()}, {"classes", {static_cast<double>(classes())}, true}};
  }
  /// Throws value_error for a number of classes that is none.
  static irm from_parameters(const parameter_reader& p) {
    const double k = p.number("classes");
    if (!(k >= 0 && k <= 1e9) || k != std::floor(k))
      throw value_error(detail::concat("irm: expected a number of classes, got ", k));
    return {p.list("x"), p.list("y"), static_cast<std::size_t>(k), p.report()};
  }

 private:
  detail::knots f_;
};

}  // namespace calibra
