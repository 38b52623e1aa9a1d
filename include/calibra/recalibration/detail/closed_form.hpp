// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra::detail {

/// The report of a map of P(y = 1) in closed form: its mean squared errors, before and after.
/// `value(i)` is what becomes of every score of block i.
template<class Value>
fit_report closed_form_report(const binary_samples& samples, const std::vector<pooled_block>& tied,
                              const Value& value) {
  double before = 0, after = 0, weight = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double miss = samples.pairs.confidence(i) - (samples.pairs.hit(i) ? 1 : 0);
    before += samples.pairs.weight(i) * miss * miss;
  }
  for (std::size_t i = 0; i < tied.size(); ++i) {
    after += tied[i].squared_error(value(i));
    weight += tied[i].weight;
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
