// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/evaluate/detail/make_evidence.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/interval/debiased_interval.hpp"
#include "calibra/interval/detail/group_jackknife.hpp"
#include "calibra/interval/detail/interval_ways.hpp"
#include "calibra/interval/detail/mean_errors.hpp"
#include "calibra/interval/detail/replicate_limits.hpp"
#include "calibra/interval/evidence_replicates.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/table/row_record.hpp"

namespace calibra {

namespace detail {

/// Measures metrics on replicates; `jackknife`: also without each of some groups of units.
class replicated_values {
 public:
  replicated_values(const evidence_replicates& draws, std::vector<any_metric> metrics,
                    const interval_options& o, unsigned threads)
      : draws_(draws), metrics_(std::move(metrics)), replicates_(o.replicates) {
    for (const any_metric& m : metrics_) needs_ |= m.needs();
    if (o.kind == interval_kind::bca) groups_ = std::min<std::size_t>(draws.units(), 200);
    const std::vector<std::uint8_t> group = groups_ > 0
                                                ? draws.groups(static_cast<std::uint8_t>(groups_))
                                                : std::vector<std::uint8_t>();
    const std::size_t jobs = replicates_ + groups_;
    values_.assign(metrics_.size(), std::vector<double>(jobs));
    worker_team team(threads);
    const std::size_t parts = part_count(jobs, threads, 1);
    team.run(parts, [&](std::size_t part) {
      evidence_replicates::workspace room;
      for (std::size_t job = part; job < jobs; job += parts) {
        evidence e;
        if (job < replicates_) {
          e = draws_.draw(job, room);
        } else {
          std::vector<std::uint8_t> kept(group.size());
          for (std::size_t u = 0; u < kept.size(); ++u)
            kept[u] = group[u] == job - replicates_ ? 0 : 1;
          e = draws_.repeated(std::move(kept), room);
        }
        const evidence_view view(std::move(e), needs_);
        for (std::size_t m = 0; m < metrics_.size(); ++m) values_[m][job] = metrics_[m].of(view);
      }
    });
  }

  /// Of metric m: on replicates, and without groups.
  std::vector<double> drawn(std::size_t m) const {
    return {values_[m].begin(), values_[m].begin() + static_cast<std::ptrdiff_t>(replicates_)};
  }
  std::vector<double> without_groups(std::size_t m) const {
    return {values_[m].begin() + static_cast<std::ptrdiff_t>(replicates_), values_[m].end()};
  }

