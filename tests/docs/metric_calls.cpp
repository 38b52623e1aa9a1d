// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The calls of docs/metrics.md: each compiles, and gives what evaluate() gives under its name.
#include <catch2/catch.hpp>

#include <calibra/calibra.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

struct example {
  std::vector<std::vector<double>> z;
  std::vector<int> labels;
  std::vector<double> proximity;
};

example make_example() {
  constexpr std::size_t rows = 500, classes = 5;
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int> label(0, classes - 1);
  example d;
  for (std::size_t i = 0; i < rows; ++i) {
    const int y = label(random);
    std::vector<double> row(classes);
    for (double& x : row) x = 2 * normal(random);
    row[static_cast<std::size_t>(y)] += 2;
    d.z.push_back(row);
    d.labels.push_back(y);
    d.proximity.push_back(std::exp(normal(random)));
  }
  return d;
}

}  // namespace

TEST_CASE("the calls of the page of metrics give what evaluate() gives") {
  const example d = make_example();
  const auto& labels = d.labels;
  const std::span<const double> proximity = d.proximity;
  const auto scores = calibra::logits(d.z);
  const calibra::reliability_table table = calibra::tabulate(scores, labels);
  const calibra::classwise_table tables = calibra::tabulate_classes(scores, labels);
  const auto pairs = calibra::collect(scores, labels);

  std::map<std::string, double> got;
  got["accuracy"] = calibra::accuracy(scores, labels);
  got["confidence"] = calibra::mean_confidence(scores, labels);
  got["nll"] = calibra::nll(scores, labels);
  got["brier"] = calibra::brier(scores, labels);
  got["brier_top"] = calibra::brier_top(scores, labels);
  got["brier_reliability"] = calibra::brier_decomposition(scores, labels).reliability;
  got["brier_resolution"] = calibra::brier_decomposition(scores, labels).resolution;
  got["brier_uncertainty"] = calibra::brier_decomposition(scores, labels).uncertainty;
  got["ece"] = calibra::ece(scores, labels);
  got["overconfidence"] = calibra::overconfidence(table);
  got["underconfidence"] = calibra::underconfidence(table);
  got["mce"] = calibra::mce(scores, labels);
  got["weighted_mce"] = calibra::weighted_mce(scores, labels);
  got["rmsce"] = calibra::rmsce(scores, labels);
  got["debiased_l2"] = calibra::debiased_l2(scores, labels);
  got["mean_gap"] = calibra::mean_gap(scores, labels);
  got["ace"] = calibra::ace(scores, labels);
  got["classwise_ece"] = calibra::classwise_ece(scores, labels);
  got["classwise_mce"] = tables.macro([](const auto& t) { return calibra::mce(t); });
  got["classwise_rmsce"] = tables.macro([](const auto& t) { return calibra::rmsce(t); });
  got["classwise_debiased_l2"] =
      tables.macro([](const auto& t) { return calibra::debiased_l2(t); });
  got["classwise_ace"] = calibra::classwise_ace(scores, labels);
  got["tace"] = calibra::tace(scores, labels);
  got["pooled_ece"] = calibra::pooled_ece(scores, labels);
  got["sweep_ece"] = calibra::sweep_ece(pairs);
  got["smooth_ece"] = calibra::smooth_ece(pairs);
  got["ks_error"] = calibra::ks_error(pairs);
  got["mmce"] = calibra::mmce(pairs);
  // evaluate() takes as many confidence bins as for everything else
  got["piece"] = calibra::piece(pairs, proximity, {.confidence_bins = 15});

  calibra::evaluate_options everything;
  everything.proximity = d.proximity;
  everything.per_class = true;
  const calibra::evaluation e = calibra::evaluate(scores, labels, everything);
  constexpr double margin = 1000 * std::numeric_limits<double>::epsilon();
  for (const std::string_view name : calibra::metric_names) {
    INFO(name);
    REQUIRE(got.count(std::string(name)) == 1);
    CHECK(got[std::string(name)] == Approx(e[name]).margin(margin).epsilon(0));
  }
  CHECK(got.size() == calibra::metric_names.size());

  // The other forms.
  std::vector<double> c;
  std::vector<int> hit;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    c.push_back(pairs.confidence(i));
    hit.push_back(pairs.hit(i) ? 1 : 0);
  }
  const auto same = [&](double x, const char* name) {
    INFO(name);
    CHECK(x == Approx(e[name]).margin(margin).epsilon(0));
  };
  same(calibra::accuracy(table), "accuracy");
  same(calibra::ece(calibra::confidences(c, hit)), "ece");
  same(calibra::ece(table), "ece");
  same(std::sqrt(calibra::debiased_squared_l2(table)), "debiased_l2");
  same(calibra::brier_decomposition(table).reliability, "brier_reliability");
  same(calibra::ace(pairs, 15), "ace");
  same(calibra::tace(scores, labels, {}, 0.01), "tace");
  same(calibra::mmce(pairs, {.bandwidth = 0.4}), "mmce");
  CHECK(calibra::ece_per_class(scores, labels) == e.ece_per_class);
  CHECK(calibra::smooth_ece(pairs, {.bandwidth = calibra::smooth_ece_details(pairs).bandwidth}) ==
        Approx(e["smooth_ece"]).margin(margin).epsilon(0));
  CHECK(calibra::piece(pairs, proximity) > 0);
}
