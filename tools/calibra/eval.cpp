// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <limits>
#include <string>
#include <utility>

#include "calibra/conventions/convention.hpp"
#include "calibra/error.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "inputs.hpp"
#include "measure.hpp"
#include "multilabel.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

evaluate_options make_options(const eval_request& request) {
  evaluate_options e;
  e.rows = row_options(request.data);
  e.rows.bins = request.bins;
  e.rows.scheme = request.scheme;
  e.like = conventions::find(request.like);
  e.metrics = request.metrics;
  e.per_class = request.classwise;
  if (request.side) {
    if (e.like.name != conventions::calibra.name)
      throw option_error(concat("--edges: the convention ", e.like.name, " has its own"));
    e.rows.side = *request.side;
  }
  // Confidences and the labels of multi-label scores are taken as they are.
  std::optional<binary_target> target = request.target;
  if (request.sigmoid || request.data.from == score_form::confidences) {
    if (target)
      throw option_error("--target: only for binary scores, not for --sigmoid or confidences");
    target = binary_target::positive_class;
  }
  if (target) {
    e.rows.binary = *target;
    e.like.binary = *target;
    e.like.binary_equal_mass = *target;
  }
  return e;
}

report make_report(const evaluation& e) {
  report r{e.samples, e.samples, e.skipped, e.classes, {}, e.table, e.ece_per_class};
  for (const metric_value& m : e.metrics) r.metrics.push_back({std::string(m.name), m.value});
  return r;
}

report of_scores(const inputs& in, score_form from, const evaluate_options& e) {
  const io::label_column labels = io::labels(in.labels);
  return with_scores(in.scores, from, [&](score_kind kind, auto view) {
    return make_report(measure(kind, view, labels, e));
  });
}

/// Pairs (confidence, hit) enter as P(event) with the event. There is no predicted class: what is
/// said about one is undefined, and the accuracy is that of the hits.
report of_confidences(const inputs& in, const evaluate_options& e) {
  const io::label_column hits = io::labels(in.labels);
  return in.scores.visit_vector([&](auto view) {
    report r = make_report(measure(score_kind::binary_probabilities, view, hits, e));
    evaluate_options plain;
    plain.rows = e.rows;
    plain.metrics = {"ece"};
    const evaluation pairs = measure(score_kind::binary_probabilities, view, hits, plain);
    for (named_value& m : r.metrics) {
      if (m.name == "accuracy") m.value = accuracy(pairs.table);
      if (m.name == "nll" || m.name == "brier") m.value = std::numeric_limits<double>::quiet_NaN();
    }
    r.classes = 0;
    return r;
  });
}

report measured(const eval_request& request, const inputs& in, const evaluate_options& e) {
  if (request.sigmoid) return of_multilabel(in, request.data.from, e);
  if (e.per_class && (in.binary() || request.data.from == score_form::confidences))
    throw option_error(concat("--classwise: expected scores of samples x classes, got ",
                              in.scores.name(), " of shape ",
                              io::detail::shape_text(in.scores.shape())));
  if (request.data.from == score_form::confidences) return of_confidences(in, e);
  return of_scores(in, request.data.from, e);
}

}  // namespace

report evaluate_files(const eval_request& request) {
  evaluate_options e = make_options(request);
  if (request.sigmoid) check_multilabel_request(request);
  const inputs in = load_inputs(request.data, request.proximity);
  progress_line progress(in.rows());
  e.rows.progress = progress.hook();
  const report r = naming_files(in.names(), [&] {
    return with_column(in.weights, [&](optional_column<double> weights) {
      e.rows.weights = std::move(weights);
      return with_column(in.proximity, [&](optional_column<double> proximity) {
        e.proximity = std::move(proximity);
        return measured(request, in, e);
      });
    });
  });
  if (r.entries == 0)
    throw shape_error(concat(in.scores.name(), ": no samples left of ", in.rows(), ": ", r.skipped,
                             " have scores that are not numbers, the rest the label to ignore"));
  return r;
}

}  // namespace calibra::cli
