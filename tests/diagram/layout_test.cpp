// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// No text lies over another, and nothing outside the paper.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/diagram/canvas.hpp"
#include "drawn_pictures.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

struct box {
  double left, top, right, bottom;
  std::string text;
  bool meets(const box& o) const {
    return left < o.right && o.left < right && top < o.bottom && o.top < bottom;
  }
};

/// Remembers where texts stand, and how far shapes reach.
class noting_canvas final : public canvas {
 public:
  std::vector<box> texts;
  double left = 0, top = 0, right = 0, bottom = 0;
  int depth = 0;

  void polygon(const std::vector<point>& corners, colour, double, std::string_view) override {
    reach(corners);
  }
  void polyline(const std::vector<point>& points, colour, double, bool, std::string_view) override {
    reach(points);
  }
  void circle(point centre, double, colour, std::string_view) override { reach({centre}); }
  void text(point at, std::string_view what, anchor where, colour, double size, bool,
            bool upright) override {
    if (what.empty()) return;
    const double width = detail::text_width(what, size);
    const double from = where == anchor::start ? 0 : where == anchor::middle ? width / 2 : width;
    const double ascent = 0.75 * size, descent = 0.2 * size;
    if (upright)
      texts.push_back(
          {at.x - ascent, at.y + from - width, at.x + descent, at.y + from, std::string(what)});
    else
      texts.push_back(
          {at.x - from, at.y - ascent, at.x - from + width, at.y + descent, std::string(what)});
  }
  void clip(point, double, double) override { ++depth; }
  void unclip() override { --depth; }

 private:
  void reach(const std::vector<point>& points) {
    if (depth > 0) return;  // cut at the panel
    for (const point& p : points) {
      CHECK(std::isfinite(p.x));
      CHECK(std::isfinite(p.y));
      left = std::min(left, p.x);
      right = std::max(right, p.x);
      top = std::min(top, p.y);
      bottom = std::max(bottom, p.y);
    }
  }
};

}  // namespace

TEST_CASE("no text of a picture lies over another or off the paper", "[diagram]") {
  for (const auto& [name, p] : every_picture()) {
    INFO(name << ", " << p.width << " x " << p.height);
    noting_canvas on;
    draw(p, theme::light, on);
    CHECK(on.depth == 0);
    CHECK(on.texts.size() > 5);
    for (std::size_t i = 0; i < on.texts.size(); ++i) {
      const box& a = on.texts[i];
      INFO(a.text);
      CHECK(a.left >= -0.5);
      CHECK(a.top >= 0);
      CHECK(a.right <= p.width + 0.5);
      CHECK(a.bottom <= p.height);
      for (std::size_t j = 0; j < i; ++j) {
        INFO(on.texts[j].text);
        CHECK(!a.meets(on.texts[j]));
      }
    }
    CHECK(on.left >= 0);
    CHECK(on.top >= 0);
    CHECK(on.right <= p.width);
    CHECK(on.bottom <= p.height);
    CHECK(!p.description.empty());
  }
}

TEST_CASE("ticks are round and inside", "[diagram]") {
  for (const double low : {0.0, -0.137, 12.0, -1e-7})
    for (const double span : {1.0, 1e-6, 0.37, 1234.5}) {
      const auto ticks = detail::even_ticks(low, low + span, 6);
      INFO(low << " + " << span);
      CHECK(ticks.size() >= 2);
      CHECK(ticks.size() <= 7);
      for (const axis_tick& t : ticks) {
        CHECK(t.at >= low - span * 1e-6);
        CHECK(t.at <= low + span * (1 + 1e-6));
        CHECK(std::stod(t.text) == Approx(t.at).margin(span * 1e-6));
      }
    }
}

TEST_CASE("tones differ in lightness", "[diagram]") {
  const auto lightness = [](colour c) {
    return 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue;
  };
  for (const theme of : {theme::light, theme::dark}) {
    const double model = lightness(colour_of(tone::model, of)),
                 over = lightness(colour_of(tone::over, of)),
                 under = lightness(colour_of(tone::under, of)), paper = lightness(paper_of(of));
    CHECK(std::abs(model - over) > 20);
    CHECK(std::abs(model - under) > 20);
    for (const double x : {model, over, under}) CHECK(std::abs(x - paper) > 40);
    CHECK(std::abs(lightness(colour_of(tone::ink, of)) - paper) > 180);
  }
}
