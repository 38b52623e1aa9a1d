// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra::detail {

/// The report of a map of P(y = 1) in closed form: its mean squared errors, before and after.
template<class Map>
fit_report closed_form_report(const binary_samples& samples, const std::vector<pooled_block>& tied,
                              const Map& map) {
  double before = 0, after = 0, weight = 0;
  for (const pooled_block& b : tied) {
    before += b.squared_error(b.first);
    after += b.squared_error(map(b.first));
    weight += b.weight;
  }
  fit_report report;
  report.fitted_on = samples.kind;
  report.passes = 1;
  report.converged = !tied.empty();
  report.note = tied.empty() ? "no samples with a weight" : "";
  if (tied.empty()) return report;
  report.objective_before = before / weight;
  report.objective_after = after / weight;
  return report;
}

}  // namespace calibra::detail
