// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "report.hpp"

#include <string>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/hypothesis/skce.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/nll.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/report/html.hpp"
#include "diagnostics.hpp"
#include "diagrams.hpp"
#include "evaluate.hpp"
#include "without_lock.hpp"

namespace calibra::python {

namespace {

using calibra::detail::concat;

/// Metrics of the scores as the model maps them.
evaluation evaluate_recalibrated(const data& d, const settings& s, const recalibrator& model,
                                 const metric_list& list) {
  options o = s.as_options(false);
  o.per_class = false;
  d.put_columns(o);
  return without_lock(d.where(), o, [&] {
    return d.with_scores([&](const auto& scores) {
      return calibra::evaluate(recalibrated(model, scores), d.labels(), list, o);
    });
  });
}

}  // namespace

std::string html_report(const data& d, settings s, const report_request& request) {
  if (d.multilabel())
    throw option_error(concat(d.where(), ": multilabel: expected one label a sample"));
  const bool of_classes = d.form() != score_form::confidences;
  if (!of_classes && (request.by || request.applied != nullptr))
    throw option_error(concat(d.where(), ": by and apply: expected logits or probabilities"));
  if (request.applied != nullptr && request.applied->alone == nullptr)
    throw option_error(concat(d.where(), ": apply: expected a model that takes scores alone"));
  if (request.by == "predicted" && d.one_number())
    throw option_error(concat(d.where(), ": by: 'predicted' is for samples x classes"));
  s.per_class = of_classes && !d.one_number();

  const result values = evaluate(d, s, interval_options{}, request.class_names);
  calibration_report r{.values = values.with_intervals(),
                       .pairs = pairs_of(d, s),
                       .tests = test_calibration(d, s, {}, 0)};
  if (!of_classes) std::erase_if(r.tests, [](const auto& t) { return t.name == skce_test.name(); });
  if (of_classes && calibra::detail::is_finite(values[nll.name()])) {
    const model temperature = fit_model(d, s, "temperature", {}, 2).fitted;
    for (const parameter& p : temperature.parameters())
      if (p.name == "temperature") r.temperature = p.values[0];
    r.tempered = evaluate_recalibrated(d, s, *temperature.alone, {ece, nll, accuracy});
  }
  if (request.applied != nullptr)
    r.applied = evaluate_recalibrated(d, s, *request.applied->alone, all_metrics());
  if (request.by) {
    s.metrics = std::vector{std::string(accuracy.name()), std::string(ece.name())};
    r.groups = evaluate_by(d, s);
    if (!request.by->empty()) name_groups(*r.groups, request.class_names);
  }
  html_options page{.by = request.by.value_or("")};
  if (!request.title.empty()) page.title = request.title;
  options none;
  return without_lock(d.where(), none, [&] { return to_html(r, page); });
}

}  // namespace calibra::python
