// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/predicted_temperatures.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Temperature scaling with a temperature for each predicted class: softmax(z / T_c), c the class
/// of the largest logit, the first of equal ones. Each T_c in [1/1024, 1024] minimises the mean NLL
/// of the samples that predict c.
///
/// Scores: N x K; of probabilities z = log p, clipped at that of the least normal float; a masked
/// class (-inf) is taken as 700 below its row's largest.
/// A class that no sample predicts, and one whose likelihood grows towards T = 0, as where every
/// prediction is right, or does not depend on T, takes the temperature of all samples together; the
/// report then has not converged, and its note counts such classes.
/// Options: max_iterations, of the search for all samples and of that for each class.
/// Certificate: the mean NLL, convex in each 1 / T_c; the largest slope in one of those that have
/// an optimum. It is never above that of one temperature for all. No samples: nothing is changed.
/// Cost: O(N K) a pass; some five passes for all samples, and as many again for all classes at
/// once; O(K) numbers a thread, no copy of the scores. Keeps: the order of the classes in a row, so
/// the prediction; not that of confidences of different classes. Fits of two data sets cannot be
/// merged.
/// Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2, class by
/// class of the prediction as in Frenkel and Goldberger, "Network calibration by class-based
/// temperature scaling", EUSIPCO 2021, which chooses temperatures by a grid search.
class classwise_temperature final : public detail::recalibrator_of<classwise_temperature> {
 public:
  static constexpr recalibrator_info info{
      .name = "classwise_temperature",
      .map = "softmax(z / T_c), one T for each predicted class c",
      .objective = "nll",
      .keeps = "the order of the classes, so the prediction",
      .source = "Frenkel and Goldberger, EUSIPCO 2021",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::logits;
  struct options {
    std::size_t max_iterations = 64;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("max_iterations", o.max_iterations);
    }
  };

  /// Throws value_error unless there is a temperature, and each and its inverse are finite and > 0.
  explicit classwise_temperature(std::vector<double> temperatures, fit_report report = {})
      : recalibrator_of(temperatures.size(), std::move(report)),
        temperatures_(std::move(temperatures)) {
    if (temperatures_.empty())
      throw value_error("classwise_temperature(): expected a temperature a class, got none");
    for (std::size_t c = 0; c < temperatures_.size(); ++c)
      if (!(temperatures_[c] > 0) || !detail::is_finite(temperatures_[c]) ||
          !detail::is_finite(1 / temperatures_[c]))
        throw value_error(detail::concat("classwise_temperature(): temperature ", temperatures_[c],
                                         " of class ", c, " is not a finite number > 0"));
  }

  static classwise_temperature fit(const class_samples& samples, const options& o) {
    fit_report report;
    report.fitted_on = samples.kind();
    std::vector<double> temperatures(samples.classes(), 1.0);
    if (!(samples.weight() > 0)) {
      report.note = detail::nothing_to_fit;
      return classwise_temperature(std::move(temperatures), std::move(report));
    }
    const detail::predicted_betas found =
        detail::fit_predicted_betas(samples, o.max_iterations, report);
    for (std::size_t c = 0; c < temperatures.size(); ++c) temperatures[c] = 1 / found.beta[c];
    report.note.clear();
    const auto say = [&](std::size_t classes, const char* what) {
      if (classes != 0)
        report.note +=
            detail::concat(report.note.empty() ? "" : "; ", "classes ", what, ": ", classes);
    };
    say(found.unpredicted, "that no sample predicts, at the temperature of all samples");
    say(found.without_optimum, "without an optimum, at the temperature of all samples");
    say(found.at_bound, "whose scores tell nothing, at T = 1024");
    say(found.unfinished, "out of iterations");
    report.converged = report.note.empty();
    return classwise_temperature(std::move(temperatures), std::move(report));
  }

  /// T of each class.
  [[nodiscard]] const std::vector<double>& temperatures() const noexcept { return temperatures_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (std::size_t i = 0; i < n; ++i, rows += k) {
      const double t = temperatures_[detail::predicted_class(rows, k)];
      for (std::size_t j = 0; j < k; ++j) rows[j] /= t;
    }
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"temperatures", temperatures_}};
  }
  static classwise_temperature from_parameters(const parameter_reader& p) {
    return classwise_temperature(p.list("temperatures"), p.report());
  }

 private:
  std::vector<double> temperatures_;
};

}  // namespace calibra
