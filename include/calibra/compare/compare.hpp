// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/compare/comparison.hpp"
#include "calibra/detail/compiled.hpp"
#include "calibra/detail/counter_random.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/normal.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/evaluate/detail/make_evidence.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/interval/detail/group_jackknife.hpp"
#include "calibra/interval/detail/mean_errors.hpp"
#include "calibra/interval/detail/replicate_limits.hpp"
#include "calibra/interval/detail/running_variance.hpp"
#include "calibra/interval/evidence_replicates.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/rows/parallel.hpp"

namespace calibra {

namespace detail {

/// Two models' evidence on the same rows, drawn and exchanged together.
class paired_replicates {
 public:
  paired_replicates(evidence a, evidence b, std::uint64_t seed, std::vector<any_metric> metrics)
      : a_(std::move(a), seed), b_(std::move(b), seed), seed_(seed), metrics_(std::move(metrics)) {
    for (const any_metric& m : metrics_) needs_ |= m.needs();
  }

  /// Room for one thread.
  struct workspace {
    evidence_replicates::workspace rows;
    std::vector<double> drawn, exchanged;  ///< differences, a metric each
  };
  /// Replicate r, of the same rows of both; and the models of each unit exchanged by a coin.
  void replicate(std::uint64_t r, workspace& w) const {
    differences(a_.draw(r, w.rows), b_.draw(r, w.rows), w.drawn);
    std::vector<std::uint8_t> stays(a_.units()), goes(a_.units());
    counter_random coin(~seed_, r);
    for (std::size_t u = 0; u < stays.size(); u += 64) {
      std::uint64_t bits = coin();
      for (std::size_t v = u; v < std::min(u + 64, stays.size()); ++v, bits >>= 1U) {
        stays[v] = static_cast<std::uint8_t>(bits & 1U);
        goes[v] = static_cast<std::uint8_t>(1 - stays[v]);
      }
    }
    evidence first = a_.repeated(stays, w.rows), second = b_.repeated(stays, w.rows);
    first += b_.repeated(goes, w.rows);
    second += a_.repeated(std::move(goes), w.rows);
    differences(std::move(first), std::move(second), w.exchanged);
  }

 private:
  void differences(evidence a, evidence b, std::vector<double>& out) const {
    const evidence_view first(std::move(a), needs_), second(std::move(b), needs_);
    out.clear();
    for (const any_metric& m : metrics_) out.push_back(m.of(first) - m.of(second));
  }

