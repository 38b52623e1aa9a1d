// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/class_lines.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
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
/// Options: max_iterations, of Newton's method.
/// Certificate: the mean NLL, convex; its largest slope. Intercepts count up to a constant that all
/// share. Samples that can be told apart without error have no optimum: the report says that it
/// was not reached. A class without samples ends at a probability of about 0. No samples: nothing
/// is changed.
/// Cost: O(N K) a pass, two to some ten passes an iteration; 8 (9 K) bytes a thread and no copy of
/// the scores. Keeps: neither order nor prediction. Fits of two data sets cannot be merged.
/// Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
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
  };

  /// Throws value_error unless there are as many slopes as intercepts, at least one, all finite.
  vector_scaling(std::vector<double> slopes, std::vector<double> intercepts, fit_report report = {})
      : recalibrator_of(slopes.size(), std::move(report)),
        slopes_(std::move(slopes)),
        intercepts_(std::move(intercepts)) {
    detail::check_class_lines("vector_scaling()", slopes_, intercepts_);
  }

  static vector_scaling fit(const class_samples& samples, const options& o) {
    const std::size_t k = samples.classes();
    std::vector<double> theta(2 * k, 0.0);
    std::fill_n(theta.begin(), k, 1.0);
    fit_report report;
    if (samples.counts().weight > 0) {
      detail::class_lines_nll objective(samples, input, 0, {});
      std::vector<double> gradient(2 * k);
      report.objective_before = objective.at(theta, gradient);
      report.passes = 2;
      detail::newton_cg(objective, theta, o.max_iterations, report);
    } else {
      report.note = "no samples with a weight: nothing is changed";
    }
    report.fitted_on = samples.kind();
    return {{theta.begin(), theta.begin() + static_cast<std::ptrdiff_t>(k)},
            {theta.begin() + static_cast<std::ptrdiff_t>(k), theta.end()},
            std::move(report)};
  }

  [[nodiscard]] const std::vector<double>& slopes() const noexcept { return slopes_; }
  [[nodiscard]] const std::vector<double>& intercepts() const noexcept { return intercepts_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (std::size_t i = 0; i < n; ++i, rows += k)
      for (std::size_t j = 0; j < k; ++j) rows[j] = slopes_[j] * rows[j] + intercepts_[j];
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"slopes", slopes_}, {"intercepts", intercepts_}};
  }
  static vector_scaling from_parameters(const parameter_reader& p) {
    return {p.list("slopes"), p.list("intercepts"), p.report()};
  }

 private:
  std::vector<double> slopes_, intercepts_;
};

}  // namespace calibra
