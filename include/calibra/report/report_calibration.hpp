// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/detail/float_bits.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/nll.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/report/calibration_report.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// Measures all metrics with their intervals, makes all tests, fits a temperature, and measures the
/// scores again as `model`, where it is not null, maps them. With o.per_class pictures show the
/// classes. No temperature fits a label whose probability is 0: then there is none. Shapes, errors
/// and NaN as evaluate(). Cost: that of intervals() and of test_calibration(). Reports cannot be
/// merged.
template<wrapped_scores S, class L>
[[nodiscard]] calibration_report report_calibration(const S& scores, const L& labels,
                                                    const options& o = {},
                                                    const recalibrator* model = nullptr) {
  calibration_report r{.values = intervals(scores, labels, all_metrics(), o),
                       .pairs = collect(scores, labels, o),
                       .tests = test_calibration(scores, labels, o)};
  options again = o;
  again.progress = {};
  again.per_class = false;
  options plain = again;
  plain.like = {};
  const double loss =
      o.like ? evaluate(scores, labels, {nll}, plain)[nll.name()] : r.values.values[nll.name()];
  if (detail::is_finite(loss)) {
    const auto t = fit<temperature_scaling>(scores, labels, again);
    r.temperature = t.temperature();
    r.tempered = evaluate(recalibrated(t, scores), labels, {ece, nll, accuracy}, again);
  }
  if (model != nullptr)
    r.applied = evaluate(recalibrated(*model, scores), labels, all_metrics(), again);
  return r;
}

/// Of confidences(c, hit): no temperature, and no test that needs classes.
template<class C, class H>
[[nodiscard]] calibration_report report_calibration(const confidence_pairs<C, H>& given,
                                                    const options& o = {}) {
  return {.values = intervals(given, all_metrics(), o),
          .pairs = collect(given, o),
          .tests = test_calibration(given, o)};
}

}  // namespace calibra
