// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The calls of docs/metrics.md, and the table of docs/index.md: each call compiles, and gives what
// evaluate() gives under its name.
#include <catch2/catch.hpp>

#include <calibra/calibra.hpp>

#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
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
  const auto scores = calibra::logits(d.z);
  const calibra::reliability_table table = calibra::tabulate(scores, labels);
  const calibra::classwise_table tables = calibra::tabulate_classes(scores, labels);
  // clang-format off
  //[ bins
  for (const calibra::reliability_bin& bin : table) {
    if (bin.count == 0) continue;  // means of an empty bin are NaN
    std::printf("(%.2f, %.2f]  %3d samples, confidence %.3f, accuracy %.3f, gap %+.3f\n", bin.lower,
                bin.upper, static_cast<int>(bin.count), bin.confidence, bin.accuracy, bin.gap());
  }
  const calibra::reliability_bin last = table[table.size() - 1];
  //]
  // clang-format on
  CHECK(last.upper == 1);
  const auto pairs = calibra::collect(scores, labels);

  const calibra::evaluation e =
      calibra::evaluate(scores, labels, {.proximity = d.proximity, .per_class = true});
  constexpr double margin = 1000 * std::numeric_limits<double>::epsilon();
  const auto same = [&](double x, const char* name) {
    INFO(name);
    CHECK(x == Approx(e[name]).margin(margin).epsilon(0));
  };
  calibra::sample with_proximities = pairs;
  with_proximities.set_proximities(d.proximity);

  // The other forms.
  std::vector<double> c;
  std::vector<int> hit;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    c.push_back(pairs.confidence(i));
    hit.push_back(pairs.hit(i) ? 1 : 0);
  }
  same(calibra::accuracy(table), "accuracy");
  same(calibra::ece(calibra::confidences(c, hit)), "ece");
  same(calibra::ece(table), "ece");
  same(std::sqrt(calibra::debiased_squared_l2(table)), "debiased_l2");
  same(calibra::brier_decomposition(table).reliability, "brier_reliability");
  same(calibra::ace(pairs), "ace");
  same(calibra::tace.with({.threshold = 0.01})(scores, labels), "tace");
  same(calibra::mmce.with({.bandwidth = 0.4})(pairs), "mmce");
  CHECK(calibra::ece_per_class(tables) == e.ece_per_class);
  same(calibra::classwise_ece(tables), "classwise_ece");
  same(calibra::piece(with_proximities), "piece");
  same(calibra::smooth_ece.with({.bandwidth = calibra::smooth_ece.details(pairs).bandwidth})(pairs),
       "smooth_ece");
}
