// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/ascending_lines.hpp"
#include "calibra/recalibration/detail/bounded_newton.hpp"
#include "calibra/recalibration/detail/bracketed_newton.hpp"
#include "calibra/recalibration/detail/temperature_fit.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// An order-preserving function of logits: softmax(-f(g_k)), g_k = max_j z_j - z_k, with f(0) = 0
/// and f linear between knots, of a slope in [1/1024, 1024] on each segment, by maximum likelihood.
/// Temperature scaling is the case of equal slopes 1 / T.
///
/// This is the piecewise linear member of the diagonal intra order-preserving functions. The
/// published one is a monotone neural network of each logit, trained by Adam; here the NLL is
/// convex in the slopes, and the optimum is found. Scores: N x K; of probabilities z = log p,
/// clipped at that of the least normal float; a masked class (-inf) is taken as 700 below its row's
/// largest. Options: segments, 10; max_iterations, of Newton's method. The temperature of maximum
/// likelihood is fitted first. Knots are at quantiles, to within 1.6 %, of the gaps g of labels and
/// of all classes weighted by their probability at that temperature, without the largest of each
/// row. Where these are few, or equal, there are fewer knots. Certificate: the mean NLL, never
/// above that of temperature scaling; `gradient` is the largest slope of it in a parameter, of one
/// at a bound if the NLL falls into the range. Samples that can be told apart without error have no
/// optimum: slopes end at 1024, and the report says so. Scores on which nothing depends, and no
/// samples: nothing is changed. Cost: O(N K) a pass, some five passes for the temperature, one for
/// the knots, some ten for the slopes; 20 K bytes a thread, no copy of the scores. Keeps: the order
/// of the classes, so the prediction. Fits of two data sets cannot be merged. Source: Rahimi et
/// al., "Intra order-preserving functions for calibration of multi-class neural networks", NeurIPS
/// 2020, section 4.
class order_preserving final : public detail::recalibrator_of<order_preserving> {
 public:
  static constexpr recalibrator_info info{
      .name = "order_preserving",
      .map = "softmax(-f(max z - z_k)), one ascending f, linear between knots",
      .objective = "nll",
      .keeps = "the order of the classes, so the prediction",
      .source = "Rahimi et al., NeurIPS 2020",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::logits;
  struct options {
    std::size_t segments = 10;
    std::size_t max_iterations = 100;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("segments", o.segments);
      f("max_iterations", o.max_iterations);
    }
  };

  /// From the knots of f, and its slopes, one more; 0 classes: any number. Throws value_error
  /// unless the knots are > 0 and ascend strictly, the slopes are > 0, and all are finite.
  order_preserving(std::vector<double> knots, std::vector<double> slopes, std::size_t classes,
                   fit_report report = {})
      : recalibrator_of(classes, std::move(report)),
        knots_(std::move(knots)),
        slopes_(std::move(slopes)) {
    if (slopes_.size() != knots_.size() + 1)
      throw value_error(detail::concat("order_preserving(): expected ", knots_.size() + 1,
                                       " slopes to match ", knots_.size(), " knots, got ",
                                       slopes_.size()));
    for (std::size_t j = 0; j < slopes_.size(); ++j) {
      if (!(slopes_[j] > 0) || !detail::is_finite(slopes_[j]))
        throw value_error(detail::concat("order_preserving(): slope ", slopes_[j], " number ", j,
                                         " is not a finite number > 0"));
      if (j < knots_.size() &&
          (!(knots_[j] > (j == 0 ? 0 : knots_[j - 1])) || !detail::is_finite(knots_[j])))
        throw value_error(detail::concat("order_preserving(): knot ", knots_[j], " number ", j,
                                         " is not finite, or not above the one before"));
    }
  }

  /// Throws option_error for 0 segments.
  static order_preserving fit(const class_samples& samples, const options& o) {
    if (o.segments < 1)
      throw option_error("order_preserving::fit(): expected at least 1 segment, got 0");
    if (o.segments > 1000000)
      throw option_error(detail::concat(
          "order_preserving::fit(): expected at most 1000000 segments, got ", o.segments));
    fit_report report;
    report.fitted_on = samples.kind();
    if (!(samples.weight() > 0)) {
      report.note = detail::nothing_to_fit;
      return {{}, {1}, samples.classes(), std::move(report)};
    }
    const detail::bounds range{1 / detail::hottest, detail::hottest};
    const detail::newton_result all = fit_temperature(samples, range, report);
    if (all.end == detail::newton_end::flat) {
      report.note = "every function gives the same likelihood: nothing is changed";
      return {{}, {1}, samples.classes(), std::move(report)};
    }
    const detail::ascending_lines_nll objective(samples,
                                                detail::quantile_knots(samples, all.x, o.segments));
    std::vector<double> knots = objective.knots();
    std::vector<double> slopes = detail::bounded_newton(
        objective, std::vector<double>(knots.size() + 1, all.x), range, o.max_iterations, report);
    report.passes = report.iterations + 2;  // those for the knots, and that which checked the input
    if (*std::max_element(slopes.begin(), slopes.end()) >= range.upper) {
      report.converged = false;
      report.note = "the likelihood grows with a slope (separable samples): at 1024";
    }
    return {std::move(knots), std::move(slopes), samples.classes(), std::move(report)};
  }

  [[nodiscard]] const std::vector<double>& knots() const noexcept { return knots_; }
  [[nodiscard]] const std::vector<double>& slopes() const noexcept { return slopes_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    const detail::ascending_lines f(knots_, slopes_);
    for (std::size_t i = 0; i < n; ++i, rows += k) {
      const double max = *std::max_element(rows, rows + k);
      for (std::size_t j = 0; j < k; ++j) rows[j] = -f(max - rows[j]);
    }
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"knots", knots_},
            {"slopes", slopes_},
            {"classes", {static_cast<double>(classes())}, true}};
  }
  /// Throws value_error for a number of classes that is none.
  static order_preserving from_parameters(const parameter_reader& p) {
    const double k = p.number("classes");
    if (!(k >= 0 && k <= 1e9) || k != std::floor(k))
      throw value_error(detail::concat("order_preserving: expected a number of classes, got ", k));
    return {p.list("knots"), p.list("slopes"), static_cast<std::size_t>(k), p.report()};
  }

 private:
  /// The best of the functions with one slope.
  static detail::newton_result fit_temperature(const class_samples& samples, detail::bounds range,
                                               fit_report& report) {
    const detail::ascending_lines_nll objective(samples, {});
    bool beaten = false;
    const auto at = [&](double beta) {
      const detail::dense_point p = objective.at({beta}, beaten);
      ++report.iterations;
      report.passes = report.iterations + 1;
      return detail::slope{.at = beta,
                           .value = p.value,
                           .gradient = p.gradient[0],
                           .curvature = p.curvature[0],
                           .noise = 0};
    };
    const detail::slope one = at(1);
    report.objective_before = report.objective_after = one.value;
    const detail::bracketed_newton search(at, {.lower = range.lower, .upper = range.upper});
    // Labels that nothing beats have no optimum above T = 0.
    return beaten ? search.run(1, one) : search.plateau(1);
  }

  std::vector<double> knots_, slopes_;
};

}  // namespace calibra
