// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>

#include "calibra/recalibration/detail/bracketed_newton.hpp"
#include "calibra/recalibration/detail/tempered_pass.hpp"
#include "calibra/recalibration/fit_report.hpp"

namespace calibra::detail {

/// Fitted temperatures lie in [1 / 1024, 1024].
inline constexpr double hottest = 1024;

struct temperature_fit {
  double temperature = 1;
  fit_report report;
};

/// A starting point from every 31st row, or 13th, 7th, 3rd: primes, so that no period in the order
/// of the rows is met in step. A part is large enough where its optimum is good to 5 % as far as
/// the curvature tells: where few rows are in doubt, few tell where it is.
inline double warm_start(const fit_passes& pass, newton_rules rules, fit_report& report) {
  double start = 1;
  rules.tolerance = 1e-3;
  for (const std::size_t step : std::initializer_list<std::size_t>{31, 13, 7, 3}) {
    if (pass.rows() / step < (step == 3 ? 30 : 1000)) continue;
    bracketed_newton search([&](double beta) { return pass.at(beta, step); }, rules);
    const newton_result found = search.run(start);
    report.iterations += found.evaluations;
    report.partial_passes += static_cast<double>(found.evaluations) / static_cast<double>(step);
    // A part that has no optimum says nothing about where that of all rows is.
    if (found.end != newton_end::converged) continue;
    start = found.x;
    const auto n = static_cast<double>(pass.rows() / step);
    if (n * found.curvature * start * start >= 400) break;
  }
  return start;
}

/// The search for 1 / T. The mean NLL is convex in it.
inline temperature_fit fit_temperature(const fit_passes& pass, std::size_t max_iterations,
                                       bool warm) {
  temperature_fit out;
  fit_report& report = out.report;
  report.note.clear();
  const tempered_sums sums = pass.run(1.0, true);
  const slope one = pass.means(1.0, sums);
  report.passes = 1;
  report.iterations = 1;
  report.objective_before = report.objective_after = one.value;
  if (is_nan(one.gradient)) {
    report.note = "no samples with a weight: T = 1";
    return out;
  }
  newton_rules rules{.lower = 1 / hottest, .upper = hottest};

  const double start = warm && sums.beaten ? warm_start(pass, rules, report) : 1.0;
  rules.tolerance = std::max(1e-8, 4 * pass.epsilon());
  rules.evaluations = max_iterations;
  bracketed_newton search([&](double beta) { return pass.at(beta); }, rules);
  // Labels that nothing beats have no optimum below T = 0.
  const newton_result found = sums.beaten ? search.run(start, one) : search.plateau(1.0);
  report.iterations += found.evaluations;
  report.passes += found.evaluations;
  report.objective_after = found.value;
  report.gradient = std::abs(found.gradient);
  report.converged = found.end == newton_end::converged;
  out.temperature = 1 / found.x;
  switch (found.end) {
    case newton_end::converged:
      break;
    case newton_end::at_upper:
      report.note = "the likelihood grows as T falls to 0 (separable samples): T = 1/1024";
      break;
    case newton_end::at_lower:
      report.note = "the likelihood grows as T rises (the scores tell nothing): T = 1024";
      break;
    case newton_end::flat:
      report.note = "every T gives the same likelihood: T = 1";
      out.temperature = 1;
      report.objective_after = report.objective_before;
      break;
    case newton_end::gave_up:
      report.note = "out of iterations";
      break;
  }
  return out;
}

}  // namespace calibra::detail
