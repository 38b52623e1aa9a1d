// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/logistic_regression.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Quadratic scaling: P(y = 1) = sigmoid(curvature x^2 + slope x + intercept), by maximum
/// likelihood. Not monotone where the curvature is not 0: the order of far scores can turn.
///
/// Scores, certificate, separable and constant samples, cost: as affine without smoothing.
/// Source: Berta, Holzmueller, Jordan and Bach, "Structured matrix scaling for multi-class
/// calibration", 2025 (its binary form).
class quadratic final : public detail::binary_map<quadratic, row_form::logits> {
 public:
  static constexpr recalibrator_info info{
      .name = "quadratic",
      .map = "sigmoid(curvature x^2 + slope x + intercept)",
      .objective = "nll",
      .keeps = "nothing: far scores can turn",
      .source = "Berta et al. 2025",
  };
  static constexpr std::string_view kind = info.name;
  struct options {
    bool smooth_targets = false;  ///< as affine's
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("smooth_targets", o.smooth_targets);
    }
  };

  /// Throws value_error unless all are finite.
  quadratic(double curvature, double slope, double intercept, fit_report report = {})
      : binary_map(std::move(report)), curvature_(curvature), slope_(slope), intercept_(intercept) {
    if (!detail::is_finite(curvature) || !detail::is_finite(slope) || !detail::is_finite(intercept))
      throw value_error(detail::concat("quadratic(): curvature ", curvature, ", slope ", slope,
                                       " and intercept ", intercept, " are not all finite"));
  }

  static quadratic fit(const binary_samples& samples, const options& o) {
    const auto problem = detail::make_logistic_problem<3>(samples, [&](std::size_t i) {
      const double x = samples.logit(i);
      return std::array{1.0, x, x * x};
    });
    detail::logistic_fit<3> found =
        detail::fit_logistic<3>(problem, {0.0, 1.0, 0.0}, o.smooth_targets);
    found.report.fitted_on = samples.kind;
    return {found.theta[2], found.theta[1], found.theta[0], std::move(found.report)};
  }

  [[nodiscard]] double curvature() const noexcept { return curvature_; }
  [[nodiscard]] double slope() const noexcept { return slope_; }
  [[nodiscard]] double intercept() const noexcept { return intercept_; }

  /// The map itself, of a logit.
  [[nodiscard]] double operator()(double x) const noexcept {
    return (curvature_ * x + slope_) * x + intercept_;
  }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"curvature", {curvature_}, true},
            {"slope", {slope_}, true},
            {"intercept", {intercept_}, true}};
  }
  static quadratic from_parameters(const parameter_reader& p) {
    return {p.number("curvature"), p.number("slope"), p.number("intercept"), p.report()};
  }

 private:
  double curvature_, slope_, intercept_;
};

}  // namespace calibra
