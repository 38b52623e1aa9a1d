// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/evaluate.hpp>
#include <calibra/json.hpp>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

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
  CHECK((bits(r.objective_before) == bits(s.objective_before) ||
         (std::isnan(r.objective_before) && std::isnan(s.objective_before))));
  CHECK((bits(r.objective_after) == bits(s.objective_after) ||
         (std::isnan(r.objective_after) && std::isnan(s.objective_after))));
  CHECK(r.note == s.note);
  CHECK(r.fitted_on == s.fitted_on);
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
  CHECK_THROWS_AS(temperature_from_json(text, "model.json"), io_error);
  CHECK_THROWS_WITH(temperature_from_json(text, "model.json"),
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
    r.objective_before = std::sqrt(t);
    r.objective_after = -t;
    if (generator() % 7 != 0) r.fitted_on = static_cast<score_kind>(generator() % 6);
    r.note = "a \"note\"\n\\ with \xc3\xa4";
    const temperature_scaling before(t, r);
    check_same(before, temperature_from_json(to_json(before), "text"));
  }
}

TEST_CASE("what JSON has no number for") {
  fit_report r;
  r.objective_after = std::numeric_limits<double>::infinity();
  const temperature_scaling before(0.1, r);
  const std::string text = to_json(before);
  CHECK(text.find("\"objective_before\": null") != std::string::npos);
  check_same(before, temperature_from_json(text, "text"));
  r.objective_after = -r.objective_after;
  const temperature_scaling other(0.1, r);
  check_same(other, temperature_from_json(to_json(other), "text"));
}

TEST_CASE("the document names the release and the kind first") {
  const std::string text = to_json(temperature_scaling(1.5));
  CHECK(text.starts_with("{\n  \"calibra\": \"" CALIBRA_VERSION
                         "\",\n  \"kind\": \"temperature\",\n  \"temperature\": 1.5,"));
  CHECK(text.back() == '\n');
  CHECK(recalibrator_kind(text, "text") == "temperature");
  CHECK(temperature_from_json(changed("1.5", "3"), "text").temperature() == 3);
  CHECK(
      temperature_from_json(changed("\"kind\"", "\"more\": [1], \"kind\""), "text").temperature() ==
      1.5);
}

TEST_CASE("a truncated document is refused wherever it ends") {
  const std::string text = to_json(temperature_scaling(1.5));
  for (std::size_t n = 0; n + 2 < text.size(); ++n)
    CHECK_THROWS_AS(temperature_from_json(text.substr(0, n), "model.json"), io_error);
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
    check_refused(changed("1.5", t), "temperature_scaling(): temperature ");
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
  CHECK(temperature_from_json(text, "text").temperature() == 1.5);
}

TEST_CASE("the kind of scores that a model was fitted on is kept") {
  const std::vector<double> p{0.2, 0.9, 0.6, 0.3}, x{-1, 2, 1, -2};
  const std::vector<int> y{0, 1, 0, 1};
  const std::string of_p = to_json(fit<temperature_scaling>(binary_probabilities(p), y));
  CHECK(of_p.find("\"fitted_on\": \"binary_probabilities\",\n  \"fit\": {") != std::string::npos);
  const temperature_scaling again = temperature_from_json(of_p);
  CHECK(again.fitted_on() == score_kind::binary_probabilities);
  CHECK(again.transform(binary_probabilities(p)).size() == 4);
  CHECK_THROWS_AS(again.transform(binary_logits(x)), value_error);

  // Models made by hand, and those of before kinds were kept, take any.
  const std::string by_hand = to_json(temperature_scaling(1.5));
  CHECK(by_hand.find("fitted_on") == std::string::npos);
  const temperature_scaling any = temperature_from_json(by_hand);
  CHECK(any.fitted_on() == std::nullopt);
  CHECK(any.transform(binary_logits(x)).size() == 4);
  CHECK(any.transform(binary_probabilities(p)).size() == 4);
  CHECK(temperature_from_json(changed("\"fit\"", "\"fitted_on\": null, \"fit\"")).fitted_on() ==
        std::nullopt);
  check_refused(changed("\"fit\"", "\"fitted_on\": \"scores\", \"fit\""),
                "\"fitted_on\": expected a kind of scores (logits, probabilities, "
                "binary_logits, ...), got \"scores\"");
  check_refused(changed("\"fit\"", "\"fitted_on\": 1, \"fit\""),
                "\"fitted_on\": expected a string");
}

TEST_CASE("a path given for the text is told from a broken document") {
  for (const char* path : {"model.json", "models/best", "/tmp/model", "temperature.txt"}) {
    CHECK_THROWS_AS(temperature_from_json(path), io_error);
    CHECK_THROWS_WITH(
        temperature_from_json(path),
        Catch::StartsWith("JSON text: expected JSON text, got \"" + std::string(path) +
                          "\", which looks like the name of a file; "
                          "io::load_temperature(path)"));
  }
  CHECK_THROWS_WITH(recalibrator_kind("model.json"), Catch::Contains("the name of a file"));
  check_refused("{\"a/b", "not a JSON document");
  check_refused("hello", "not a JSON document");
}

TEST_CASE("json: an evaluation", "[json]") {
  const std::vector<std::vector<double>> p{{0.75, 0.25}, {0.375, 0.625}};
  const evaluation e = evaluate(probabilities(p), std::vector<int>{0, 0}, {ece, piece},
                                {.bins = 2, .per_class = true});
  const auto document = nlohmann::json::parse(to_json(e));
  CHECK(document == nlohmann::json::parse(json_document(e).dump()));
  CHECK(document["samples"] == 2);
  CHECK(document["classes"] == 2);
  CHECK(!document.contains("entries"));
  CHECK(document["metrics"]["ece"] == e["ece"]);
  CHECK(document["metrics"]["piece"].is_null());
  CHECK(document["bins"].size() == 2);
  CHECK(document["bins"][0]["confidence"].is_null());
  CHECK(document["bins"][1]["confidence"] == 0.6875);
  CHECK(document["bins"][1]["weight"] == 2);
  CHECK(document["classwise"]["ece"] == e.ece_per_class);
  CHECK(!document.contains("class_names"));
  evaluation named = e;
  named.class_names = {"no", "yes"};
  CHECK(json_document(named)["class_names"] == named.class_names);
  const evaluation labels =
      evaluate(multilabel_probabilities(std::vector<std::vector<double>>{{0.75}, {0.25}}),
               std::vector<std::vector<int>>{{1}, {0}});
  CHECK(json_document(labels)["entries"] == 2);
  CHECK(json_document(evaluation{})["classes"].is_null());
}

TEST_CASE("json: a recalibrator of very many levels is refused") {
  for (const int levels : {101, 200000}) {
    const std::string deep(static_cast<std::size_t>(levels), '[');
    check_refused("{\"calibra\":\"0.1.0\",\"x\":" + deep + std::string(deep.size(), ']') + "}",
                  "expected at most 100 levels of JSON, got more");
  }
  std::string parts;
  for (int i = 0; i < 20000; ++i) parts += "{\"kind\":\"one_against_rest\",\"parts\":[";
  check_refused("{\"calibra\":\"0.1.0\",\"kind\":\"one_against_rest\",\"parts\":[" + parts,
                "not a JSON document");
}
