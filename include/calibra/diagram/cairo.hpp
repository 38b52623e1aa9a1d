// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cairo-pdf.h>
#include <cairo.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/diagram/canvas.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/error.hpp"

namespace calibra {

namespace detail {

/// Draws on a surface of cairo.
class cairo_canvas final : public canvas {
 public:
  cairo_canvas(std::string_view where, cairo_surface_t* surface, double scale)
      : where_(where), on_(cairo_create(surface), cairo_destroy) {
    cairo_scale(on_.get(), scale, scale);
    cairo_select_font_face(on_.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
    check();
  }
  /// Throws value_error where cairo could not draw.
  void check() const {
    const cairo_status_t status = cairo_status(on_.get());
    if (status != CAIRO_STATUS_SUCCESS)
      throw value_error(concat(where_, ": cairo: ", cairo_status_to_string(status)));
  }

  void clear(colour paper) {
    paint(paper, 1);
    cairo_paint(on_.get());
  }
  void polygon(const std::vector<point>& corners, colour fill, double opacity,
               std::string_view) override {
    trace(corners);
    cairo_close_path(on_.get());
    paint(fill, opacity);
    cairo_fill(on_.get());
  }
  void polyline(const std::vector<point>& points, colour stroke, double width, bool dashed,
                std::string_view) override {
    trace(points);
    paint(stroke, 1);
    cairo_set_line_width(on_.get(), width);
    const double dashes[] = {4, 3};
    cairo_set_dash(on_.get(), dashes, dashed ? 2 : 0, 0);
    cairo_stroke(on_.get());
  }
  void circle(point centre, double radius, colour fill, std::string_view) override {
    cairo_new_path(on_.get());
    cairo_arc(on_.get(), centre.x, centre.y, radius, 0, 2 * std::numbers::pi);
    paint(fill, 1);
    cairo_fill(on_.get());
  }
  void text(point at, std::string_view what, anchor where, colour fill, double size, bool bold,
            bool upright) override {
    const std::string whole(what);
    cairo_select_font_face(on_.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(on_.get(), size);
    cairo_text_extents_t extents;
    cairo_text_extents(on_.get(), whole.c_str(), &extents);
    const double back = where == anchor::start    ? 0
                        : where == anchor::middle ? extents.x_advance / 2
                                                  : extents.x_advance;
    cairo_save(on_.get());
    cairo_translate(on_.get(), at.x, at.y);
    if (upright) cairo_rotate(on_.get(), -std::numbers::pi / 2);
    cairo_move_to(on_.get(), -back, 0);
    paint(fill, 1);
    cairo_show_text(on_.get(), whole.c_str());
    cairo_restore(on_.get());
  }
  void clip(point corner, double width, double height) override {
    cairo_save(on_.get());
    cairo_rectangle(on_.get(), corner.x, corner.y, width, height);
    cairo_clip(on_.get());
  }
  void unclip() override { cairo_restore(on_.get()); }

 private:
  void paint(colour c, double opacity) {
    cairo_set_source_rgba(on_.get(), c.red / 255.0, c.green / 255.0, c.blue / 255.0, opacity);
  }
  void trace(const std::vector<point>& points) {
    cairo_new_path(on_.get());
    for (const point& p : points) cairo_line_to(on_.get(), p.x, p.y);
  }

  std::string_view where_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> on_;
};

using cairo_surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;

inline cairo_status_t append_bytes(void* to, const unsigned char* bytes, unsigned count) {
  static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}
inline void check_surface(std::string_view where, cairo_surface_t* surface) {
  const cairo_status_t status = cairo_surface_status(surface);
  if (status != CAIRO_STATUS_SUCCESS)
    throw value_error(concat(where, ": cairo: ", cairo_status_to_string(status)));
}

}  // namespace detail

/// The picture as a PNG file's bytes, `scale` pixels a point (1/72 inch). Needs cairo. Throws
/// option_error unless the scale is in (0, 100], value_error for what cairo says, such as a picture
/// of more than 32,767 pixels a side.
[[nodiscard]] inline std::string to_png(const picture& p, theme of = theme::light,
                                        double scale = 2) {
  if (!(scale > 0 && scale <= 100))
    throw option_error(detail::concat("to_png(): expected a scale in (0, 100], got ", scale));
  const detail::cairo_surface surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(std::ceil(p.width * scale)),
                                 static_cast<int>(std::ceil(p.height * scale))),
      cairo_surface_destroy);
  detail::check_surface("to_png()", surface.get());
  detail::cairo_canvas canvas("to_png()", surface.get(), scale);
  canvas.clear(paper_of(of));  // the last pixels may be a part of a point
  draw(p, of, canvas);
  canvas.check();
  std::string bytes;
  if (cairo_surface_write_to_png_stream(surface.get(), detail::append_bytes, &bytes) !=
      CAIRO_STATUS_SUCCESS)
    throw value_error("to_png(): cairo could not write the picture");
  return bytes;
}

/// The picture as a PDF file's bytes: one page of its size, text as text. Needs cairo. Throws
/// value_error for what cairo says.
[[nodiscard]] inline std::string to_pdf(const picture& p, theme of = theme::light) {
  std::string bytes;
  const detail::cairo_surface surface(
      cairo_pdf_surface_create_for_stream(detail::append_bytes, &bytes, p.width, p.height),
      cairo_surface_destroy);
  detail::check_surface("to_pdf()", surface.get());
  {
    detail::cairo_canvas canvas("to_pdf()", surface.get(), 1);
    draw(p, of, canvas);
    canvas.check();
  }
  cairo_surface_finish(surface.get());
  detail::check_surface("to_pdf()", surface.get());
  return bytes;
}

}  // namespace calibra
