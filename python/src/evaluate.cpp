// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "evaluate.hpp"

#include <utility>

#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/svg.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/interval/report.hpp"
#include "without_lock.hpp"

namespace calibra::python {

namespace {

using calibra::detail::concat;

std::string word(score_form form) {
  return form == score_form::logits          ? "logits"
         : form == score_form::probabilities ? "probabilities"
                                             : "confidences";
}

result of_labels(const data& d, const settings& s, const options& o) {
  result out;
  const metric_list list = s.metrics ? s.asked_metrics() : calibra::detail::metrics_of_labels(o);
  static_cast<evaluation&>(out) = d.with_multilabel(
      [&](const auto& scores) { return calibra::evaluate(scores, d.targets(), list, o); });
  return out;
}

result measured(const data& d, const settings& s, const options& o,
                const std::optional<interval_options>& intervals) {
  if (d.multilabel()) return of_labels(d, s, o);
  const metric_list list = s.asked_metrics();
  const auto measure = [&](const auto&... given) {
    result out;
    if (!intervals) {
      static_cast<evaluation&>(out) = calibra::evaluate(given..., list, o);
      return out;
    }
    interval_report r = calibra::intervals(given..., list, o, *intervals);
    static_cast<evaluation&>(out) = std::move(r.values);
    out.intervals = std::move(r.intervals);
    return out;
  };
  if (d.form() == score_form::confidences)
    return d.with_confidences(
        [&](const auto& view) { return measure(confidences(view, d.labels())); });
  return d.with_scores([&](const auto& scores) { return measure(scores, d.labels()); });
}

}  // namespace

void expect_possible(const data& d, const settings& s) {
  if (s.renormalise && d.form() != score_form::probabilities)
    throw option_error(concat(d.where(), ": renormalise: only for probabilities"));
  if (s.per_class && !d.multilabel() && d.one_number())
    throw option_error(concat(d.where(), ": per_class: expected scores of samples x classes"));
}

result evaluate(const data& d, const settings& s, const std::optional<interval_options>& intervals,
                std::vector<std::string> class_names) {
  const bool plain = d.multilabel() || d.form() == score_form::confidences;
  options o = s.as_options(plain);
  expect_possible(d, s);
  if (intervals && d.multilabel())
    throw option_error(concat(d.where(), ": interval: expected one label a sample"));
  if (!class_names.empty() && class_names.size() != d.classes())
    throw shape_error(concat(d.where(), ": class_names: expected ", d.classes(), " names, got ",
                             class_names.size()));
  d.put_columns(o);
  result out = without_lock(d.where(), o, [&] { return measured(d, s, o, intervals); });
  if (out.entries == 0)
    throw shape_error(concat(d.where(), ": no samples left: ", out.skipped,
                             " have scores that are not numbers, the rest are left out by "
                             "ignore_label, valid or weights"));
  out.class_names = std::move(class_names);
  out.from = word(d.form());
  out.made_with = s;
  out.asked_intervals = intervals;
  return out;
}

interval_report result::with_intervals() const {
  return {*this, intervals, asked_intervals->level, asked_intervals->replicates};
}

std::string result::text() const {
  const report_options shown{.from = from,
                             .convention = std::string(made_with.named_convention().name),
                             .equal_mass = made_with.scheme == "equal_mass",
                             .side = made_with.effective_side()};
  if (!asked_intervals) return to_text(*this, shown);
  return to_text(with_intervals(), shown);
}

std::string result::svg(const std::string& title, bool dark) const {
  const theme of = dark ? theme::dark : theme::light;
  if (!asked_intervals) return to_svg(reliability_diagram(*this, title), of);
  return to_svg(reliability_diagram(with_intervals(), title), of);
}

}  // namespace calibra::python
