// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "accumulator.hpp"

#include <utility>

#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/archive.hpp"
#include "calibra/evaluate/evidence_of.hpp"
#include "without_lock.hpp"

namespace calibra::python {

using calibra::detail::concat;

void accumulator::add(const data& d) {
  if (d.multilabel())
    throw option_error(concat(d.where(), ": multilabel: expected one label a sample"));
  options o = settings_.as_options(d.form() == score_form::confidences);
  expect_possible(d, settings_);
  d.put_columns(o);
  const metric_list list = settings_.asked_metrics();
  merge(without_lock(d.where(), o, [&] {
    const auto gather = [&](const auto&... given) { return evidence_of(given..., list, o); };
    if (d.form() == score_form::confidences)
      return d.with_confidences(
          [&](const auto& view) { return gather(confidences(view, d.labels())); });
    return d.with_scores([&](const auto& scores) { return gather(scores, d.labels()); });
  }));
}

void accumulator::merge(const accumulator& other) {
  if (other.evidence_) merge(evidence(*other.evidence_));
}

void accumulator::merge(evidence more) {
  if (evidence_)
    *evidence_ += more;
  else
    evidence_ = std::move(more);
}

result accumulator::compute(std::string from, std::vector<std::string> class_names) const {
  result out;
  static_cast<evaluation&>(out) = calibra::evaluate(so_far(), settings_.asked_metrics());
  if (!class_names.empty() && class_names.size() != out.classes)
    throw shape_error(concat(settings_.where, ": class_names: expected ", out.classes,
                             " names, got ", class_names.size()));
  out.class_names = std::move(class_names);
  out.from = std::move(from);
  out.made_with = settings_;
  return out;
}

const evidence& accumulator::so_far() const {
  if (!evidence_) throw option_error(concat(settings_.where, ": nothing was added"));
  return *evidence_;
}

std::string accumulator::bytes() const {
  return to_bytes(so_far());
}

void accumulator::load(std::string_view bytes) {
  try {
    // Which of the two conventions it is depends on the scores; only the name is in the bytes.
    evidence e = evidence_from_bytes(bytes, settings_.where, settings_.as_options(false).like);
    if (e.kind == evidence_kind::confidences) e.like = settings_.as_options(true).like;
    evidence_ = std::move(e);
  } catch (const io_error& e) {
    throw value_error(e.what());
  }
}

}  // namespace calibra::python