 private:
  const evidence_replicates& draws_;
  std::vector<any_metric> metrics_;
  evidence_needs needs_;
  std::size_t replicates_ = 0, groups_ = 0;
  std::vector<std::vector<double>> values_;
};

/// Intervals for evidence that has all that is wanted, and its rows.
CALIBRA_DETAIL_ONCE
interval_report measured_intervals(evidence e, const wanted& wanted, const interval_options& o,
                                   unsigned threads) {
  o.check("intervals()");
  if (!e.rows)
    throw option_error("intervals(): expected evidence with the rows kept (options::keep_rows)");
  std::optional<row_record> rows = std::exchange(e.rows, std::nullopt);
  const evidence_view view(e, wanted.needs());
  e.rows = std::move(rows);
  interval_report report{measured(view, wanted), {}, o.level, 0};

  const row_units units(*e.rows);
  const mean_errors means(*e.rows, units);
  const double z = two_sided("intervals()", o.level);
  std::vector<any_metric> drawn;
  std::vector<std::size_t> place;
  for (std::size_t m = 0; m < wanted.metrics().size(); ++m) {
    const any_metric& metric = *(wanted.metrics().begin() + static_cast<std::ptrdiff_t>(m));
    const metric_value& found = report.values.metrics[m];
    metric_interval i{.name = found.name, .value = found.value};
    i.floor = found.floor;
    const metric_way how = way_of(metric, wanted, e.kind, i.value);
    const interval_limits bounds = bounds_of(metric.info(), i.value);
    i.note = how.note;
    switch (how.way) {
      case interval_way::means:
        i.method = "normal";
        i.standard_error = means.standard_error(metric);
        if (is_nan(i.standard_error)) {
          i.method = {};
          i.note = "its standard error is not known: a single unit, or an infinite loss";
          break;
        }
        i.lower = std::max(bounds.lower, i.value - z * i.standard_error);
        i.upper = std::min(bounds.upper, i.value + z * i.standard_error);
        break;
      case interval_way::squared_table: {
        const squared_interval s = debiased_interval(*e.rows, view.table().bins(), o.level);
        if (is_nan(s.standard_error)) {
          i.note = "no two units share a bin, or a stratum has a single one";
          break;
        }
        i.method = "analytic";
        i.lower = std::sqrt(s.limits.lower);
        i.upper = std::sqrt(s.limits.upper);
        if (s.value > 0) i.standard_error = s.standard_error / (2 * std::sqrt(s.value));
        break;
      }
      case interval_way::replicates:
        if (!units.vary()) {
          i.note = "a single unit does not say how it varies";
          break;
        }
        drawn.push_back(metric);
        place.push_back(m);
        break;
      case interval_way::groups:
      case interval_way::none:
        break;
    }
    report.intervals.push_back(std::move(i));
  }
  if (drawn.empty()) return report;
  report.replicates = o.replicates;
  const evidence_replicates draws(std::move(e), o.seed);
  const replicated_values values(draws, drawn, o, threads);
  for (std::size_t d = 0; d < drawn.size(); ++d)
    set_limits(report.intervals[place[d]], values.drawn(d), values.without_groups(d), o,
               bounds_of(drawn[d].info(), report.intervals[place[d]].value));
  return report;
}

/// Measured intervals, and for metrics that are not drawn again those of a jackknife. `make` makes
/// evidence of the scores.
CALIBRA_DETAIL_ONCE
interval_report all_intervals(const options& o, const wanted& wanted, const interval_options& how,
                              std::size_t rows, const evidence_maker& make) {
  options one = o;
  one.threads = {1};  // the same to the last bit, whatever the number of threads
  evidence e = make(one, wanted);
  const evidence_kind kind = e.kind;
  interval_report report = measured_intervals(std::move(e), wanted, how, o.threads.n);
  metric_list left({});
  std::vector<std::size_t> place;
  std::vector<interval_limits> bounds;
  for (std::size_t m = 0; m < report.intervals.size(); ++m) {
    const any_metric& metric = *(wanted.metrics().begin() + static_cast<std::ptrdiff_t>(m));
    metric_interval& i = report.intervals[m];
    if (way_of(metric, wanted, kind, i.value).way != interval_way::groups) continue;
    if (o.cluster && debiases_rows(metric)) {
      i.note = "no limits with clusters: it takes off the bias of rows that are independent";
      continue;
    }
    i.note.clear();
    left.push_back(metric);
    place.push_back(m);
    bounds.push_back(bounds_of(metric.info(), i.value));
  }
  if (!place.empty()) set_jackknife_limits(report, left, place, one, rows, how.seed, bounds, make);
  return report;
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_INTERVALS)

}  // namespace detail

/// Intervals of evidence that was kept, merged or made by evidence_of(), with its rows
/// (options::keep_rows): see below.
[[nodiscard]] inline interval_report intervals(evidence e,
                                               const metric_list& metrics = all_metrics(),
                                               const interval_options& how = {}, threads t = {1}) {
  const detail::wanted wanted(metrics, detail::options_of(e));
  detail::check_parts(e, wanted);
  return detail::measured_intervals<>(std::move(e), wanted, how, t.n);
}

/// Measures scores and labels as evaluate() does, and says of each metric how much of it may be
/// noise.
///
/// Metrics that are functions of means of rows (nll, brier, accuracy, yours of a summary): their
///   standard error, from the covariance of the means; exact where they are one mean. Limits:
///   value +- z se.
/// debiased_l2: debiased_interval(). Its rows are not drawn again: that covers 46 to 90 % where it
///   says 95.
/// Other metrics of tables or pairs, yours too: `replicates` of the evidence, each of as many rows
///   as there are, drawn with repetition; limits by interval_options::kind.
/// Metrics of classes, those that a convention makes of whole rows, debiased_l2 on equal mass: a
///   jackknife of 50 groups of rows, whole clusters: value +- t se. Of evidence: none.
///   classwise_debiased_l2: roots of limits of its mean square, made as those of
///   debiased_interval() from the jackknife's variance. Errors of classes that noise alone tells
///   apart are taken as equal.
/// `ece` and `rmsce` carry their noise floor. Limits stay in the metric's range. Rows of one
/// options::cluster are drawn together, those of one options::stratum among themselves.
/// The rows are read by one thread, so that nothing depends on their number; replicates by all.
/// Errors, shapes: as evaluate(); option_error for a level outside (0, 1) and too few replicates
/// for it. Same result for every number of threads, bit for bit. Cost: that of evaluate(), and for
/// each replicate some 4 ns a row, 10 more where a metric needs pairs. Memory: that of
/// row_record and evidence_replicates. Ref: Efron and Tibshirani 1993; Davison and Hinkley 1997.
template<detail::single_label_scores S, class L>
[[nodiscard]] interval_report intervals(const S& scores, const L& labels,
                                        const metric_list& metrics = all_metrics(), options o = {},
                                        const interval_options& how = {}) {
  how.check("intervals()");
  o.keep_rows = true;
  const detail::wanted wanted(metrics, o);
  return detail::all_intervals<>(o, wanted, how, optional_column<std::int64_t>(labels).size(),
                                 [&](const options& with, const detail::wanted& of) {
                                   const detail::wanted asked(of.metrics(), with);
                                   return detail::make_evidence<detail::everything>(
                                       "intervals()", scores, labels,
                                       asked.plan("intervals()", detail::kind_of<S>));
                                 });
}
/// The same of confidences(c, hit).
template<class C, class H>
[[nodiscard]] interval_report intervals(const confidence_pairs<C, H>& pairs,
                                        const metric_list& metrics = all_metrics(), options o = {},
                                        const interval_options& how = {}) {
  how.check("intervals()");
  o.keep_rows = true;
  const detail::wanted wanted(metrics, o);
  return detail::all_intervals<>(o, wanted, how, pairs.confidence().size(),
                                 [&](const options& with, const detail::wanted& of) {
                                   const detail::wanted asked(of.metrics(), with);
                                   return detail::make_evidence(
                                       "intervals()", pairs,
                                       asked.plan("intervals()", evidence_kind::confidences));
                                 });
}

}  // namespace calibra
