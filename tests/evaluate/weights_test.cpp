// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What weights of samples do to every metric, under every convention.
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "calibra/calibra.hpp"
#include "drawn.hpp"

using namespace calibra;

TEST_CASE("mmce of binary scores counts weights under netcal", "[weights]") {
  const std::vector<double> p{.1, .9, .8, .3, .6, .7}, w{1, 1, 0, 1, 0, 1};
  const std::vector<int> y{0, 1, 0, 1, 1, 0};
  const double weighted =
      mmce(binary_probabilities(p), y, {.weights = w, .like = conventions::netcal});
  CHECK(weighted == Approx(0.233439).margin(5e-7));
  CHECK(mmce(binary_probabilities(p), y, {.like = conventions::netcal}) ==
        Approx(0.211688).margin(5e-7));
}

TEST_CASE("classwise_ece heeds bins of equal mass", "[weights]") {
  const drawn<double> d(300, 4, 6);
  const options mass{.scheme = bin_scheme::equal_mass};
  CHECK(classwise_ece(logits(d.z), d.labels, mass) ==
        Approx(classwise_ace(logits(d.z), d.labels)).margin(1e-12));
  CHECK(classwise_ece(logits(d.z), d.labels, mass) != classwise_ece(logits(d.z), d.labels));
  CHECK_THROWS_AS(tabulate_classes(logits(d.z), d.labels, mass), option_error);
}

TEST_CASE("rows of weight 0 change nothing, whatever the convention", "[weights]") {
  drawn<double> d(120, 4, 7);
  for (int& y : d.labels)
    if (y == 3) y = 0;
  const drawn<double> kept = d.part(0, 100);
  for (std::size_t i = 0; i < 120; ++i) d.weights[i] = i < 100 ? 1 + static_cast<double>(i % 3) : 0;
  for (std::size_t i = 100; i < 120; ++i) d.labels[i] = 3;  // a class that only they have
  const std::vector<double> w(d.weights.begin(), d.weights.begin() + 100);
  for (const convention* c : conventions::all()) {
    if (c->name == "hle") continue;  // runs of 100 rows, whatever they weigh
    const evaluation all = evaluate(logits(d.z), d.labels, {.weights = d.weights, .like = *c});
    const evaluation some = evaluate(logits(kept.z), kept.labels, {.weights = w, .like = *c});
    for (const char* name : {"ece", "mce", "rmsce", "mean_gap", "debiased_l2", "brier_reliability",
                             "brier_resolution", "nll", "classwise_ece"}) {
      INFO(c->name << " " << name);
      CHECK(all[name] == Approx(some[name]).margin(1e-12));
    }
  }
}

TEST_CASE("the scale of weights is of no account, or refused", "[weights]") {
  const drawn<double> d(200, 3, 8);
  const auto scaled = [&](double by) {
    std::vector<double> w = d.weights;
    for (double& x : w) x *= by;
    return w;
  };
  const auto value = [&](const auto& metric, double by) {
    return metric(logits(d.z), d.labels, {.weights = scaled(by)});
  };
  for (const double by : {1e-90, 1e-3, 7.0, 1e90}) {
    CHECK(value(ece, by) == Approx(value(ece, 1)).margin(1e-12));
    CHECK(value(debiased_l2, by) == Approx(value(debiased_l2, 1)).margin(1e-9));
    CHECK(value(mmce, by) == Approx(value(mmce, 1)).margin(1e-12));
    CHECK(value(ks_error, by) == Approx(value(ks_error, 1)).margin(1e-12));
    CHECK(value(classwise_ece, by) == Approx(value(classwise_ece, 1)).margin(1e-12));
  }
  for (const double by : {1e-170, 1e155, 1e300})
    CHECK_THROWS_WITH(value(ece, by), Catch::Contains("scale all weights alike"));
}

TEST_CASE("scores of no classes are a shape_error at once", "[weights]") {
  const matrix_view<const float> many(nullptr, 26666666666666u, 0);
  const std::vector<int> none;
  CHECK_THROWS_AS(ece(logits(many), none), shape_error);
  CHECK_THROWS_AS(evaluate(logits(many), none), shape_error);
  CHECK_THROWS_AS(
      evaluate(probabilities(matrix_view<const float>(nullptr, 3, 0)), std::vector<int>{0, 0, 0}),
      shape_error);
}
