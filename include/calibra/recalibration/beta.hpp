// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
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

/// Which parameters of beta calibration are free.
enum class beta_form {
  abm,  ///< all three
  am,   ///< a = b
  ab,   ///< 1/2 stays at 1/2
};

/// Its values by name.
inline constexpr std::array<std::pair<std::string_view, beta_form>, 3> option_values(beta_form) {
  return {{{"abm", beta_form::abm}, {"am", beta_form::am}, {"ab", beta_form::ab}}};
}

/// Beta calibration: P(y = 1) = sigmoid(a ln p - b ln(1 - p) + c) with a, b >= 0, by maximum
/// likelihood.
///
/// Scores: binary; logits are taken as p = sigmoid(x), without rounding p. Logarithms are clipped
/// at that of the least normal float. For N x K: one_against_rest<beta>.
/// Certificate, separable and constant samples, cost: as affine without smoothing.
/// Keeps: the order. Source: Kull, Silva Filho and Flach, "Beta calibration", AISTATS 2017.
class beta final : public detail::binary_map<beta, row_form::logits> {
 public:
  static constexpr recalibrator_info info{
      .name = "beta",
      .map = "sigmoid(a ln p - b ln(1 - p) + c), a, b >= 0",
      .objective = "nll",
      .keeps = "the order of the scores",
      .source = "Kull, Silva Filho and Flach, AISTATS 2017",
  };
  static constexpr std::string_view kind = info.name;
  struct options {
    beta_form form = beta_form::abm;
    bool smooth_targets = false;  ///< as affine's
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("form", o.form);
      f("smooth_targets", o.smooth_targets);
    }
  };

  /// Throws value_error unless all are finite, a >= 0 and b >= 0.
  beta(double a, double b, double c, fit_report report = {})
      : binary_map(std::move(report)), a_(a), b_(b), c_(c) {
    if (!(a >= 0 && b >= 0) || !detail::is_finite(a) || !detail::is_finite(b) ||
        !detail::is_finite(c))
      throw value_error(detail::concat("beta(): expected finite a >= 0, b >= 0 and c, got ", a,
                                       ", ", b, " and ", c));
  }

  static beta fit(const binary_samples& samples, const options& o) {
    candidate found = best(samples, o.form, o.smooth_targets);
    const bool smooth = o.smooth_targets;
    if (found.report.passes != 0) {
      if (!found.report.converged && !smooth) {  // no maximum: the best with smoothed targets
        std::string note = std::move(found.report.note);
        found = best(samples, o.form, true);
        found.report.converged = false;
        found.report.note = std::move(note);
      }
      found.report.objective_before = cross_entropy(samples, {0, 1, 1}, smooth);
      found.report.objective_after = cross_entropy(samples, {found.c, found.a, found.b}, smooth);
    }
    found.report.fitted_on = samples.kind;
    return {found.a, found.b, found.c, std::move(found.report)};
  }

  [[nodiscard]] double a() const noexcept { return a_; }
  [[nodiscard]] double b() const noexcept { return b_; }
  [[nodiscard]] double c() const noexcept { return c_; }

  /// The map itself, of a logit to a logit.
  [[nodiscard]] double operator()(double x) const noexcept {
    const logarithms l = logarithms_of(x);
    return a_ * l.p - b_ * l.q + c_;
  }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"a", {a_}, true}, {"b", {b_}, true}, {"c", {c_}, true}};
  }
  static beta from_parameters(const parameter_reader& p) {
    return {p.number("a"), p.number("b"), p.number("c"), p.report()};
  }

 private:
  struct logarithms {
    double p, q;  ///< ln p and ln(1 - p) of p = sigmoid(x)
  };
  static logarithms logarithms_of(double x) {
    const double l = std::log1p(std::exp(-std::abs(x)));
    return {std::max(std::min(x, 0.0) - l, detail::least_log_probability),
            std::max(std::min(-x, 0.0) - l, detail::least_log_probability)};
  }
  struct candidate {
    double a, b, c;
    fit_report report;
    bool allowed() const { return a >= 0 && b >= 0; }
  };

  /// Where 1/2 stays, the logarithms are of 2 p and 2 (1 - p), and there is no constant.
  static double shift_of(beta_form form) {
    return form == beta_form::ab ? 0.69314718055994530942 : 0;
  }
  static double constant_of(beta_form form) { return form == beta_form::ab ? 0 : 1; }

  /// Features with the parameters c, a and b, of which a and b are free where they are used.
  static detail::logistic_problem<3> problem_of(const binary_samples& samples, beta_form form,
                                                bool use_a = true, bool use_b = true) {
    const double shift = shift_of(form), constant = constant_of(form);
    return detail::make_logistic_problem<3>(samples, [&](std::size_t i) {
      const logarithms l = logarithms_of(samples.logit(i));
      if (form == beta_form::am) return std::array{1.0, use_a ? l.p - l.q : 0.0, 0.0};
      return std::array{constant, use_a ? l.p + shift : 0.0, use_b ? -l.q - shift : 0.0};
    });
  }

  /// The fit without a sign, with a, b or both of them free.
  static candidate fitted(const binary_samples& samples, beta_form form, bool use_a, bool use_b,
                          bool smooth) {
    detail::logistic_fit<3> found =
        detail::fit_logistic<3>(problem_of(samples, form, use_a, use_b), {0.0, 1.0, 1.0}, smooth);
    const double a = use_a ? found.theta[1] : 0;
    const double b = form == beta_form::am ? a : use_b ? found.theta[2] : 0;
    return {a, b, constant_of(form) * found.theta[0] + (a - b) * shift_of(form),
            std::move(found.report)};
  }

  /// The best with a, b >= 0: of a convex objective the free optimum if it is allowed, else the
  /// better of those with one parameter at 0, else that with both. Not converged where it has no
  /// maximum.
  static candidate best(const binary_samples& samples, beta_form form, bool smooth) {
    candidate found = fitted(samples, form, true, true, smooth);
    if (found.report.passes == 0 || (found.report.converged && found.allowed())) return found;
    const bool together = form == beta_form::am;
    if (together && found.allowed()) return found;
    bool any = false;
    for (const bool a : {true, false}) {
      if (together) break;
      candidate other = fitted(samples, form, a, !a, smooth);
      if (!other.allowed()) continue;
      if (!other.report.converged) return other;
      if (!any || other.report.objective_after < found.report.objective_after)
        found = std::move(other);
      any = true;
    }
    return any ? found : fitted(samples, form, false, false, smooth);
  }

  static double cross_entropy(const binary_samples& samples, const std::array<double, 3>& cab,
                              bool smooth) {
    detail::logistic_problem<3> problem = problem_of(samples, beta_form::abm);
    if (smooth) problem.smooth_targets();
    return detail::logistic_at(problem, cab).value;
  }

  double a_, b_, c_;
};

}  // namespace calibra
