// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/class_lines.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Vector scaling: softmax(a_k z_k + b_k), a slope and an intercept for each class, by maximum
/// likelihood.
///
/// Scores: N x K; of probabilities z = log p, clipped at that of the least normal float; a masked
/// class (-inf) is taken as 700 below its row's largest.
/// Options: max_iterations, steps of the search: in float, where that will do, and then in
/// double, so many each.
/// Certificate: the mean NLL, convex; its largest slope. Intercepts count up to a constant that all
/// share. Samples that can be told apart without error have no optimum: the report says that it
/// was not reached. A class without samples ends at a probability of about 0. No samples: nothing
/// is changed.
/// Cost: O(N K) a pass, one to some ten passes an iteration; 8 (9 K) bytes a thread, up to 460 K
/// for the search, and no copy of the scores. Keeps: neither order nor prediction. Fits of two data
/// sets cannot be merged. Source: Guo et al., "On Calibration of Modern Neural Networks", ICML
/// 2017, section 4.2.
class vector_scaling final : public detail::recalibrator_of<vector_scaling> {
 public:
  static constexpr recalibrator_info info{
      .name = "vector",
      .map = "softmax(a_k z_k + b_k), a slope and an intercept a class",
      .objective = "nll",
      .keeps = "nothing",
      .source = "Guo et al., ICML 2017",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::logits;
  struct options {
    std::size_t max_iterations = 100;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("max_iterations", o.max_iterations);
    }
  };

  /// Throws value_error unless there are as many slopes as intercepts, at least one, all finite.
  vector_scaling(std::vector<double> slopes, std::vector<double> intercepts, fit_report report = {})
      : recalibrator_of(slopes.size(), std::move(report)),
        lines_("vector_scaling()", std::move(slopes), std::move(intercepts)) {}

  static vector_scaling fit(const class_samples& samples, const options& o) {
    std::vector<double> theta = detail::unchanged_lines(samples.classes());
    fit_report report;
    if (samples.weight() > 0) {
      detail::class_lines_nll objective(samples, 0, nullptr);
      report.passes = 1;  // that which checked the input
      report.objective_before = detail::newton_cg(objective, theta, o.max_iterations, report);
      detail::note_told_apart(report);
    } else {
      report.note = detail::nothing_to_fit;
    }
    report.fitted_on = samples.kind();
    std::vector<double> intercepts = detail::split_intercepts(theta);
    return {std::move(theta), std::move(intercepts), std::move(report)};
  }

  [[nodiscard]] const std::vector<double>& slopes() const noexcept { return lines_.slopes(); }
  [[nodiscard]] const std::vector<double>& intercepts() const noexcept {
    return lines_.intercepts();
  }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    lines_.map_rows(rows, n, k);
  }
  [[nodiscard]] std::optional<detail::row_formula> formula() const override {
    return detail::row_formula{.slopes = slopes(), .intercepts = intercepts()};
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"slopes", slopes()}, {"intercepts", intercepts()}};
  }
  static vector_scaling from_parameters(const parameter_reader& p) {
    return {p.list("slopes"), p.list("intercepts"), p.report()};
  }

 private:
  detail::line_a_class lines_;
};

}  // namespace calibra
