// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <string>

#include "calibra/diagram/cairo.hpp"
#include "drawn_pictures.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

/// The four bytes at a place, the highest first.
std::size_t number_at(const std::string& bytes, std::size_t at) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < 4; ++i) n = n * 256 + static_cast<unsigned char>(bytes[at + i]);
  return n;
}

}  // namespace

TEST_CASE("PNG has its signature, its size and its end", "[diagram]") {
  for (const auto& [name, p] : every_picture())
    for (const double scale : {1.0, 2.0, 3.0}) {
      INFO(name << ", " << scale);
      const std::string png = to_png(p, theme::light, scale);
      REQUIRE(png.size() > 1000);
      CHECK(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
      CHECK(number_at(png, 16) == static_cast<std::size_t>(std::ceil(p.width * scale)));
      CHECK(number_at(png, 20) == static_cast<std::size_t>(std::ceil(p.height * scale)));
      CHECK(png.substr(png.size() - 8, 4) == "IEND");
    }
}

TEST_CASE("PDF begins and ends as one", "[diagram]") {
  for (const auto& [name, p] : every_picture()) {
    INFO(name);
    const std::string pdf = to_pdf(p, theme::dark);
    CHECK(pdf.substr(0, 5) == "%PDF-");
    CHECK(pdf.find("%%EOF") != std::string::npos);
  }
}

TEST_CASE("pictures that cairo cannot make", "[diagram]") {
  picture p;
  p.width = p.height = 100;
  CHECK_THROWS_WITH(to_png(p, theme::light, 0), "to_png(): expected a scale in (0, 100], got 0");
  p.width = 1e6;
  CHECK_THROWS_AS(to_png(p), value_error);
}
