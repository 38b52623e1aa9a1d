// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/diagram/detail/reliability_panel.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/table/noise_floor.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra {

/// A table to be drawn, with its name.
struct named_table {
  std::string name;
  reliability_table table;
};

namespace detail {

/// "ece 0.095 [0.063, 0.114], noise floor 0.022".
inline std::string ece_sentence(double value, double lower, double upper, double floor) {
  if (is_nan(value)) return {};
  std::string out = concat("ECE ", fixed_text(value, 4));
  if (!is_nan(lower)) out += concat(" [", fixed_text(lower, 4), ", ", fixed_text(upper, 4), "]");
  if (!is_nan(floor)) out += concat(", noise floor ", fixed_text(floor, 4));
  return out + '.';
}

inline picture one_reliability_diagram(const evaluation& e, const std::string& title, double lower,
                                       double upper, const reliability_style& style) {
  constexpr double side = 216;
  picture p = reliability_grid({{title, &e.table}}, 1, side, style);
  const metric_value* m = e.find(ece.name());
  const bool known = m != nullptr && !is_nan(m->value);
  const std::string said = ece_sentence(known ? m->value : ece(e.table), lower, upper,
                                        known ? m->floor : ece_noise_floor(e.table));
  p.description = concat("Reliability diagram of ", e.samples, " samples. ", said);
  const double bottom = p.height;
  finish(p, bottom, concat(e.samples, " samples. ", said, limits_sentence(style)));
  return p;
}

}  // namespace detail

/// The reliability diagram of an evaluation: a bar of the accuracy of each bin of its table, the
/// gap to the mean confidence, limits, and below how many samples there are. The caption says ece
/// with its noise floor. 272 points wide: a column. Empty bins are blank. Throws option_error for a
/// level outside (0, 1). Ref: Murphy and Winkler 1977; DeGroot and Fienberg 1983; Guo et al. 2017.
[[nodiscard]] inline picture reliability_diagram(const evaluation& e, const std::string& title = {},
                                                 const reliability_style& style = {}) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  return detail::one_reliability_diagram(e, title, none, none, style);
}
/// The same with the interval of ece in the caption, where it was measured.
[[nodiscard]] inline picture reliability_diagram(const interval_report& r,
                                                 const std::string& title = {},
                                                 const reliability_style& style = {}) {
  double lower = std::numeric_limits<double>::quiet_NaN(), upper = lower;
  for (const metric_interval& i : r)
    if (i.name == ece.name()) {
      lower = i.lower;
      upper = i.upper;
    }
  return detail::one_reliability_diagram(r.values, title, lower, upper, style);
}

/// Reliability diagrams side by side, of one to twelve tables: before and after, several models.
/// Throws option_error for another number.
[[nodiscard]] inline picture reliability_diagrams(const std::vector<named_table>& tables,
                                                  const reliability_style& style = {}) {
  if (tables.empty() || tables.size() > 12)
    throw option_error(
        detail::concat("reliability_diagrams(): expected 1 to 12 tables, got ", tables.size()));
  std::vector<detail::reliability_field> fields;
  std::string said;
  for (const named_table& t : tables) {
    fields.push_back({t.name, &t.table});
    said += detail::concat(
        said.empty() ? "" : " ", t.name, ": ",
        detail::ece_sentence(ece(t.table), std::nan(""), std::nan(""), ece_noise_floor(t.table)));
  }
  const bool few = tables.size() <= 2;
  picture p = detail::reliability_grid(fields,
                                       few                  ? tables.size()
                                       : tables.size() <= 6 ? 3
                                                            : 4,
                                       few                  ? 190
                                       : tables.size() <= 6 ? 140
                                                            : 110,
                                       style);
  p.description = detail::concat("Reliability diagrams. ", said);
  const double bottom = p.height;
  detail::finish(p, bottom, said + detail::limits_sentence(style));
  return p;
}

/// Reliability diagrams of single classes against the rest, those with the largest ece first, at
/// most `most` (1 to 12) of them, by evaluation::class_names where it has any. The evaluation has
/// the tables of classes (options::per_class): else option_error.
[[nodiscard]] inline picture classwise_diagram(const evaluation& e, std::size_t most = 9,
                                               const reliability_style& style = {
                                                   .histogram = false}) {
  if (e.class_tables.empty())
    throw option_error("classwise_diagram(): expected an evaluation with options::per_class");
  std::vector<std::size_t> order(e.class_tables.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double x = e.ece_per_class[a], y = e.ece_per_class[b];
    return detail::is_nan(y) ? !detail::is_nan(x) : x > y;
  });
  if (most < order.size()) order.resize(most);
  std::vector<named_table> worst;
  for (const std::size_t k : order)
    worst.push_back({k < e.class_names.size() ? e.class_names[k] : detail::concat("class ", k),
                     e.class_tables[k]});
  return reliability_diagrams(worst, style);
}

/// Several models in one frame: a line each through the bins' (confidence, accuracy). One to four
/// tables, else option_error.
[[nodiscard]] inline picture reliability_lines(const std::vector<named_table>& tables,
                                               const std::string& title = {}) {
  using namespace detail;
  if (tables.empty() || tables.size() > 4)
    throw option_error(concat("reliability_lines(): expected 1 to 4 tables, got ", tables.size()));
  constexpr double side = 216;
  picture p;
  p.width = margin_left + side + margin_right;
  picture_panel panel{.left = margin_left, .top = margin_top, .width = side, .height = side};
  panel.title = cut_text(title, side, title_size);
  panel.x = even_axis(0, 1, "confidence", 5);
  panel.y = even_axis(0, 1, "accuracy", 5);
  panel.marks.push_back(line_mark{{{0, 0}, {1, 1}}, tone::ideal, 1, true, {}});
  constexpr tone tones[] = {tone::model, tone::second, tone::third, tone::fourth};
  std::string said;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    line_mark line{.points = {}, .stroke = tones[t], .dashed = t % 2 == 1, .note = tables[t].name};
    std::vector<mark> dots;
    const reliability_table& table = tables[t].table;
    for (std::size_t b = 0; b < table.size(); ++b) {
      const reliability_bin bin = table[b];
      if (!(bin.weight > 0)) continue;
      line.points.push_back({bin.confidence, bin.accuracy});
      dots.push_back(dot_mark{{bin.confidence, bin.accuracy},
                              tones[t],
                              2.2,
                              concat(tables[t].name, ", ", bin_note(bin))});
    }
    panel.marks.push_back(std::move(line));
    panel.marks.insert(panel.marks.end(), dots.begin(), dots.end());
    p.legend.push_back({tones[t], tables[t].name, true, t % 2 == 1});
    said += concat(said.empty() ? "" : " ", tables[t].name, ": ",
                   ece_sentence(ece(table), std::nan(""), std::nan(""), ece_noise_floor(table)));
  }
  p.panels.push_back(std::move(panel));
  p.description = concat("Reliability of several models. ", said);
  finish(p, margin_top + side + margin_bottom, said);
  return p;
}

}  // namespace calibra
