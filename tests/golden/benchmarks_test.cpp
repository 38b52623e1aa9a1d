// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <calibra/calibra.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "peer_values.hpp"

namespace {

using nlohmann::json;

const std::string source = CALIBRA_SOURCE_DIR;

/// What a convention leaves of scores and labels.
struct pairs {
  std::vector<double> confidence;
  std::vector<std::int64_t> hit;
};

pairs top_labels(const dataset& d) {
  pairs out;
  for (std::size_t i = 0; i < d.rows(); ++i) {
    const auto row = d.p.begin() + static_cast<std::ptrdiff_t>(i * d.classes);
    const auto top = std::max_element(row, row + static_cast<std::ptrdiff_t>(d.classes));
    out.confidence.push_back(*top);
    out.hit.push_back(top - row == d.labels[i]);
  }
  return out;
}

/// What to ask calibra for, to get an entry's value.
struct question {
  std::string preset;
  std::string metric;
  std::size_t bins = 0;
  calibra::bin_scheme scheme = calibra::bin_scheme::equal_width;
};

/// Nothing where no preset has the entry's rule.
std::optional<question> question_for(const json& e) {
  using calibra::bin_scheme;
  const std::string convention = e["convention"];
  const std::string metric = e["metric"];
  if (convention == "helm" && metric == "em-ece-10")
    return question{"verified", "ece", 10, bin_scheme::equal_mass};
  if (convention == "helm") return question{"verified", "ece", 1};
  if (convention == "inspect_browsecomp" && e["version"] == "0.25.0 and 0.26.0")
    return question{"sklearn", "ece", 10};
  if (convention == "lm_eval") {
    const std::size_t bins = e["arguments"]["n_bins"];
    return question{"calibra", metric.substr(0, metric.find('-')), bins};
  }
  return std::nullopt;
}

double answer(const question& q, const pairs& given) {
  calibra::evaluate_options o;
  o.rows.bins = q.bins;
  o.rows.scheme = q.scheme;
  o.like = calibra::conventions::find(q.preset);
  o.metrics = {q.metric};
  return calibra::evaluate(calibra::binary_probabilities(given.confidence), given.hit, o)[q.metric];
}

}  // namespace

TEST_CASE("benchmarks' calibration errors") {
  std::ifstream file(source + "/tests/golden/digits/conventions.json");
  REQUIRE(file.good());
  const json golden = json::parse(file);
  std::map<std::string, pairs> samples{
      {"digits/test", top_labels(load_digits(source + "/examples/data/digits/"))}};
  for (const json& s : golden["samples"])
    samples[s["name"]] = {s["confidence"].get<std::vector<double>>(),
                          s["hit"].get<std::vector<std::int64_t>>()};

  std::map<std::string, std::size_t> compared;
  for (const json& e : golden["entries"]) {
    const std::optional<question> q = question_for(e);
    if (!q || e["value"].is_null()) continue;
    INFO(e["convention"] << " " << e["metric"] << " on " << e["sample"]);
    const double got = answer(*q, samples.at(e["sample"]));
    CHECK(got == Approx(e["value"].get<double>()).margin(1e-12).epsilon(0));
    ++compared[e["convention"]];
  }
  std::printf("benchmarks' calibration errors:\n");
  for (const auto& [convention, n] : compared)
    std::printf("  %-22s %5zu compared\n", convention.c_str(), n);
  CHECK(compared["helm"] >= 38);
  CHECK(compared["inspect_browsecomp"] >= 19);
  CHECK(compared["lm_eval"] >= 48);
}