  evidence_replicates a_, b_;
  std::uint64_t seed_;
  std::vector<any_metric> metrics_;
  evidence_needs needs_;
};

/// Evidence whose pairs are in double precision.
inline evidence widened(evidence e) {
  if (e.pairs && e.precision != precision::float64) {
    const sample pairs = *std::move(e.pairs);
    sample& wide = e.pairs.emplace(precision::float64);
    wide.reserve(pairs.size(), pairs.weighted());
    for (std::size_t i = 0; i < pairs.size(); ++i)
      wide.push_back(pairs.confidence(i), pairs.hit(i), pairs.weight_if_any(i));
    if (!pairs.proximities().empty()) wide.set_proximities(pairs.proximities());
  }
  e.precision = precision::float64;
  return e;
}

/// One of the two models: makes its evidence by other options.
struct compared_model {
  evidence whole;
  evidence_maker make;
};

/// Limits and p of metrics that are made of whole rows, from groups of rows that are left out of
/// both models.
inline void set_jackknife_differences(std::vector<metric_difference>& differences,
                                      const metric_list& metrics,
                                      const std::vector<std::size_t>& place, const options& o,
                                      std::size_t rows, const interval_options& how,
                                      const evidence_maker& a, const evidence_maker& b) {
  std::vector<std::vector<double>> values = values_without_groups(metrics, o, rows, how.seed, a);
  const auto other = values_without_groups(metrics, o, rows, how.seed, b);
  const double z = two_sided("compare()", how.level);
  for (std::size_t m = 0; m < place.size(); ++m) {
    metric_difference& d = differences[place[m]];
    for (std::size_t g = 0; g < values[m].size(); ++g) values[m][g] -= other[m][g];
    const jackknife_error error(values[m], z);
    if (is_nan(error.standard_error)) {
      d.note = "not defined without some of the rows";
      continue;
    }
    d.standard_error = error.standard_error;
    d.lower = d.difference - error.t * error.standard_error;
    d.upper = d.difference + error.t * error.standard_error;
    d.method = "jackknife";
    d.p = error.p(d.difference);
  }
}

CALIBRA_DETAIL_ONCE
comparison compared(compared_model first, compared_model second, const wanted& wanted,
                    const interval_options& o, unsigned threads, std::size_t rows) {
  evidence &a = first.whole, &b = second.whole;
  if (a.samples != b.samples || a.skipped != 0 || b.skipped != 0)
    throw value_error(
        concat("compare(): expected the same samples to count in both, got ", a.samples, " and ",
               b.samples, ", ", a.skipped, " and ", b.skipped,
               " left out by nan_policy::count; leave them out of both by options::valid"));
  if (a.classes != b.classes)
    throw shape_error(
        concat("compare(): expected as many classes in both, got ", a.classes, " and ", b.classes));
  const auto view_of = [&](evidence e) {
    e.rows.reset();
    return evidence_view(std::move(e), wanted.needs());
  };
  comparison out{measured(view_of(a), wanted), measured(view_of(b), wanted), {}, o.level};
  const double z = two_sided("compare()", o.level);
  const row_units units(*a.rows);
  const mean_errors a_means(*a.rows, units), b_means(*b.rows, units);
  std::vector<any_metric> drawn;
  std::vector<std::size_t> place;
  metric_list of_groups({});
  std::vector<std::size_t> place_of_groups;
  for (const any_metric& m : wanted.metrics()) {
    metric_difference d{.name = std::string(m.name())};
    d.a = out.a[m.name()];
    d.b = out.b[m.name()];
    d.difference = d.a - d.b;
    const metric_way how = way_of(m, wanted, a.kind, d.difference);
    d.note = how.note;
    if (how.way == interval_way::means) {
      std::vector<double> influence = a_means.influences(m, *a.rows, units);
      const std::vector<double> other = b_means.influences(m, *b.rows, units);
      for (std::size_t u = 0; u < influence.size(); ++u) influence[u] -= other[u];
      d.standard_error = std::sqrt(variance_of_sum(units, influence));
      if (is_nan(d.standard_error)) {
        d.note = "its standard error is not known: a single unit";
        out.differences.push_back(std::move(d));
        continue;
      }
      d.method = "normal";
      d.lower = d.difference - z * d.standard_error;
      d.upper = d.difference + z * d.standard_error;
      if (d.standard_error > 0)
        d.p = 2 * normal_cdf(-std::abs(d.difference) / d.standard_error);
      else if (d.difference == 0)
        d.p = 1;
      if (is_nan(d.p)) d.note = "no p: a value or its standard error is not finite";
    } else if (units.vary() &&
               (how.way == interval_way::replicates || how.way == interval_way::squared_table)) {
      drawn.push_back(m);
      place.push_back(out.differences.size());
    } else if (how.way == interval_way::groups) {
      d.note.clear();
      of_groups.push_back(m);
      place_of_groups.push_back(out.differences.size());
    }
    out.differences.push_back(std::move(d));
  }
  if (!place_of_groups.empty())
    set_jackknife_differences(out.differences, of_groups, place_of_groups, wanted.settings(), rows,
                              o, first.make, second.make);
  if (drawn.empty()) return out;

  const bool alike = a.precision == b.precision;
  const paired_replicates pairs(alike ? std::move(a) : widened(std::move(a)),
                                alike ? std::move(b) : widened(std::move(b)), o.seed, drawn);
  std::vector<std::vector<double>> values(drawn.size(), std::vector<double>(o.replicates)),
      exchanged = values;
  worker_team team(threads);
  const std::size_t parts = part_count(o.replicates, threads, 1);
  team.run(parts, [&](std::size_t part) {
    paired_replicates::workspace w;
    for (std::size_t r = part; r < o.replicates; r += parts) {
      pairs.replicate(r, w);
      for (std::size_t m = 0; m < drawn.size(); ++m) {
        values[m][r] = w.drawn[m];
        exchanged[m][r] = w.exchanged[m];
      }
    }
  });
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (std::size_t m = 0; m < drawn.size(); ++m) {
    metric_difference& d = out.differences[place[m]];
    d.method = "permutation";
    // Sums in another order differ by roundings of the values, however near those are.
    const double least = std::abs(d.difference) - 1e-12 * std::max(std::abs(d.a), std::abs(d.b));
    const auto as_far = 1 + std::count_if(exchanged[m].begin(), exchanged[m].end(),
                                          [&](double x) { return !(std::abs(x) < least); });
    d.p = static_cast<double>(as_far) / static_cast<double>(o.replicates + 1);
    if (drawn[m].as<metrics::debiased_l2>() != nullptr) {
      d.note = "no limits: drawing rows again brings back the bias that it takes off";
      continue;
    }
    metric_interval i{.value = d.difference};
    interval_options basic = o;
    basic.kind = o.kind == interval_kind::bca ? interval_kind::basic : o.kind;
    set_limits(i, std::move(values[m]), {}, basic, {-infinity, infinity});
    d.lower = i.lower;
    d.upper = i.upper;
    d.standard_error = i.standard_error;
    d.note = i.note;
  }
  return out;
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_COMPARED)

}  // namespace detail

/// Compares two models on the same samples: each metric's difference a - b, with limits from the
/// same rows of both, and how often models that are alike differ as much.
///
/// Metrics that are functions of means of rows: the standard error of the difference, from what
///   each row adds to both (paired; for means of losses the test of Diebold and Mariano with
///   independent rows). Other metrics of tables or pairs, yours too: limits from `replicates` drawn
///   rows, the same of both models, and p by as many exchanges of the two models on rows chosen by
///   a coin (clusters as one): p is at least 1 / (replicates + 1). debiased_l2: p alone. Metrics of
///   classes, those that a convention makes of whole rows, and debiased_l2 on equal mass: a
///   jackknife of the difference, by 50 groups of rows (whole clusters) that are left out of both;
///   p by Student's t. p are not corrected for the number of metrics: holm_adjusted().
/// Shapes: both scores of one kind, with as many classes, and as many rows as labels; one may be
///   float and the other double. Options, errors: as intervals(), with `a` or `b` before what is
///   wrong with its scores (and `a` with labels and weights); value_error where nan_policy::count
///   left out rows of either. interval_kind::bca is taken as basic. Same result for every number of
///   threads. Cost: as four replicates of intervals() for each of `replicates`. Ref: Diebold and
///   Mariano 1995; Good 2005 (exchanges).
template<detail::single_label_scores A, detail::single_label_scores B, class L>
[[nodiscard]] comparison compare(const A& a, const B& b, const L& labels,
                                 const metric_list& metrics = all_metrics(), options o = {},
                                 const interval_options& how = {}) {
  static_assert(detail::kind_of<A> == detail::kind_of<B>,
                "calibra: compare() takes two of samples x classes, or two of one number a sample");
  how.check("compare()");
  o.keep_rows = true;
  const unsigned threads = o.threads.n;
  o.threads = {1};  // the same to the last bit, whatever the number of threads
  const detail::wanted wanted(metrics, o);
  const auto model = [&](std::string_view where, const auto& scores) {
    const detail::evidence_maker make = [where, &scores, &labels](const options& with,
                                                                  const detail::wanted& of) {
      const detail::wanted asked(of.metrics(), with);
      return detail::make_evidence<detail::everything>(
          where, scores, labels,
          asked.plan("compare()", detail::kind_of<std::remove_cvref_t<decltype(scores)>>));
    };
    return detail::compared_model{make(o, wanted), make};
  };
  detail::compared_model first = model("compare(): a", a), second = model("compare(): b", b);
  return detail::compared<>(std::move(first), std::move(second), wanted, how, threads,
                            optional_column<std::int64_t>(labels).size());
}

}  // namespace calibra
