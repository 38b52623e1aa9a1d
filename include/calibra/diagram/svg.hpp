// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/diagram/canvas.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/error.hpp"

namespace calibra {

namespace detail {

inline std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // Others are not allowed in XML.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

/// A hundredth of a point is enough.
inline std::string svg_number(double x) {
  std::string text = fixed_text(std::round(x * 100) / 100 + 0.0, 2);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

class svg_canvas final : public canvas {
 public:
  /// The shapes, in SVG.
  [[nodiscard]] const std::string& body() const { return body_; }

  void polygon(const std::vector<point>& corners, colour fill, double opacity,
               std::string_view note) override {
    body_ += concat("<path d=\"", path_of(corners), "Z\" fill=\"", hex(fill), '"');
    if (opacity < 1) body_ += concat(" fill-opacity=\"", svg_number(opacity), '"');
    close("path", note);
  }
  void polyline(const std::vector<point>& points, colour stroke, double width, bool dashed,
                std::string_view note) override {
    body_ += concat("<path d=\"", path_of(points), "\" fill=\"none\" stroke=\"", hex(stroke),
                    "\" stroke-width=\"", svg_number(width), '"');
    if (dashed) body_ += " stroke-dasharray=\"4 3\"";
    close("path", note);
  }
  void circle(point centre, double radius, colour fill, std::string_view note) override {
    body_ += concat("<circle cx=\"", svg_number(centre.x), "\" cy=\"", svg_number(centre.y),
                    "\" r=\"", svg_number(radius), "\" fill=\"", hex(fill), '"');
    close("circle", note);
  }
  void text(point at, std::string_view what, anchor where, colour fill, double size, bool bold,
            bool upright) override {
    constexpr std::array<std::string_view, 3> anchors{"start", "middle", "end"};
    const std::string x = svg_number(at.x), y = svg_number(at.y);
    body_ += concat("<text x=\"", x, "\" y=\"", y, "\" font-size=\"", svg_number(size),
                    "\" text-anchor=\"", anchors[static_cast<std::size_t>(where)], "\" fill=\"",
                    hex(fill), '"');
    if (bold) body_ += " font-weight=\"bold\"";
    if (upright) body_ += concat(" transform=\"rotate(-90 ", x, ' ', y, ")\"");
    body_ += concat('>', xml_text(what), "</text>\n");
  }
  void clip(point corner, double width, double height) override {
    // A nested drawing is cut at its edge; its coordinates stay those of the whole.
    const std::string x = svg_number(corner.x), y = svg_number(corner.y), w = svg_number(width),
                      h = svg_number(height);
    body_ += concat("<svg x=\"", x, "\" y=\"", y, "\" width=\"", w, "\" height=\"", h,
                    "\" viewBox=\"", x, ' ', y, ' ', w, ' ', h, "\">\n");
  }
  void unclip() override { body_ += "</svg>\n"; }

 private:
  static std::string hex(colour c) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "#";
    for (const int part : {c.red, c.green, c.blue}) {
      out += digits[static_cast<std::size_t>(part / 16)];
      out += digits[static_cast<std::size_t>(part % 16)];
    }
    return out;
  }
  static std::string path_of(const std::vector<point>& points) {
    std::string out;
    for (const point& p : points)
      out += concat(out.empty() ? 'M' : 'L', svg_number(p.x), ' ', svg_number(p.y));
    return out;
  }
  void close(std::string_view element, std::string_view note) {
    if (note.empty())
      body_ += "/>\n";
    else
      body_ += concat("><title>", xml_text(note), "</title></", element, ">\n");
  }

  std::string body_;
};

}  // namespace detail

/// The picture as SVG: a whole document, text as text, notes as what a browser shows where one
/// points. Nothing is needed but this header.
[[nodiscard]] inline std::string to_svg(const picture& p, theme of = theme::light) {
  detail::svg_canvas canvas;
  draw(p, of, canvas);
  const std::string w = detail::svg_number(p.width), h = detail::svg_number(p.height);
  return detail::concat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", w, "pt\" height=\"", h,
      "pt\" viewBox=\"0 0 ", w, ' ', h,
      "\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" role=\"img\">\n<desc>",
      detail::xml_text(p.description), "</desc>\n", canvas.body(), "</svg>\n");
}

}  // namespace calibra
