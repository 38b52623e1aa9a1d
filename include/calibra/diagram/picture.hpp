// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "calibra/version.hpp"

/// \file
/// A picture as a value: what stands where, in the units of the data. It is made by
/// reliability_diagram() and others, can be looked at and changed, and is drawn by to_svg() or
/// save_picture().

namespace calibra {

/// What a mark is, not its colour: themes say that.
enum class tone {
  ink,     ///< text, axes
  faint,   ///< ticks, what is beside the point
  model,   ///< the first model
  second,  ///< other models
  third,
  fourth,
  over,   ///< by how much confidence is too large
  under,  ///< by how much it is too small
  ideal,  ///< where calibrated models lie
  band,   ///< where noise leaves them
};

struct point {
  double x = 0, y = 0;
  friend bool operator==(const point&, const point&) = default;
};

/// A rectangle with sides along the axes. `note`: what a viewer shows where one points at it.
struct bar_mark {
  point low, high;
  tone fill = tone::model;
  double opacity = 1;
  std::string note = {};
};
struct line_mark {
  std::vector<point> points;
  tone stroke = tone::model;
  double width = 1.5;  ///< points of 1/72 inch
  bool dashed = false;
  std::string note = {};
};
/// A filled polygon.
struct area_mark {
  std::vector<point> corners;
  tone fill = tone::band;
  double opacity = 1;
  std::string note = {};
};
/// Limits: a line between two points with a short bar across each end.
struct limits_mark {
  point low, high;
  tone stroke = tone::ink;
};
struct dot_mark {
  point at;
  tone fill = tone::model;
  double radius = 3;
  std::string note = {};
};
enum class anchor { start, middle, end };
struct text_mark {
  point at;
  std::string text;
  anchor where = anchor::start;  ///< which part of the text lies at the point
  tone fill = tone::ink;
  double size = 8;
};
using mark = std::variant<bar_mark, line_mark, area_mark, limits_mark, dot_mark, text_mark>;

struct axis_tick {
  double at = 0;
  std::string text = {};
};
struct picture_axis {
  double low = 0, high = 1;
  std::string name = {};
  std::vector<axis_tick> ticks = {};
};

/// A frame with axes: where it lies in the picture, in points of 1/72 inch from its upper left
/// corner, and its marks in units of the axes, drawn in their order.
struct picture_panel {
  double left = 0, top = 0, width = 0, height = 0;
  std::string title = {};
  picture_axis x = {}, y = {};
  std::vector<mark> marks = {};
};

struct legend_entry {
  tone of = tone::model;
  std::string text = {};
  bool line = false;  ///< a line instead of a square
  bool dashed = false;
};

struct picture {
  double width = 0, height = 0;  ///< points of 1/72 inch
  std::vector<picture_panel> panels = {};
  std::vector<legend_entry> legend = {};  ///< above the caption, in one row or more
  std::vector<std::string> caption = {};  ///< lines at the foot
  std::string description = {};           ///< in words, for who cannot see it
};

enum class theme { light, dark };

}  // namespace calibra
