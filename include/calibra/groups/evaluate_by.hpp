// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/compare/holm.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/evaluate/detail/make_evidence.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/hypothesis/kuiper.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

/// The standard deviation of sum w (hit - c) / sum w under calibration.
inline double calibrated_deviation(const sample& pairs) {
  double variance = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double c = pairs.confidence(i), w = pairs.weight(i);
    variance += w * w * c * (1 - c);
  }
  return std::sqrt(std::max(0.0, variance)) / pairs.total_weight();
}

/// The rows of each group that count by the mask.
inline std::map<std::int64_t, std::vector<std::size_t>> rows_by_group(
    std::string_view where, const column<std::int64_t>& groups, const options& o) {
  std::vector<std::int64_t> id(groups.size());
  groups.load(0, id.size(), id.data());
  std::vector<unsigned char> valid(id.size(), 1);
  if (o.valid) {
    if (o.valid.size() != id.size())
      throw shape_error(concat(where, ": expected ", id.size(), " mask entries to match ",
                               id.size(), " groups, got ", o.valid.size()));
    o.valid.get().load(0, id.size(), valid.data());
  }
  std::map<std::int64_t, std::vector<std::size_t>> rows;
  for (std::size_t i = 0; i < id.size(); ++i)
    if (valid[i] != 0) rows[id[i]].push_back(i);
  return rows;
}

}  // namespace detail

/// Measures the samples of each group by themselves, and all together: by hospital, by language, by
/// predicted or true class.
///
/// groups: a whole number a row; others are cut to one. Every metric of the list, yours too, on the
/// rows of each group, by the same options; Kuiper's test of each group with Holm's correction; the
/// multicalibration error max_g Kuiper_g / sigma_g, times sigma of all samples, and five times that
/// sigma, below which noise hides it; infinite where a certain answer is wrong. Rows that the mask
/// leaves out are in no group. Few samples: a group of one row has values, and p is no less than
/// the test allows. Shapes: as many groups as labels (shape_error). Errors: as evaluate(). Cost:
/// that of evaluate() twice, and a look at every row's mask for each group: O(groups N). Memory:
/// the pairs of a group, and 17 bytes a row. Ref: Kuiper a segment and its noise: Tygert;
/// multicalibration error: arXiv 2506.11251.
template<detail::single_label_scores S, class L, class G>
[[nodiscard]] group_report evaluate_by(const S& scores, const L& labels, const G& groups,
                                       const metric_list& metrics = all_metrics(), options o = {}) {
  const optional_column<std::int64_t> column(labels), of_row(groups);
  if (of_row.size() != column.size())
    throw shape_error(detail::concat("evaluate_by(): expected ", column.size(), " groups to match ",
                                     column.size(), " labels, got ", of_row.size()));
  const detail::wanted wanted(metrics, o);
  const auto evidence_by = [&](const options& by) {
    detail::evidence_plan plan =
        detail::wanted(metrics, by).plan("evaluate_by()", detail::kind_of<S>);
    plan.pairs = true;
    return detail::make_evidence<detail::everything>("evaluate_by()", scores, labels, plan);
  };
  const auto rows = detail::rows_by_group("evaluate_by()", of_row.get(), o);

  group_report out;
  evidence all = evidence_by(o);
  const double deviation = detail::calibrated_deviation(*all.pairs);
  out.all = detail::measured(std::move(all), wanted);
  std::vector<unsigned char> kept(column.size());
  std::vector<double> p;
  double largest = -1;
  options within = o;
  within.valid = kept;
  for (const auto& [group, members] : rows) {
    for (const std::size_t i : members) kept[i] = 1;
    evidence e = evidence_by(within);
    for (const std::size_t i : members) kept[i] = 0;
    group_row row;
    row.group = group;
    const test_result kuiper = kuiper_test(*e.pairs);
    row.kuiper = kuiper.statistic;
    row.p = kuiper.p;
    row.values = detail::measured(std::move(e), wanted);
    p.push_back(row.p);
    if (row.kuiper > largest) {
      largest = row.kuiper;
      out.worst = out.groups.size();
    }
    out.groups.push_back(std::move(row));
  }
  if (largest < 0) out.worst = out.groups.size();
  const std::vector<double> adjusted = holm_adjusted(p);
  for (std::size_t g = 0; g < adjusted.size(); ++g) out.groups[g].p_adjusted = adjusted[g];
  if (largest >= 0) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    out.multicalibration_error = largest == infinity ? infinity : largest * deviation;
  }
  out.detectable_error = 5 * deviation;
  return out;
}
/// The same with all metrics.
template<detail::single_label_scores S, class L, class G>
[[nodiscard]] group_report evaluate_by(const S& scores, const L& labels, const G& groups,
                                       const options& o) {
  return evaluate_by(scores, labels, groups, all_metrics(), o);
}

}  // namespace calibra
