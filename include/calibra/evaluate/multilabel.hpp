// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/class_axis.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/evaluate/detail/make_evidence.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/score_rows.hpp"

// Multi-label scores: every label is a binary problem of its own.
namespace calibra {

namespace detail {

/// A label's column of scores and of targets.
template<score_kind Kind>
inline constexpr score_kind binary_kind_of =
    Kind == score_kind::multilabel_logits ? score_kind::binary_logits
                                          : score_kind::binary_probabilities;

/// Calls f(label, scores, targets) for every label, on the threads of the options.
template<class S, class Y, class F>
void for_each_label(std::string_view where, const S& scores, const Y& targets, unsigned threads,
                    const F& f) {
  constexpr score_kind binary = binary_kind_of<S::kind>;
  const auto wrong = [&](const std::string& expected, const std::string& got) {
    return shape_error(concat(where, ": expected targets of ", expected, ", got ", got));
  };
  if constexpr (tensor_scores<S>) {
    using handle = std::remove_cvref_t<decltype(scores.view())>;
    using backend = tensor_backend<handle>;
    static_assert(tensor_array<Y>, "calibra: targets of tensor scores have to be a tensor");
    const handle& x = scores.view();
    const handle y = backend::targets(where, targets);
    if (backend::rows(y) != backend::rows(x) || backend::cols(y) != backend::cols(x))
      throw wrong(concat(backend::rows(x), " x ", backend::cols(x)), backend::describe(y));
    for (std::size_t l = 0; l < backend::cols(x); ++l)
      f(l, make_scores<binary>(backend::column(x, l)), backend::column(y, l));
  } else {
    const auto x = score_view(scores);
    static_assert(!is_class_axis_view<std::remove_cvref_t<decltype(x)>>,
                  "calibra: multi-label scores are samples x labels, not class_axis()");
    const auto held = hold<as_matrix>(targets);
    const auto y = held.view();
    static_assert(label_scalar<typename std::remove_cvref_t<decltype(y)>::value_type>,
                  "calibra: multi-label targets are a samples x labels array of integers 0 and 1; "
                  "cast them to int");
    constexpr bool two_dimensions = view_traits<std::remove_cvref_t<decltype(y)>>::is_matrix;
    static_assert(two_dimensions,
                  "calibra: multi-label targets are samples x labels, as the scores are, not one a "
                  "sample");
    if constexpr (two_dimensions) {
      if (y.rows() != x.rows() || y.cols() != x.cols())
        throw wrong(concat(x.rows(), " x ", x.cols()), concat(y.rows(), " x ", y.cols()));
      worker_team team(threads);
      team.run(x.cols(), [&](std::size_t l) { f(l, make_scores<binary>(x.col(l)), y.col(l)); });
    }
  }
}

template<class S>
std::size_t labels_of(const S& scores) {
  if constexpr (tensor_scores<S>) {
    using backend = tensor_backend<std::remove_cvref_t<decltype(scores.view())>>;
    return backend::cols(scores.view());
  } else {
    return score_view(scores).cols();
  }
}
template<class S>
std::size_t rows_of(const S& scores) {
  if constexpr (tensor_scores<S>) {
    using backend = tensor_backend<std::remove_cvref_t<decltype(scores.view())>>;
    return backend::rows(scores.view());
  } else {
    return score_view(scores).rows();
  }
}

/// The rows that the mask keeps. The mask is as long as the scores.
template<class S>
std::uint64_t valid_rows(const S& scores, const optional_column<unsigned char>& valid) {
  if (!valid) return rows_of(scores);
  if constexpr (tensor_scores<S>) {
    using backend = tensor_backend<std::remove_cvref_t<decltype(scores.view())>>;
    if (!backend::on_host(scores.view())) return backend::valid_rows(scores.view(), valid);
  }
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) rows += valid.get()[i] != 0 ? 1U : 0U;
  return rows;
}

/// The evidence of every label. Errors name the column too.
template<class S, class Y>
std::vector<evidence> label_evidence(std::string_view where, const S& scores, const Y& targets,
                                     const evidence_plan& plan) {
  const std::size_t labels = labels_of(scores);
  if (labels == 0)
    throw shape_error(
        concat(where, ": expected at least 1 label, got scores of ", rows_of(scores), " x 0"));
  std::vector<evidence> each(labels);
  evidence_plan single = plan;
  if (labels > 1) single.rows.threads = {1};
  const auto in_column = [](std::string message, std::size_t l) {
    constexpr std::string_view alone = ", column 0";  // what a single column is called
    const std::size_t at = message.find(alone);
    return at == std::string::npos ? concat(message, ", in column ", l)
                                   : message.replace(at, alone.size(), concat(", column ", l));
  };
  for_each_label(where, scores, targets, plan.rows.threads.n,
                 [&](std::size_t l, const auto& column, const auto& target) {
                   try {
                     each[l] = make_evidence<within_reach{.classes = false}>(where, column, target,
                                                                             single);
                   } catch (const value_error& e) {
                     throw value_error(in_column(e.what(), l));
                   }
                 });
  return each;
}

/// Whether a metric is one of classes, and so of the labels together.
inline bool is_of_classes(const any_metric& m) {
  const evidence_needs n = m.needs();
  return n.classes || n.fixed_classes || !n.class_cuts.empty();
}

/// The library's metrics that are defined for single labels.
inline metric_list metrics_of_labels(const options& o) {
  metric_list list({});
  for (const any_metric& m : all_metrics())
    if (!is_of_classes(m) && (m.name() != piece.name() || o.proximity)) list.push_back(m);
  return list;
}

/// The labels as classes: a table each.
inline evidence labels_as_classes(const std::vector<evidence>& each, std::uint64_t rows) {
  evidence e;
  e.kind = evidence_kind::labels;
  e.precision = each[0].precision;
  e.classes = each.size();
  e.bins = each[0].bins;
  e.like = each[0].like;
  e.samples = rows;
  const binning bins = evidence_view::class_bins(e.bins, e.like, e.precision);
  e.class_table.emplace(bins, each.size());
  e.class_table->add_samples(rows);
  for (std::size_t l = 0; l < each.size(); ++l) {
    const bool there = each[l].table && each[l].table->bins() == bins;
    const reliability_table table = there ? *each[l].table : tabulate(*each[l].pairs, bins);
    for (std::size_t b = 0; b < table.size(); ++b) e.class_table->add_sums(l, b, table.sums(b));
    if (!bins.by_edges()) {
      e.class_table->add_sums(l, e.class_table->in_none(), table.outside());
      e.class_table->add_sums(l, e.class_table->repeated(), table.repeated());
    }
    if (each[l].pairs) e.class_pairs.push_back(*each[l].pairs);
  }
  e.table = reliability_table(bins);
  e.pairs.emplace(e.precision);  // of the labels together there are none
  e.means.emplace();
  return e;
}

template<class S, class Y>
evaluation evaluate_labels(const S& scores, const Y& targets, const metric_list& metrics,
                           const options& o) {
  metric_list of_each({}), of_all({});
  for (const any_metric& m : metrics) (is_of_classes(m) ? of_all : of_each).push_back(m);
  options binary = o;
  binary.per_class = false;
  binary.binary = binary_target::positive_class;
  const wanted each_wanted(of_each, binary);
  evidence_plan plan = each_wanted.plan("evaluate()", evidence_kind::binary);
  plan.rows.binary = binary_target::positive_class;
  plan.pairs = plan.pairs || (of_all.size() != 0);
  const std::vector<evidence> each = label_evidence("evaluate()", scores, targets, plan);

  evaluation result;
  std::vector<double> sum(of_each.size()), labels(of_each.size());
  for (const evidence& e : each) {
    const evaluation one = measured(e, each_wanted);
    for (std::size_t m = 0; m < sum.size(); ++m) {
      if (is_nan(one.metrics[m].value)) continue;
      sum[m] += one.metrics[m].value;
      ++labels[m];
    }
    if (!o.per_class) continue;
    result.class_tables.push_back(one.table);
    result.ece_per_class.push_back(ece(one.table));
  }
  evidence all = each[0];
  for (std::size_t l = 1; l < each.size(); ++l) all += each[l];
  const evaluation micro = measured(std::move(all), each_wanted);
  result.samples = valid_rows(scores, o.valid);
  result.entries = micro.entries;
  result.skipped = micro.skipped;
  result.classes = each.size();
  result.multilabel = true;
  result.table = micro.table;
  std::vector<metric_value> classes;
  if (of_all.size() != 0) {
    const wanted all_wanted(of_all, binary);
    classes = measured(labels_as_classes(each, result.samples), all_wanted).metrics;
  }
  std::size_t at_each = 0, at_all = 0;
  for (const any_metric& m : metrics) {
    if (is_of_classes(m)) {
      result.metrics.push_back(classes[at_all++]);
      continue;
    }
    const std::size_t i = at_each++;
    result.metrics.push_back({concat("micro_", m.name()), micro.metrics[i].value});
    result.metrics.push_back(
        {concat("macro_", m.name()),
         labels[i] > 0 ? sum[i] / labels[i] : std::numeric_limits<double>::quiet_NaN()});
  }
  return result;
}

}  // namespace detail

/// The tables of all labels of multi-label scores. `targets`: samples x labels of 0 and 1,
/// integers. options::ignore_label leaves single entries of `targets` out; weights and `valid` are
/// of samples. Throws shape_error where targets and scores differ in shape, value_error for a
/// target that is not 0 or 1 (row, column), a NaN score, or a probability outside [0, 1], and
/// option_error for equal-mass bins.
template<detail::multilabel_scores S, class Y>
[[nodiscard]] classwise_table tabulate_classes(const S& scores, const Y& targets,
                                               const options& o = {}) {
  detail::require_fixed_bins(o);
  options binary = o;
  binary.binary = binary_target::positive_class;
  const std::vector<evidence> each =
      detail::label_evidence("tabulate_classes()", scores, targets,
                             detail::plan_for("tabulate_classes()", {.table = true}, binary,
                                              evidence_kind::binary, false));
  return std::move(
      *detail::labels_as_classes(each, detail::valid_rows(scores, o.valid)).class_table);
}

}  // namespace calibra
