// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/class_matrix.hpp"
#include "calibra/recalibration/detail/mixed_temperature.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// Weights of a penalty on what is off the diagonal of a matrix and on the intercepts.
struct odir_options {
  double off_diagonal = 1e-3;
  double intercept = 1e-3;
  std::size_t max_iterations = 200;
  template<class O, class F>
  static void each(O& o, const F& f) {
    f("off_diagonal", o.off_diagonal);
    f("intercept", o.intercept);
    f("max_iterations", o.max_iterations);
  }
};

struct odir_fit {
  class_matrix map;
  fit_report report;
};

/// Fits softmax(W x + b) with that penalty. x: logarithms of probabilities, and logits as they are
/// or as the logarithms of their softmax.
inline odir_fit fit_odir(std::string_view where, const class_samples& samples,
                         const odir_options& o, bool of_softmax = false) {
  for (const double weight : {o.off_diagonal, o.intercept})
    if (!(weight >= 0) || !is_finite(weight))
      throw option_error(concat(where,
                                ": expected finite weights of the penalty, not negative, got ",
                                o.off_diagonal, " and ", o.intercept));
  fit_report report;
  const mixed_temperature logarithms(where, 1, 0);
  const bool softmax_first = of_softmax && samples.kind() == score_kind::logits;
  class_matrix_nll objective(samples, {.off_diagonal = o.off_diagonal, .intercept = o.intercept},
                             softmax_first ? &logarithms : nullptr);
  std::vector<double> theta = objective.unchanged();
  if (samples.weight() > 0) {
    report.passes = 1;  // that which checked the input
    report.objective_before = newton_cg(objective, theta, o.max_iterations, report);
    note_told_apart(report);
  } else {
    report.note = nothing_to_fit;
  }
  report.fitted_on = samples.kind();
  return {class_matrix_nll::map_of(where, theta, samples.classes()), std::move(report)};
}

}  // namespace calibra::detail
