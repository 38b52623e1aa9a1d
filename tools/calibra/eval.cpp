// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/archive.hpp"
#include "calibra/evaluate/evidence_of.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/groups/report.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/rows/parallel.hpp"
#include "inputs.hpp"
#include "kept_shards.hpp"
#include "memory_limit.hpp"
#include "processes.hpp"
#include "progress.hpp"
#include "recalibrate.hpp"
#include "report.hpp"
#include "shards.hpp"

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
    if (request.data.sigmoid || request.data.from == score_form::confidences)
      throw option_error("--target: only for binary scores, not for --sigmoid or confidences");
    o.binary = *request.target;
    like = like.binned_as(request.target);
  }
  // Confidences and the labels of multi-label scores are taken as they are.
  if (request.data.sigmoid || request.data.from == score_form::confidences)
    like = like.binned_as({});
  o.like = like;
  return o;
}

/// Targets of any type as integers, row after row.
std::vector<std::int64_t> target_elements(const io::array& targets) {
  std::vector<std::int64_t> elements;
  elements.reserve(targets.shape()[0] * targets.shape()[1]);
  targets.visit_elements([&](auto view) {
    for (std::size_t i = 0; i < view.rows(); ++i)
      for (std::size_t l = 0; l < view.cols(); ++l) {
        const double x = io::detail::as_double(view(i, l));
        if (!(std::abs(x) < 1e15) || x != std::floor(x))
          throw value_error(concat("target ", x, " at row ", i, ", column ", l, " is not 0 or 1"));
        elements.push_back(static_cast<std::int64_t>(x));
      }
  });
  return elements;
}

/// `metrics`: null for those that are defined for labels.
evaluation of_labels(const inputs& in, const eval_request& request, const metric_list* metrics,
                     const options& o) {
  if (request.data.from == score_form::confidences)
    throw option_error("--sigmoid: expected --from logits or probabilities, got confidences");
  if (in.labels.shape().size() != 2 || in.scores.shape().size() != 2 ||
      in.labels.shape()[1] != in.scores.shape()[1])
    throw shape_error(concat("labels: expected samples x labels of shape ", in.scores.shape_text(),
                             " as in ", in.scores.name(), ", got ", in.labels.shape_text()));
  const metric_list defined = metrics == nullptr ? detail::metrics_of_labels(o) : *metrics;
  const std::vector<std::int64_t> elements = target_elements(in.labels);
  const matrix_view<const std::int64_t> targets(elements.data(), in.rows(), in.labels.shape()[1]);
  return in.scores.visit_native_scores([&](auto scores) {
    return request.data.from == score_form::logits
               ? evaluate(multilabel_logits(scores), targets, defined, o)
               : evaluate(multilabel_probabilities(scores), targets, defined, o);
  });
}

/// By the groups that --by says.
template<class S, class L>
group_report of_groups(const eval_request& request, const inputs& in, const S& scores,
                       const L& labels, const metric_list& list, options o) {
  const metric_list metrics = group_metrics(list);
  o.progress = {};  // the rows are walked again
  o.per_class = false;
  return with_groups(in, request.by, scores, labels, [&](const auto& groups) {
    return evaluate_by(scores, labels, groups, metrics, o);
  });
}

metric_list asked_metrics(const eval_request& request) {
  return request.metrics.empty() ? all_metrics() : all_metrics().only(request.metrics);
}

