// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "calibra/diagram/detail/layout.hpp"
#include "calibra/diagram/picture.hpp"

namespace calibra {

/// Red, green and blue in [0, 255].
struct colour {
  int red = 0, green = 0, blue = 0;
};

/// What a tone looks like: told apart by the colour-blind (Okabe and Ito 2008), and by lightness
/// alone.
[[nodiscard]] inline colour colour_of(tone t, theme of) {
  const bool dark = of == theme::dark;
  switch (t) {
    case tone::ink:
      return dark ? colour{230, 230, 230} : colour{30, 30, 30};
    case tone::faint:
      return dark ? colour{110, 110, 110} : colour{160, 160, 160};
    case tone::model:
      return dark ? colour{86, 180, 233} : colour{0, 114, 178};
    case tone::second:
      return dark ? colour{230, 159, 0} : colour{213, 94, 0};
    case tone::third:
      return dark ? colour{0, 190, 140} : colour{0, 158, 115};
    case tone::fourth:
      return dark ? colour{225, 150, 195} : colour{204, 121, 167};
    case tone::over:
      return dark ? colour{240, 180, 70} : colour{230, 159, 0};
    case tone::under:
      return dark ? colour{200, 228, 245} : colour{120, 195, 238};
    case tone::ideal:
      return dark ? colour{180, 180, 180} : colour{90, 90, 90};
    case tone::band:
      return dark ? colour{85, 85, 85} : colour{205, 205, 205};
  }
  return {};
}
[[nodiscard]] inline colour paper_of(theme of) {
  return of == theme::dark ? colour{22, 24, 28} : colour{255, 255, 255};
}

/// What a picture is drawn on: shapes in points of 1/72 inch from the upper left corner.
class canvas {
 public:
  canvas() = default;
  canvas(const canvas&) = delete;
  canvas& operator=(const canvas&) = delete;
  virtual ~canvas() = default;

  virtual void polygon(const std::vector<point>& corners, colour fill, double opacity,
                       std::string_view note) = 0;
  virtual void polyline(const std::vector<point>& points, colour stroke, double width, bool dashed,
                        std::string_view note) = 0;
  virtual void circle(point centre, double radius, colour fill, std::string_view note) = 0;
  /// `upright`: reads from bottom to top.
  virtual void text(point at, std::string_view what, anchor where, colour fill, double size,
                    bool bold, bool upright) = 0;
  /// Shapes until unclip() are cut at the rectangle.
  virtual void clip(point corner, double width, double height) = 0;
  virtual void unclip() = 0;
};

namespace detail {

/// Draws one panel.
class panel_drawer {
 public:
  panel_drawer(const picture_panel& panel, theme of, canvas& on)
      : panel_(panel), theme_(of), on_(on) {}

  void draw() {
    on_.clip({panel_.left, panel_.top}, panel_.width, panel_.height);
    for (const mark& m : panel_.marks)
      if (!std::holds_alternative<text_mark>(m)) std::visit(*this, m);
    on_.unclip();
    for (const mark& m : panel_.marks)
      if (std::holds_alternative<text_mark>(m)) std::visit(*this, m);
    frame();
  }

  void operator()(const bar_mark& m) {
    const point a = place(m.low), b = place(m.high);
    on_.polygon({a, {b.x, a.y}, b, {a.x, b.y}}, shade(m.fill), m.opacity, m.note);
  }
  void operator()(const line_mark& m) {
    on_.polyline(placed(m.points), shade(m.stroke), m.width, m.dashed, m.note);
  }
  void operator()(const area_mark& m) {
    on_.polygon(placed(m.corners), shade(m.fill), m.opacity, m.note);
  }
  void operator()(const limits_mark& m) {
    const point a = place(m.low), b = place(m.high);
    const bool level = m.low.y == m.high.y;
    constexpr double reach = 2.5, width = 0.9;
    on_.polyline({a, b}, shade(m.stroke), width, false, {});
    for (const point& end : {a, b})
      on_.polyline({{end.x - (level ? 0 : reach), end.y - (level ? reach : 0)},
                    {end.x + (level ? 0 : reach), end.y + (level ? reach : 0)}},
                   shade(m.stroke), width, false, {});
  }
  void operator()(const dot_mark& m) { on_.circle(place(m.at), m.radius, shade(m.fill), m.note); }
  void operator()(const text_mark& m) {
    on_.text(place(m.at), m.text, m.where, shade(m.fill), m.size, false, false);
  }

