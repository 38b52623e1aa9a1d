// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/diagram/picture.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"

// Where things stand in a picture.
namespace calibra::detail {

inline constexpr double text_size = 8;  // of axes and captions, points
inline constexpr double title_size = 9;
inline constexpr double line_height = 11;
inline constexpr double margin_left = 44, margin_right = 12, margin_top = 22, margin_bottom = 34;

/// No less than what the text takes in the fonts that are drawn with, without asking them: UTF-8
/// characters of the mean width of the wide ones.
inline double text_width(std::string_view text, double size) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  return 0.58 * size * static_cast<double>(characters);
}

/// Steps of 1, 2 or 5 times a power of ten: at most `most` of them from low to high.
inline std::vector<axis_tick> even_ticks(double low, double high, std::size_t most = 6) {
  const double span = high - low;
  if (!(span > 0)) return {{low, concat(low)}};
  const double rough = span / static_cast<double>(most);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = power;
  for (const double by : {1.0, 2.0, 5.0, 10.0}) {
    step = by * power;
    if (step >= rough * (1 - 1e-9)) break;
  }
  const int digits = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  std::vector<axis_tick> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k)
    ticks.push_back({k * step, fixed_text(k == 0 ? 0.0 : k * step, digits)});
  return ticks;
}

/// An axis from low to high with even ticks.
inline picture_axis even_axis(double low, double high, std::string name, std::size_t most = 6) {
  return {low, high, std::move(name), even_ticks(low, high, most)};
}

/// "text" in lines that are no wider than `width`, broken at blanks.
inline std::vector<std::string> broken_lines(std::string_view text, double width, double size) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string word(text.substr(0, end));
    const std::string longer = line.empty() ? word : line + ' ' + word;
    if (!line.empty() && text_width(longer, size) > width) {
      lines.push_back(line);
      line = word;
    } else {
      line = longer;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

/// "text" cut to a width, with an ellipsis.
inline std::string cut_text(std::string text, double width, double size) {
  if (text_width(text, size) <= width) return text;
  while (!text.empty() && text_width(text, size) + size > width) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
      text.pop_back();
    if (!text.empty()) text.pop_back();
  }
  return text + "…";
}

/// Rows that a legend takes in the width: entries are put side by side.
struct placed_entry {
  double left = 0;
  std::size_t row = 0;
};
inline std::vector<placed_entry> placed_legend(const std::vector<legend_entry>& legend,
                                               double width) {
  constexpr double sign = 20, between = 14;
  std::vector<placed_entry> placed;
  double left = 0;
  std::size_t row = 0;
  for (const legend_entry& e : legend) {
    const double needs = sign + text_width(e.text, text_size);
    if (left > 0 && left + needs > width) {
      left = 0;
      ++row;
    }
    placed.push_back({left, row});
    left += needs + between;
  }
  return placed;
}
inline double legend_height(const std::vector<legend_entry>& legend, double width) {
  if (legend.empty()) return 0;
  return line_height * static_cast<double>(placed_legend(legend, width).back().row + 1) + 4;
}

/// Closes a picture below its panels: the legend and the caption get room.
inline void finish(picture& p, double bottom, std::string_view caption) {
  const double inner = p.width - margin_left - margin_right;
  p.caption = broken_lines(caption, inner, text_size);
  p.height = bottom + legend_height(p.legend, inner) +
             line_height * static_cast<double>(p.caption.size()) + 6;
}

}  // namespace calibra::detail