/// `found`: where what the metrics are made of is to be put; null to measure it.
report measured(const eval_request& request, const inputs& in, const options& o,
                std::optional<evidence>* found) {
  const metric_list list = asked_metrics(request);
  if (request.data.sigmoid)
    return {of_labels(in, request, request.metrics.empty() ? nullptr : &list, o), {}};
  const auto measure = [&](const auto&... given) -> report {
    report out;
    if (found != nullptr) {
      *found = evidence_of(given..., list, o);
      return out;
    }
    if (request.interval) {
      interval_report r = intervals(given..., list, o, request.intervals);
      out = {std::move(r.values), std::move(r.intervals)};
    } else {
      out = {evaluate(given..., list, o), {}};
    }
    if constexpr (sizeof...(given) == 2)
      if (!request.by.empty()) out.groups = of_groups(request, in, given..., list, o);
    return out;
  };
  const bool confidences = request.data.from == score_form::confidences;
  if (o.per_class && (in.binary() || confidences))
    throw option_error(concat("--classwise: expected scores of samples x classes, got ",
                              in.scores.name(), " of shape ", in.scores.shape_text()));
  const io::label_column labels = labels_of(in);
  if (confidences)
    return in.scores.visit_native_vector(
        [&](auto view) { return measure(calibra::confidences(view, labels)); });
  if (request.apply.empty())
    return with_scores(in, request.data.from,
                       [&](const auto& scores) { return measure(scores, labels); });
  const saved_model model = load_model(request.apply, in.proximity.has_value());
  return with_scores(in, request.data.from, [&](const auto& scores) {
    if (model.alone) return measure(recalibrated(*model.alone, scores), labels);
    row_options mapped = o;
    mapped.progress = {};            // the rows are walked again
    mapped.nan = nan_policy::count;  // what comes out NaN is left to the measure
    std::vector<double> near(in.rows());
    o.proximity.get().load(0, near.size(), near.data());
    for (std::size_t i = 0; o.ignore_label && i < near.size(); ++i)
      if (labels[i] == *o.ignore_label) near[i] = 0;
    const auto p = model.with_proximity->transform(scores, near, mapped);
    if constexpr (calibra::detail::is_one_number(std::remove_cvref_t<decltype(scores)>::kind))
      return measure(binary_probabilities(p), labels);
    else
      return measure(probabilities(p), labels);
  });
}

/// Whether the answer is put together from evidence.
bool merges(const eval_request& request) {
  return request.shards.size() > 1 || all_processes().count > 1 || !request.save_evidence.empty() ||
         !request.resume.empty();
}

/// What cannot be asked of several files, or of evidence.
void expect_mergeable(const eval_request& request) {
  if (request.data.sigmoid || !request.by.empty() || !request.proximity.empty() ||
      !request.data.cluster.empty() || !request.data.stratum.empty())
    throw option_error(
        "several files, --save-evidence and --resume: not with --sigmoid, --by, --proximity, "
        "--cluster or --stratum");
  if (request.target && !request.save_evidence.empty())
    throw option_error("--save-evidence: not with --target, which evidence does not keep");
  if (!request.interval) return;
  for (const auto& [file, flag] :
       {std::pair(request.save_evidence, "--save-evidence"), std::pair(request.resume, "--resume")})
    if (!file.empty())
      throw option_error(concat(flag, ": not with --interval, which keeps every row"));
  if (all_processes().count > 1)
    throw option_error("--interval: keeps every row, and cannot be asked of several processes");
}

/// Adds up what the files of this process come to; nothing where it has none.
std::optional<evidence> sum_of_shards(const eval_request& request,
                                      const std::vector<data_request>& shards, options o) {
  const auto [own, count] = all_processes();
  const auto [first, last] = calibra::detail::range_of(
      shards.size(), static_cast<std::size_t>(count), static_cast<std::size_t>(own));
  // Where each file is kept, if it is, and how many are still to be read.
  std::vector<std::string> places;
  std::size_t read = 0, to_read = last - first;
  if (!request.resume.empty()) {
    const kept_shards kept(request.resume, request);
    for (std::size_t i = first; i < last; ++i) {
      places.push_back(kept.file_of(shards[i]));
      if (kept_shards::has(places.back())) --to_read;
    }
  }
  std::optional<evidence> sum;
  progress_line progress;
  for (std::size_t i = first; i < last; ++i) {
    const data_request& shard = shards[i];
    const std::string place = places.empty() ? "" : places[i - first];
    try {
      std::optional<evidence> found;
      if (!place.empty() && kept_shards::has(place)) {
        found = kept_shards::load(place, o.like);
      } else {
        const inputs in = load_inputs(shard);
        progress.begin(in.rows(), ++read, to_read);
        o.progress = progress.hook();
        naming_files(in.names(),
                     [&] { with_columns(in, o, [&] { measured(request, in, o, &found); }); });
        if (!place.empty()) save_evidence(place, *found);
      }
      add(sum, *std::move(found));
    } catch (const option_error& e) {
      throw option_error(concat(shard.scores, ": ", e.what()));
    }
  }
  return sum;
}

