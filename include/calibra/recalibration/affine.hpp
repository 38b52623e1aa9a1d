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

/// Platt scaling of logits: P(y = 1) = sigmoid(slope x + intercept), by maximum likelihood.
///
/// Scores: binary; of probabilities x = log(p / (1 - p)), both logarithms clipped at that of the
/// least normal float. For N x K: one_against_rest<affine>.
/// Options: smooth_targets fits to Platt's (n1 + 1) / (n1 + 2) and 1 / (n0 + 2) in place of 1 and
/// 0, so that the optimum is always finite; weights count as repetition.
/// Certificate: the mean cross-entropy, convex; its largest slope. Separable samples without
/// smoothing have no optimum: fitted to smoothed targets, not converged. Constant scores: the slope
/// stays as it is for none, and the intercept does the rest. No samples: nothing is changed.
/// Cost: O(n) an iteration, some ten of them; 32 bytes a sample. Keeps: the order, if the slope is
/// positive, which bad scores can make it not be.
/// Source: Platt, "Probabilistic outputs for support vector machines", 1999.
class affine final : public detail::binary_map<affine, row_form::logits> {
 public:
  static constexpr recalibrator_info info{
      .name = "affine",
      .map = "sigmoid(slope x + intercept): Platt scaling of logits",
      .objective = "nll",
      .keeps = "the order of the scores, where the slope is positive",
      .source = "Platt 1999",
  };
  static constexpr std::string_view kind = info.name;
  struct options {
    bool smooth_targets = true;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("smooth_targets", o.smooth_targets);
    }
  };

  /// Throws value_error unless both are finite.
  affine(double slope, double intercept, fit_report report = {})
      : binary_map(std::move(report)), slope_(slope), intercept_(intercept) {
    if (!detail::is_finite(slope) || !detail::is_finite(intercept))
      throw value_error(detail::concat("affine(): slope ", slope, " and intercept ", intercept,
                                       " are not both finite"));
  }

  static affine fit(const binary_samples& samples, const options& o) {
    const auto problem = detail::make_logistic_problem<2>(samples, [&](std::size_t i) {
      return std::array{1.0, samples.logit(i)};
    });
    detail::logistic_fit<2> found = detail::fit_logistic<2>(problem, {0.0, 1.0}, o.smooth_targets);
    found.report.fitted_on = samples.kind;
    return {found.theta[1], found.theta[0], std::move(found.report)};
  }

  [[nodiscard]] double slope() const noexcept { return slope_; }
  [[nodiscard]] double intercept() const noexcept { return intercept_; }

  /// The map itself, of a logit.
  [[nodiscard]] double operator()(double x) const noexcept { return slope_ * x + intercept_; }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"slope", {slope_}, true}, {"intercept", {intercept_}, true}};
  }
  static affine from_parameters(const parameter_reader& p) {
    return {p.number("slope"), p.number("intercept"), p.report()};
  }

 private:
  double slope_, intercept_;
};

}  // namespace calibra
