// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/metric_list.hpp"

namespace calibra {

namespace detail {

/// Three digits, or one and an exponent below 0.001; "-" for NaN.
inline std::string short_p(double p) {
  if (is_nan(p)) return "-";
  if (p >= 0.001 || p == 0) return fixed_text(p, 3);
  int exponent = 0;
  for (; p < 1; p *= 10) --exponent;
  const bool rounded_up = p >= 9.5;
  return concat(rounded_up ? "1" : fixed_text(p, 0), 'e', exponent + (rounded_up ? 1 : 0));
}

/// The value of a metric in a group; "-" where it is not defined or was not measured.
inline std::string group_value(const group_row& g, std::string_view name) {
  const metric_value* m = g.values.find(name);
  return m == nullptr || is_nan(m->value) ? "-" : fixed_text(m->value, 4);
}
inline std::string group_floor(const group_row& g, std::string_view name) {
  const metric_value* m = g.values.find(name);
  return m == nullptr || is_nan(m->floor) ? "-" : fixed_text(m->floor, 4);
}

}  // namespace detail

/// What evaluate_by() is to measure for a report: accuracy and ece, and `asked`.
[[nodiscard]] inline metric_list group_metrics(const metric_list& asked) {
  metric_list all({accuracy, ece});
  for (const any_metric& m : asked)
    if (all.find(m.name()) == nullptr) all.push_back(m);
  return all;
}

/// A line a group: how many samples, accuracy and ece with its noise floor where they were
/// measured, Kuiper's statistic in standard deviations and its corrected p. Of more than `most`
/// groups those with the largest statistics, in that order. In ASCII, 80 columns, unless names of
/// groups ask for more.
[[nodiscard]] inline std::string to_text(const group_report& r, std::size_t most = 40) {
  using detail::concat;
  using detail::right_text;
  std::vector<const group_row*> shown;
  for (const group_row& g : r) shown.push_back(&g);
  if (shown.size() > most) {
    std::stable_sort(shown.begin(), shown.end(), [](const group_row* a, const group_row* b) {
      const auto of = [](const group_row* g) { return detail::is_nan(g->kuiper) ? -1 : g->kuiper; };
      return of(a) > of(b);
    });
    shown.resize(most);
  }
  std::size_t width = 10;
  for (const group_row* g : shown) width = std::max(width, detail::letters_of(g->shown()));
  std::string out =
      right_text("group", width) + "    samples  accuracy     ece   floor   kuiper        p\n";
  for (const group_row* g : shown)
    out += concat(std::string(width - detail::letters_of(g->shown()), ' '), g->shown(),
                  right_text(concat(g->values.samples), 11),
                  right_text(detail::group_value(*g, accuracy.name()), 10),
                  right_text(detail::group_value(*g, ece.name()), 8),
                  right_text(detail::group_floor(*g, ece.name()), 8),
                  right_text(detail::is_nan(g->kuiper) ? "-" : detail::fixed_text(g->kuiper, 2), 9),
                  right_text(detail::short_p(g->p_adjusted), 9), '\n');
  if (shown.size() < r.groups.size())
    out += concat("... ", r.groups.size() - shown.size(), " more groups\n");
  if (r.worst < r.groups.size())
    out += concat("\nworst group ", r.groups[r.worst].shown(), "; multicalibration error ",
                  detail::fixed_text(r.multicalibration_error, 4), ", noise hides up to ",
                  detail::fixed_text(r.detectable_error, 4), "\np is corrected for ",
                  r.groups.size(), " groups (Holm); kuiper in standard deviations\n");
  return out;
}

}  // namespace calibra
