// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// choose_method() against folds that are cut by hand.
#include <calibra/evaluate.hpp>
#include <calibra/recalibration/choose.hpp>
#include <calibra/recalibration/choose_options.hpp>
#include <calibra/recalibration/dirichlet.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

TEST_CASE("choose_method: the scores are those of folds cut by hand") {
  const problem<double> x = random_problem<double>(400, 3, 1.7, 2, 21);
  constexpr std::size_t folds = 4;
  const method_choice found =
      choose_method(logits(x.z), x.labels, {.weights = x.weights}, {.folds = folds});
  REQUIRE(found.scores.size() == 5);
  std::vector<std::vector<double>> losses;
  for (const method_score& s : found.scores) {
    std::vector<double> loss(x.labels.size());
    for (std::size_t fold = 0; fold < folds; ++fold) {
      std::vector<std::vector<double>> z;
      std::vector<std::int64_t> y;
      std::vector<double> w;
      for (std::size_t i = 0; i < x.labels.size(); ++i) {
        if (i % folds == fold) continue;
        z.push_back({x.z(i, 0), x.z(i, 1), x.z(i, 2)});
        y.push_back(x.labels[i]);
        w.push_back(x.weights[i]);
      }
      const auto model = fit_by_name(s.name, logits(z), y, {.weights = w});
      const matrix<double> p = model->transform(logits(x.z));
      for (std::size_t i = fold; i < x.labels.size(); i += folds)
        loss[i] = -std::log(p(i, static_cast<std::size_t>(x.labels[i])));
    }
    double sum = 0, total = 0;
    for (std::size_t i = 0; i < loss.size(); ++i) {
      sum += x.weights[i] * loss[i];
      total += x.weights[i];
    }
    INFO(s.name);
    CHECK(std::abs(s.score - sum / total) <= 1e-9);
    losses.push_back(loss);
  }
  // The rule: the first whose mean difference from the best is within its standard error.
  std::size_t best = 0;
  for (std::size_t m = 1; m < 5; ++m)
    if (found.scores[m].score < found.scores[best].score) best = m;
  CHECK(found.best == found.scores[best].name);
  std::string first;
  for (std::size_t m = 0; m < 5; ++m) {
    double mean = 0, total = 0, squares = 0;
    for (std::size_t i = 0; i < x.weights.size(); ++i) {
      mean += x.weights[i] * (losses[m][i] - losses[best][i]);
      total += x.weights[i];
    }
    mean /= total;
    for (std::size_t i = 0; i < x.weights.size(); ++i) {
      const double d = x.weights[i] * (losses[m][i] - losses[best][i] - mean);
      squares += d * d;
    }
    CHECK(std::abs(found.scores[m].difference - mean) <= 1e-9);
    CHECK(std::abs(found.scores[m].error - std::sqrt(squares) / total) <= 1e-9);
    if (first.empty() && mean <= std::sqrt(squares) / total) first = found.scores[m].name;
  }
  CHECK(found.chosen == first);
}

TEST_CASE("choose_method: a probability that rounds to 0 is no infinite loss") {
  // One of 200 is wrong at x = 60, where sigmoid(x / T) is 1 in double.
  std::vector<double> x(200);
  std::vector<int> y(200);
  for (std::size_t i = 0; i < 200; ++i) {
    x[i] = i % 2 == 0 ? 1.5 : -1.5;
    y[i] = (i * 37 % 100 < 82) == (i % 2 == 0) ? 1 : 0;
  }
  x[17] = 60;
  y[17] = 0;
  const method_choice found =
      choose_method(binary_logits(x), y, {}, {.methods = {"temperature", "affine"}});
  for (const method_score& s : found.scores) {
    INFO(s.name);
    CHECK(std::isfinite(s.score));
    CHECK(std::isfinite(s.error));
    CHECK(s.score > 0.3);
  }
}

TEST_CASE("choose_method: takes what the samples need, and nothing that they do not") {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const auto draw = [&](auto truth) {
    std::vector<double> x(4000);
    std::vector<int> y(4000);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = 2 * normal(random);
      y[i] = uniform(random) < 1 / (1 + std::exp(-truth(x[i]))) ? 1 : 0;
    }
    return choose_method(binary_logits(x), y).chosen;
  };
  CHECK(draw([](double x) { return 0.5 * x; }) == "temperature");
  CHECK(draw([](double x) { return x + 1.5; }) == "affine");
  CHECK(draw([](double x) { return 3 * std::sin(3 * x); }) != "temperature");
}