/// To the first process, what all of them found, in the order of the files; to others what they
/// found themselves.
std::optional<evidence> sum_of_processes(std::optional<evidence> own, const options& o) {
  if (!all_processes().first()) {
    send_to_first(own ? to_bytes(*std::move(own)) : std::string());
    return {};
  }
  for (int from = 1; from < all_processes().count; ++from) {
    const std::string bytes = received_from(from);
    if (bytes.empty()) continue;
    add(own, evidence_from_bytes(bytes, concat("process ", from), o.like));
  }
  return own;
}

/// Measures several files as one, and keeps what the metrics are made of. In processes but the
/// first there is nothing to tell.
report gathered(const eval_request& request, const std::vector<data_request>& shards, options o) {
  o.keep_rows = request.interval;
  std::optional<evidence> sum = sum_of_processes(sum_of_shards(request, shards, o), o);
  if (!all_processes().first()) return {};
  if (sum->samples == 0)
    throw shape_error(
        concat(request.data.scores, ": no samples left in ", shards.size(), " files"));
  if (!request.save_evidence.empty()) save_evidence(request.save_evidence, *sum);
  const metric_list list = asked_metrics(request);
  if (!request.interval) return {evaluate(*std::move(sum), list), {}};
  interval_report r = intervals(*std::move(sum), list, request.intervals);
  return {std::move(r.values), std::move(r.intervals)};
}

}  // namespace

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const any_metric& m : all_metrics()) names.emplace_back(m.name());
  return names;
}

void expect_possible(const eval_request& request) {
  static_cast<void>(make_options(request));
  if (!request.apply.empty() && request.data.sigmoid)
    throw option_error("--apply: recalibrators take one label a sample, not --sigmoid");
  if (!request.apply.empty() && request.data.from == score_form::confidences)
    throw option_error("--apply: expected --from logits or probabilities, got confidences");
  if (request.interval && request.data.sigmoid)
    throw option_error("--interval: expected one label a sample, not --sigmoid");
  if (!request.by.empty() && (request.data.sigmoid || request.data.from == score_form::confidences))
    throw option_error("--by: expected logits or probabilities of one label a sample");
  if (merges(request)) expect_mergeable(request);
}

report evaluate_files(const eval_request& request) {
  options o = make_options(request);
  limit_memory(request.memory);
  const auto named = [&](report r) {
    r.class_names = request.data.names.all();
    return r;
  };
  const std::vector<data_request> shards =
      request.shards.empty() ? std::vector{request.data} : request.shards;
  if (merges(request)) return named(gathered(request, shards, o));
  inputs in = load_inputs(shards[0], request.proximity);
  load_groups(in, request.by, request.data.header);
  progress_line progress(in.rows());
  o.progress = progress.hook();
  report r;
  naming_files(in.names(),
               [&] { with_columns(in, o, [&] { r = measured(request, in, o, nullptr); }); });
  if (r.groups) name_groups(request.data, request.by, *r.groups);
  if (r.entries == 0)
    throw shape_error(concat(in.scores.name(), ": no samples left of ", in.rows(), ": ", r.skipped,
                             " have scores that are not numbers, the rest the label to ignore"));
  return named(std::move(r));
}

}  // namespace calibra::cli
