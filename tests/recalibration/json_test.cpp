// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/json.hpp>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

using namespace calibra;

namespace {

std::uint64_t bits(double x) {
  return std::bit_cast<std::uint64_t>(x);
}

void check_same(const temperature_scaling& a, const temperature_scaling& b) {
  CHECK(bits(a.temperature()) == bits(b.temperature()));
  const fit_report &r = a.report(), &s = b.report();
  CHECK(r.converged == s.converged);
  CHECK(r.iterations == s.iterations);
  CHECK(r.passes == s.passes);
  CHECK(bits(r.partial_passes) == bits(s.partial_passes));
  CHECK((bits(r.nll_before) == bits(s.nll_before) ||
         (std::isnan(r.nll_before) && std::isnan(s.nll_before))));
  CHECK((bits(r.nll_after) == bits(s.nll_after) ||
         (std::isnan(r.nll_after) && std::isnan(s.nll_after))));
  CHECK(r.note == s.note);
}

/// The document of T = 1.5 with one piece of text replaced.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = to_json(temperature_scaling(1.5));
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check_refused(const std::string& text, const std::string& what) {
  INFO(text);
  CHECK_THROWS_AS(load_temperature(text, "model.json"), io_error);
  CHECK_THROWS_WITH(load_temperature(text, "model.json"),
                    Catch::StartsWith("model.json: ") && Catch::Contains(what));
}

}  // namespace

TEST_CASE("every double comes back with all its bits") {
  std::mt19937_64 generator(7);
  int tried = 0;
  while (tried < 2000) {
    const double t = std::bit_cast<double>(generator() & 0x7fffffffffffffffu);
    if (!std::isfinite(t) || !(t > 0) || !std::isfinite(1 / t)) continue;
    ++tried;
    fit_report r;
    r.converged = (generator() & 1) != 0;
    r.iterations = generator();
    r.passes = generator() % 100;
    r.partial_passes = 1 / (1 + t);
    r.nll_before = std::sqrt(t);
    r.nll_after = -t;
    r.note = "a \"note\"\n\\ with \xc3\xa4";
    const temperature_scaling before(t, r);
    check_same(before, load_temperature(to_json(before), "text"));
  }
}

TEST_CASE("what JSON has no number for") {
  fit_report r;
  r.nll_after = std::numeric_limits<double>::infinity();
  const temperature_scaling before(0.1, r);
  const std::string text = to_json(before);
  CHECK(text.find("\"nll_before\": null") != std::string::npos);
  check_same(before, load_temperature(text, "text"));
  r.nll_after = -r.nll_after;
  const temperature_scaling other(0.1, r);
  check_same(other, load_temperature(to_json(other), "text"));
}

TEST_CASE("the document names the release and the kind first") {
  const std::string text = to_json(temperature_scaling(1.5));
  CHECK(text.starts_with("{\n  \"calibra\": \"" CALIBRA_VERSION
                         "\",\n  \"kind\": \"temperature\",\n  \"temperature\": 1.5,"));
  CHECK(text.back() == '\n');
  CHECK(recalibrator_kind(text, "text") == "temperature");
  CHECK(load_temperature(changed("1.5", "3"), "text").temperature() == 3);
  CHECK(load_temperature(changed("\"kind\"", "\"more\": [1], \"kind\""), "text").temperature() ==
        1.5);
}

TEST_CASE("a truncated document is refused wherever it ends") {
  const std::string text = to_json(temperature_scaling(1.5));
  for (std::size_t n = 0; n + 2 < text.size(); ++n)
    CHECK_THROWS_AS(load_temperature(text.substr(0, n), "model.json"), io_error);
  check_refused(text.substr(0, 40), "not a JSON document");
  check_refused("", "not a JSON document");
  check_refused(text + "}", "not a JSON document");
  check_refused(std::string("\x93NUMPY\0\xff", 8), "not a JSON document");
}

TEST_CASE("wrong documents are refused with the field") {
  check_refused("[1, 2]", "expected a JSON object, got array");
  check_refused("3", "expected a JSON object");
  check_refused("{}", "no field \"calibra\"");
  check_refused(changed("\"temperature\",", "\"vector\","),
                "expected kind \"temperature\", got \"vector\"");
  check_refused(changed("\"kind\"", "\"sort\""), "no field \"kind\"");
  check_refused(changed("\"temperature\":", "\"t\":"), "no field \"temperature\"");
  check_refused(changed("\"fit\"", "\"fits\""), "no field \"fit\"");
  check_refused(changed("\"passes\"", "\"pass\""), "no field \"fit\".\"passes\"");
  for (const char* t : {"0", "-0.0", "-1.5", "1e-320"})
    check_refused(changed("1.5", t), "\"temperature\": expected a number > 0");
  check_refused(changed("1.5", "1e999"), "");
  check_refused(changed("1.5", "NaN"), "not a JSON document");
  for (const char* t : {"\"1.5\"", "null", "true", "[1.5]", "{}"})
    check_refused(changed("1.5", t), "\"temperature\": expected a number, got ");
  check_refused(changed("\"converged\": false", "\"converged\": 0"),
                "\"fit\".\"converged\": expected true or false, got number");
  check_refused(changed("\"passes\": 0", "\"passes\": -1"), "expected a whole number >= 0");
  check_refused(changed("\"passes\": 0", "\"passes\": 0.5"), "expected a whole number >= 0");
  check_refused(changed("\"not fitted\"", "7"), "\"fit\".\"note\": expected a string, got number");
  check_refused(changed("\"" CALIBRA_VERSION "\"", "1"), "\"calibra\": expected a string");
  CHECK_THROWS_WITH(recalibrator_kind("{", "model.json"), Catch::StartsWith("model.json: "));
}

TEST_CASE("a note that is no text does not break the document") {
  fit_report r;
  r.note = "\xff\xfe";
  const std::string text = to_json(temperature_scaling(1.5, r));
  CHECK(load_temperature(text, "text").temperature() == 1.5);
}
