// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "inputs.hpp"
#include "measure.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

options make_options(const eval_request& request) {
  options o = row_options_of(request.data);
  o.bins = request.bins;
  o.scheme = request.scheme;
  o.per_class = request.classwise;
  convention like = conventions::find(request.like);
  if (request.side) {
    if (like.side)
      throw option_error(concat("--edges: the convention ", like.name, " has its own"));
    o.side = *request.side;
  }
  if (request.target) {
    if (request.sigmoid || request.data.from == score_form::confidences)
      throw option_error("--target: only for binary scores, not for --sigmoid or confidences");
    o.binary = *request.target;
    like.binary = *request.target;
    like.binary_equal_mass = *request.target;
  }
  // Confidences and the labels of multi-label scores are taken as they are.
  if (request.sigmoid || request.data.from == score_form::confidences) {
    like.binary.reset();
    like.binary_equal_mass.reset();
  }
  o.like = like;
  return o;
}

/// Targets of any type as integers that lie as the scores do.
template<class T>
std::vector<std::int64_t> target_elements(const io::array& labels, matrix_view<const T> scores) {
  std::vector<std::int64_t> elements(scores.rows() * scores.cols());
  const matrix_view<std::int64_t> out(elements.data(), scores.rows(), scores.cols());
  labels.visit_elements([&](auto targets) {
    for (std::size_t i = 0; i < targets.rows(); ++i)
      for (std::size_t l = 0; l < targets.cols(); ++l) {
        const double x = io::detail::as_double(targets(i, l));
        if (!(std::abs(x) < 1e15) || x != std::floor(x))
          throw value_error(concat("target ", x, " at row ", i, ", column ", l, " is not 0 or 1"));
        out(i, l) = static_cast<std::int64_t>(x);
      }
  });
  return elements;
}

evaluation of_labels(const inputs& in, const eval_request& request, const metric_list* metrics,
                     const options& o) {
  if (request.data.from == score_form::confidences)
    throw option_error("--sigmoid: expected --from logits or probabilities, got confidences");
  if (in.labels.shape().size() != 2 || in.scores.shape().size() != 2 ||
      in.labels.shape()[1] != in.scores.shape()[1])
    throw shape_error(concat("labels: expected samples x labels of shape ", in.scores.shape_text(),
                             " as in ", in.scores.name(), ", got ", in.labels.shape_text()));
  const score_kind kind = request.data.from == score_form::logits
                              ? score_kind::multilabel_logits
                              : score_kind::multilabel_probabilities;
  return in.scores.visit_scores([&](auto scores) {
    const std::vector<std::int64_t> targets = target_elements(in.labels, scores);
    return measure_labels(
        kind, scores, matrix_view<const std::int64_t>(targets.data(), scores.rows(), scores.cols()),
        metrics, o);
  });
}

evaluation measured(const eval_request& request, const inputs& in, const options& o) {
  const metric_list list =
      request.metrics.empty() ? all_metrics() : all_metrics().only(request.metrics);
  if (request.sigmoid) return of_labels(in, request, request.metrics.empty() ? nullptr : &list, o);
  const bool confidences = request.data.from == score_form::confidences;
  if (o.per_class && (in.binary() || confidences))
    throw option_error(concat("--classwise: expected scores of samples x classes, got ",
                              in.scores.name(), " of shape ", in.scores.shape_text()));
  const io::label_column labels = io::labels(in.labels);
  if (confidences)
    return in.scores.visit_vector([&](auto view) {
      return measure(score_kind::binary_probabilities, true, view, labels, list, o);
    });
  return with_scores(in.scores, request.data.from, [&](score_kind kind, auto view) {
    return measure(kind, false, view, labels, list, o);
  });
}

}  // namespace

report evaluate_files(const eval_request& request) {
  options o = make_options(request);
  const inputs in = load_inputs(request.data, request.proximity);
  progress_line progress(in.rows());
  o.progress = progress.hook();
  report r = naming_files(in.names(), [&] {
    return with_column(in.weights, [&](optional_column<double> weights) {
      o.weights = std::move(weights);
      return with_column(in.proximity, [&](optional_column<double> proximity) {
        o.proximity = std::move(proximity);
        return measured(request, in, o);
      });
    });
  });
  if (r.entries == 0)
    throw shape_error(concat(in.scores.name(), ": no samples left of ", in.rows(), ": ", r.skipped,
                             " have scores that are not numbers, the rest the label to ignore"));
  return r;
}

}  // namespace calibra::cli