 private:
  colour shade(tone t) const { return colour_of(t, theme_); }
  point place(point p) const {
    const picture_axis &x = panel_.x, &y = panel_.y;
    return {panel_.left + panel_.width * (p.x - x.low) / (x.high - x.low),
            panel_.top + panel_.height * (1 - (p.y - y.low) / (y.high - y.low))};
  }
  std::vector<point> placed(const std::vector<point>& points) const {
    std::vector<point> out;
    out.reserve(points.size());
    for (const point& p : points) out.push_back(place(p));
    return out;
  }
  void frame() {
    const double right = panel_.left + panel_.width, bottom = panel_.top + panel_.height;
    const colour line = shade(tone::ink);
    on_.polyline({{panel_.left, panel_.top}, {panel_.left, bottom}, {right, bottom}}, line, 0.8,
                 false, {});
    constexpr double tick = 3;
    for (const axis_tick& t : panel_.x.ticks) {
      const double x = place({t.at, 0}).x;
      on_.polyline({{x, bottom}, {x, bottom + tick}}, line, 0.8, false, {});
      on_.text({x, bottom + tick + text_size}, t.text, anchor::middle, line, text_size, false,
               false);
    }
    for (const axis_tick& t : panel_.y.ticks) {
      const double y = place({0, t.at}).y;
      on_.polyline({{panel_.left - tick, y}, {panel_.left, y}}, line, 0.8, false, {});
      on_.text({panel_.left - tick - 2, y + text_size * 0.35}, t.text, anchor::end, line, text_size,
               false, false);
    }
    if (!panel_.x.name.empty())
      on_.text({panel_.left + panel_.width / 2, bottom + tick + 2 * text_size + 4}, panel_.x.name,
               anchor::middle, line, text_size, false, false);
    if (!panel_.y.name.empty())
      on_.text({panel_.left - 30, panel_.top + panel_.height / 2}, panel_.y.name, anchor::middle,
               line, text_size, false, true);
    if (!panel_.title.empty())
      on_.text({panel_.left, panel_.top - 7}, panel_.title, anchor::start, line, title_size, true,
               false);
  }

  const picture_panel& panel_;
  theme theme_;
  canvas& on_;
};

inline void draw_legend(const picture& p, double top, theme of, canvas& on) {
  const double inner = p.width - margin_left - margin_right;
  const std::vector<placed_entry> placed = placed_legend(p.legend, inner);
  for (std::size_t i = 0; i < p.legend.size(); ++i) {
    const legend_entry& e = p.legend[i];
    const double x = margin_left + placed[i].left;
    const double y = top + line_height * static_cast<double>(placed[i].row);
    const colour shade = colour_of(e.of, of);
    if (e.line)
      on.polyline({{x, y}, {x + 15, y}}, shade, 1.5, e.dashed, {});
    else
      on.polygon({{x + 4, y - 4}, {x + 12, y - 4}, {x + 12, y + 4}, {x + 4, y + 4}}, shade, 1, {});
    on.text({x + 20, y + text_size * 0.35}, e.text, anchor::start, colour_of(tone::ink, of),
            text_size, false, false);
  }
}

}  // namespace detail

/// Draws a picture on a canvas of its size.
inline void draw(const picture& p, theme of, canvas& on) {
  on.polygon({{0, 0}, {p.width, 0}, {p.width, p.height}, {0, p.height}}, paper_of(of), 1, {});
  for (const picture_panel& panel : p.panels) detail::panel_drawer(panel, of, on).draw();
  const double inner = p.width - detail::margin_left - detail::margin_right;
  const double caption = p.height - 6 - detail::line_height * static_cast<double>(p.caption.size());
  if (!p.legend.empty())
    detail::draw_legend(p, caption - detail::legend_height(p.legend, inner) + 4, of, on);
  for (std::size_t i = 0; i < p.caption.size(); ++i)
    on.text({detail::margin_left,
             caption + detail::line_height * static_cast<double>(i) + detail::text_size},
            p.caption[i], anchor::start, colour_of(tone::ink, of), detail::text_size, false, false);
}

}  // namespace calibra
