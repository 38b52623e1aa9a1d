// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/diagram/detail/layout.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/diagram/reliability_style.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra::detail {

inline std::string bin_note(const reliability_bin& b) {
  return concat("confidence ", fixed_text(b.lower, 3), " to ", fixed_text(b.upper, 3), ": ",
                b.count, " samples, mean confidence ", fixed_text(b.confidence, 3), ", accuracy ",
                fixed_text(b.accuracy, 3), ", gap ", fixed_text(b.gap(), 3));
}

/// The bars of a table, the gaps, their limits and the diagonal. Where confidence is too large a
/// bar is as high as the accuracy, with what the confidence has more on top; where it is too small
/// as high as the confidence, with what the accuracy has more on top.
inline std::vector<mark> reliability_marks(const reliability_table& table,
                                           const reliability_style& style) {
  std::vector<mark> marks, limits;
  const double z = two_sided("reliability_diagram()", style.level);
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (!(bin.weight > 0)) continue;
    const double middle = (bin.lower + bin.upper) / 2;
    const double low = std::min(bin.accuracy, bin.confidence);
    const double high = std::max(bin.accuracy, bin.confidence);
    const tone off = bin.confidence > bin.accuracy ? tone::over : tone::under;
    marks.push_back(bar_mark{{bin.lower, 0}, {bin.upper, low}, tone::model, 0.85, bin_note(bin)});
    if (high > low)
      marks.push_back(bar_mark{{bin.lower, low}, {bin.upper, high}, off, 0.7, bin_note(bin)});
    if (style.limits == bar_limits::wilson) {
      const interval_limits i = bin_interval(table, b, style.level);
      limits.push_back(limits_mark{{middle, i.lower}, {middle, i.upper}, tone::ink});
    } else if (style.limits == bar_limits::consistency) {
      const double n = bin.weight * bin.weight / table.squared_weight(b), c = bin.confidence;
      const double reach = z * std::sqrt(std::max(0.0, c * (1 - c)) / n);
      limits.push_back(limits_mark{
          {middle, std::max(0.0, c - reach)}, {middle, std::min(1.0, c + reach)}, tone::ideal});
    }
  }
  marks.push_back(line_mark{{{0, 0}, {1, 1}}, tone::ideal, 1, true, {}});
  marks.insert(marks.end(), limits.begin(), limits.end());
  return marks;
}

/// A strip below: the share of the samples in each bin.
inline picture_panel histogram_panel(const reliability_table& table, double left, double top,
                                     double width, double height) {
  picture_panel strip{.left = left, .top = top, .width = width, .height = height};
  double most = 0;
  const double total = table.total_weight();
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (!(bin.weight > 0)) continue;
    const double share = bin.weight / total;
    most = std::max(most, share);
    strip.marks.push_back(
        bar_mark{{bin.lower, 0},
                 {bin.upper, share},
                 tone::faint,
                 1,
                 concat(bin.count, " samples, ", fixed_text(100 * share, 1), " %")});
  }
  if (!(most > 0)) most = 1;
  strip.x = even_axis(0, 1, "confidence", 5);
  strip.y = {0, most * 1.05, "share", {{0, "0"}, {most, fixed_text(most, 2)}}};
  return strip;
}

/// What stands in one field of a grid of reliability diagrams.
struct reliability_field {
  std::string title;
  const reliability_table* table;
};

/// Fields side by side, in as many columns as told; each with its strip.
inline picture reliability_grid(const std::vector<reliability_field>& fields, std::size_t columns,
                                double side, const reliability_style& style) {
  const double strip = style.histogram ? std::max(26.0, side / 6) : 0;
  const double between = style.histogram ? 10 : 0;
  const double field_width = margin_left + side + margin_right;
  const double field_height = margin_top + side + between + strip + margin_bottom;
  picture p;
  columns = std::min(columns, fields.size());
  const std::size_t rows = (fields.size() + columns - 1) / columns;
  p.width = field_width * static_cast<double>(columns);
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const double left = field_width * static_cast<double>(f % columns) + margin_left;
    const double top = field_height * static_cast<double>(f / columns) + margin_top;
    picture_panel panel{.left = left, .top = top, .width = side, .height = side};
    panel.title = cut_text(fields[f].title, side + margin_right, title_size);
    panel.x = even_axis(0, 1, style.histogram ? "" : "confidence", 5);
    panel.y = even_axis(0, 1, "accuracy", 5);
    if (style.histogram)
      for (axis_tick& t : panel.x.ticks) t.text.clear();  // those of the strip
    panel.marks = reliability_marks(*fields[f].table, style);
    p.panels.push_back(std::move(panel));
    if (style.histogram)
      p.panels.push_back(
          histogram_panel(*fields[f].table, left, top + side + between, side, strip));
  }
  p.legend = {{tone::model, "both"},
              {tone::over, "confidence above accuracy"},
              {tone::under, "accuracy above confidence"},
              {tone::ideal, "calibrated", true, true}};
  p.height = field_height * static_cast<double>(rows);
  return p;
}

/// "95 %", "99.5 %".
inline std::string percent(double share) {
  const double hundred = 100 * share;
  return concat(fixed_text(hundred, std::abs(hundred - std::round(hundred)) < 1e-9 ? 0 : 1), " %");
}
inline std::string limits_sentence(const reliability_style& style) {
  if (style.limits == bar_limits::none) return {};
  return concat(" Bars: ", percent(style.level),
                style.limits == bar_limits::wilson
                    ? " limits of each bin's accuracy (Wilson)."
                    : " of the accuracies of a calibrated model of this size.");
}

}  // namespace calibra::detail