TEST_CASE("choose_method: masks, methods of one's own and the Brier score") {
  const problem<double> x = random_problem<double>(300, 3, 1.7, 2, 22);
  std::vector<unsigned char> valid(300, 1);
  std::vector<std::int64_t> labels = x.labels;
  for (std::size_t i = 0; i < 300; i += 7) {
    valid[i] = 0;
    labels[i] = -5;
  }
  const method_choice a =
      choose_method(logits(x.z), labels, {.valid = valid}, {.methods = {"svs", "isotonic"}});
  CHECK(a.scores.size() == 2);
  CHECK(a.scores[0].name == "svs");
  CHECK(std::isfinite(a.scores[0].score));
  const method_choice b = choose_method(logits(x.z), x.labels, {},
                                        {.score = proper_score::squared, .methods = {"isotonic"}});
  CHECK(b.chosen == "isotonic");
  CHECK(b.scores[0].score < 1);
  CHECK_THROWS_AS(choose_method(logits(x.z), x.labels, {}, {.folds = 1}), option_error);
  CHECK_THROWS_AS(choose_method(logits(x.z), x.labels, {}, {.methods = {"magic"}}), option_error);
  CHECK_THROWS_AS(choose_method(logits(x.z), labels), value_error);
}

TEST_CASE("choose_method: sms only where there are no fewer rows than it has numbers") {
  const problem<double> x = random_problem<double>(20, 4, 1.7, 2, 5);
  const auto names = [&](std::size_t rows) {
    const matrix_view<const double> z(x.z.data(), rows, 4);
    const std::vector<std::int64_t> y(x.labels.begin(),
                                      x.labels.begin() + static_cast<std::ptrdiff_t>(rows));
    std::vector<std::string> all;
    for (const method_score& s : choose_method(logits(z), y, {}, {.folds = 2}).scores)
      all.push_back(s.name);
    return all;
  };
  CHECK(names(19) == std::vector<std::string>{"temperature", "ets", "svs", "vector"});
  CHECK(names(20) == std::vector<std::string>{"temperature", "ets", "svs", "vector", "sms"});
}

TEST_CASE("choose_options: the scores are those of folds cut by hand") {
  const problem<double> x = random_problem<double>(300, 3, 1.7, 2, 8);
  const std::vector<dirichlet::options> candidates = {
      {.off_diagonal = 1e-4}, {.off_diagonal = 1e-1}, {.off_diagonal = 10}};
  constexpr std::size_t folds = 3;
  const auto found =
      choose_options<dirichlet>(logits(x.z), x.labels, candidates, {.weights = x.weights}, folds);
  REQUIRE(found.scores.size() == 3);
  std::size_t best = 0;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    double sum = 0, total = 0;
    for (std::size_t fold = 0; fold < folds; ++fold) {
      std::vector<double> w = x.weights;  // a weight of 0 leaves a row out
      for (std::size_t i = fold; i < w.size(); i += folds) w[i] = 0;
      const auto model = fit<dirichlet>(logits(x.z), x.labels, {.weights = w}, candidates[c]);
      const matrix<double> p = model.transform(logits(x.z));
      for (std::size_t i = fold; i < w.size(); i += folds) {
        sum -= x.weights[i] * std::log(p(i, static_cast<std::size_t>(x.labels[i])));
        total += x.weights[i];
      }
    }
    CHECK(std::abs(found.scores[c] - sum / total) <= 1e-8);
    if (found.scores[c] < found.scores[best]) best = c;
  }
  CHECK(found.chosen.off_diagonal == candidates[best].off_diagonal);
  CHECK_THROWS_WITH(choose_options<dirichlet>(logits(x.z), x.labels, {}),
                    "choose_options(): expected candidates, got none");
  CHECK_THROWS_AS(choose_options<dirichlet>(logits(x.z), x.labels, candidates, {}, 1),
                  option_error);
  CHECK(dirichlet::candidates().size() == 25);
}
