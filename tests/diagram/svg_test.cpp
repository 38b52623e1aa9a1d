// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cctype>
#include <cstddef>
#include <string>
#include <vector>

#include "calibra/diagram/svg.hpp"
#include "drawn_pictures.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

/// Reads XML of elements, attributes between quotation marks and text: what is wrong with it, or
/// "".
std::string fault_of(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < xml.size();) {
    if (xml[at] != '<') {
      if (xml[at] == '>') return "a stray >";
      if (xml[at] == '&') {
        const std::size_t end = xml.find(';', at);
        const std::string name = xml.substr(at, end - at + 1);
        if (name != "&amp;" && name != "&lt;" && name != "&gt;" && name != "&quot;") return name;
      }
      ++at;
      continue;
    }
    const bool closes = xml[at + 1] == '/';
    std::size_t end = at + (closes ? 2 : 1);
    const std::size_t name_start = end;
    while (std::isalpha(static_cast<unsigned char>(xml[end])) != 0) ++end;
    const std::string name = xml.substr(name_start, end - name_start);
    if (name.empty()) return "no name";
    bool quoted = false;
    for (; end < xml.size() && (quoted || xml[end] != '>'); ++end) {
      if (xml[end] == '"') quoted = !quoted;
      if (xml[end] == '<') return "< in an element";
    }
    if (end == xml.size()) return "no end";
    if (closes) {
      if (open.empty() || open.back() != name) return "</" + name + ">";
      open.pop_back();
    } else if (xml[end - 1] != '/') {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() ? "" : "<" + open.back() + "> is open";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

}  // namespace

TEST_CASE("SVG is well-formed and has its texts as text", "[diagram]") {
  CHECK(fault_of("<a><b x=\"1\"/></a>") == "");
  CHECK(fault_of("<a><b></a></b>") != "");
  CHECK(fault_of("<a>&nbsp;</a>") != "");
  for (const auto& [name, p] : every_picture())
    for (const theme of : {theme::light, theme::dark}) {
      INFO(name);
      const std::string svg = to_svg(p, of);
      CHECK(fault_of(svg) == "");
      CHECK(svg.find("nan") == std::string::npos);
      CHECK(svg.find("inf") == std::string::npos);
      for (const std::string& line : p.caption)
        CHECK(svg.find('>' + detail::xml_text(line) + "</text>") != std::string::npos);
      CHECK(count(svg, "<svg") == p.panels.size() + 1);
      CHECK(svg.size() < 20000 + 20000 * p.panels.size());
    }
}

TEST_CASE("SVG escapes what a title may hold", "[diagram]") {
  const scored s = random_scores(50, 3, 1);
  const evaluation e = evaluate(logits(s.z), s.labels, {ece});
  const std::string svg = to_svg(reliability_diagram(e, "a < b & \"c\"\x01"));
  CHECK(fault_of(svg) == "");
  CHECK(svg.find(">a &lt; b &amp; &quot;c&quot;</text>") != std::string::npos);
}

TEST_CASE("SVG numbers are short", "[diagram]") {
  CHECK(detail::svg_number(1) == "1");
  CHECK(detail::svg_number(-0.001) == "0");
  CHECK(detail::svg_number(2.346) == "2.35");
  CHECK(detail::svg_number(100) == "100");
  CHECK(detail::svg_number(-7.5) == "-7.5");
}

TEST_CASE("themes change colours alone", "[diagram]") {
  const scored s = random_scores(50, 3, 1);
  const picture p = reliability_diagram(evaluate(logits(s.z), s.labels, {ece}));
  const std::string light = to_svg(p), dark = to_svg(p, theme::dark);
  CHECK(light != dark);
  CHECK(light.size() == dark.size());
}
