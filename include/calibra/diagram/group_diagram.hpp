// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "calibra/diagram/detail/layout.hpp"
#include "calibra/diagram/detail/reliability_panel.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/error.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/groups/report.hpp"

namespace calibra {

/// A line a group: its accuracy less its mean confidence, with the limits of noise (normal, of the
/// variance that a calibrated model has), those whose Kuiper statistic is largest first, at most
/// `most` of them. A group whose limits hold 0 may still be off: errors of both signs cancel; p
/// beside it is Kuiper's, corrected. Throws option_error for a report without groups, 0 groups to
/// show, and a level outside (0, 1).
[[nodiscard]] inline picture group_diagram(const group_report& r, const std::string& title = {},
                                           std::size_t most = 20, double level = 0.95) {
  using namespace detail;
  const double z = two_sided("group_diagram()", level);
  std::vector<const group_row*> shown;
  for (const group_row& g : r)
    if (g.values.table.total_weight() > 0) shown.push_back(&g);
  if (shown.empty() || most == 0)
    throw option_error("group_diagram(): expected at least one group with samples");
  std::stable_sort(shown.begin(), shown.end(),
                   [](const group_row* a, const group_row* b) { return a->kuiper > b->kuiper; });
  if (shown.size() > most) shown.resize(most);
  struct place {
    double gap, reach;
  };
  std::vector<place> places;
  double furthest = 0;
  for (const group_row* g : shown) {
    const reliability_table& table = g->values.table;
    double gap = 0, variance = 0;
    for (std::size_t b = 0; b < table.size(); ++b)
      if (table[b].weight > 0) gap += table[b].weight / table.total_weight() * table[b].gap();
    each_calibrated_bin(table,
                        [&](double share, double of_bin) { variance += share * share * of_bin; });
    places.push_back({gap, z * std::sqrt(variance)});
    furthest = std::max(furthest, std::abs(gap) + places.back().reach);
  }
  if (!(furthest > 0)) furthest = 0.01;
  furthest = std::min(1.0, furthest * 1.08);
  constexpr double row = 14, names = 96, values = 52, width = 190;
  const auto n = static_cast<double>(shown.size());
  picture p;
  p.width = names + width + values;
  picture_panel panel{.left = names, .top = margin_top, .width = width, .height = row * n};
  panel.title = cut_text(title, width, title_size);
  panel.x = even_axis(-furthest, furthest, "accuracy - confidence", 5);
  panel.y = {n, 0, {}, {}};  // the first at the top
  panel.marks.push_back(line_mark{{{0, 0}, {0, n}}, tone::ideal, 1, true, {}});
  for (std::size_t g = 0; g < shown.size(); ++g) {
    const double y = static_cast<double>(g) + 0.5;
    const auto& [gap, reach] = places[g];
    panel.marks.push_back(limits_mark{{gap - reach, y}, {gap + reach, y}, tone::ink});
    panel.marks.push_back(
        dot_mark{{gap, y},
                 tone::model,
                 3,
                 concat("group ", shown[g]->shown(), ": ", shown[g]->values.samples,
                        " samples, accuracy less ", "confidence ", fixed_text(gap, 4), ", ECE ",
                        group_value(*shown[g], ece.name()))});
    panel.y.ticks.push_back(
        {y, cut_text(concat(shown[g]->shown(), " (n = ", shown[g]->values.samples, ")"), names - 8,
                     text_size)});
    const std::string p_said = short_p(shown[g]->p_adjusted);
    panel.marks.push_back(text_mark{{furthest, y + 0.2},
                                    "  p " + p_said,
                                    anchor::start,
                                    shown[g]->p_adjusted < 0.05 ? tone::ink : tone::faint,
                                    text_size});
  }
  p.panels.push_back(std::move(panel));
  const std::string said =
      concat(shown.size(), " of ", r.groups.size(), " groups, ", percent(level),
             " limits of a calibrated model's noise; p: Kuiper's test, Holm's correction.");
  p.description = concat("Accuracy less confidence of groups. ", said);
  p.caption = broken_lines(said, p.width - 24, text_size);
  p.height = margin_top + row * n + margin_bottom +
             line_height * static_cast<double>(p.caption.size()) + 6;
  return p;
}

}  // namespace calibra
