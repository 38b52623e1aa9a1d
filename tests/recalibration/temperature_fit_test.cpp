// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/evaluate.hpp>
#include <calibra/recalibration/temperature.hpp>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include "constants.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

template<class T>
void check_against_oracle(std::size_t n, std::size_t k, double temperature, double spread,
                          unsigned seed) {
  INFO("n " << n << ", k " << k << ", T " << temperature << ", spread " << spread << ", bytes "
            << sizeof(T));
  const problem<T> x = random_problem<T>(n, k, temperature, spread, seed);
  const auto one = [](std::size_t) { return 1.0; };
  const double expected = naive_temperature(x.z, x.labels);
  REQUIRE(expected > 1.0 / 1000);
  REQUIRE(expected < 1000);
  constexpr double tolerance = temperature_tolerance<compute_type<T>>;
  const temperature_scaling fitted = fit<temperature_scaling>(logits(x.z), x.labels);
  const fit_report& r = fitted.report();
  CHECK(std::abs(fitted.temperature() / expected - 1) <= tolerance);
  CHECK(fitted.inverse_temperature() == 1 / fitted.temperature());
  CHECK(r.converged);
  CHECK(r.note == "");
  CHECK(r.passes <= 6);
  CHECK(r.passes >= 2);
  CHECK(r.iterations >= r.passes);
  const double scale = 1 + naive_nll(x.z, x.labels, one, 1).nll;
  CHECK(std::abs(r.objective_before - naive_nll(x.z, x.labels, one, 1).nll) <= tolerance * scale);
  CHECK(std::abs(r.objective_after - naive_nll(x.z, x.labels, one, 1 / expected).nll) <=
        tolerance * scale);
  CHECK(r.objective_after <= r.objective_before + tolerance * scale);

  const temperature_scaling weighted =
      fit<temperature_scaling>(logits(x.z), x.labels, {.weights = x.weights});
  const double expected_weighted =
      naive_temperature(x.z, x.labels, [&](std::size_t i) { return x.weights[i]; });
  CHECK(std::abs(weighted.temperature() / expected_weighted - 1) <= tolerance);
}

}  // namespace

TEMPLATE_TEST_CASE("the fitted temperature is the root of the gradient", "", double, float, half,
                   bfloat16) {
  unsigned seed = 1;
  for (const std::size_t k : std::initializer_list<std::size_t>{2, 3, 10, 100})
    for (const double temperature : {0.4, 1.0, 2.5})
      check_against_oracle<TestType>(k == 100 ? 150 : 600, k, temperature, 2.0, ++seed);
  check_against_oracle<TestType>(60, 1000, 1.7, 3.0, ++seed);
  check_against_oracle<TestType>(3500, 5, 1.3, 1.0, ++seed);
}

TEST_CASE("a single class has nothing to fit") {
  const problem<double> x = random_problem<double>(50, 1, 1, 1, 3);
  const temperature_scaling fitted = fit<temperature_scaling>(logits(x.z), x.labels);
  CHECK_FALSE(fitted.report().converged);
  CHECK(fitted.temperature() == 1);
  CHECK(fitted.report().objective_before == 0);
}

TEST_CASE("far optima are found") {
  for (const double temperature : {0.02, 0.1, 30.0, 200.0})
    for (const double spread : {1.0, 40.0}) {
      if (spread < temperature / 10 || spread > 100 * temperature) continue;
      check_against_oracle<double>(1500, 10, temperature, spread, 17);
    }
}

TEST_CASE("few informative rows: still at most six passes") {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const problem<float> x = random_problem<float>(20000, 10, 0.1, 30, seed);
    const temperature_scaling fitted = fit<temperature_scaling>(logits(x.z), x.labels);
    CHECK(fitted.report().converged);
    CHECK(fitted.report().passes <= 6);
    CHECK(std::abs(fitted.temperature() / naive_temperature(x.z, x.labels) - 1) <= 1e-6);
  }
}

TEST_CASE("the starting point does not show in the result") {
  const problem<double> x = random_problem<double>(6000, 7, 1.8, 2, 5);
  const temperature_scaling warm = fit<temperature_scaling>(logits(x.z), x.labels);
  const temperature_scaling cold =
      fit<temperature_scaling>(logits(x.z), x.labels, {}, {.warm_start = false});
  CHECK(std::abs(warm.temperature() / cold.temperature() - 1) <= 1e-12);
  CHECK(cold.report().partial_passes == 0);
  CHECK(cold.report().iterations == cold.report().passes);
  CHECK(warm.report().partial_passes > 0);
  CHECK(warm.report().passes <= cold.report().passes);
}

TEST_CASE("passes are counted as they are made") {
  const problem<double> x = random_problem<double>(5000, 4, 1.8, 2, 5);
  std::atomic<std::uint64_t> rows{0};
  options o;
  o.progress = [&](std::uint64_t n) { rows += n; };
  const fit_report r = fit<temperature_scaling>(logits(x.z), x.labels, o).report();
  const double passes = static_cast<double>(rows.load()) / 5000;
  // A third of 5000 rows is 1667 of them.
  CHECK(std::abs(static_cast<double>(r.passes) + r.partial_passes - passes) <=
        static_cast<double>(r.iterations) / 5000);
}

TEMPLATE_TEST_CASE("order, strides and threads do not show", "", float, double) {
  const std::size_t n = 3000, k = GENERATE(std::size_t{3}, std::size_t{40});
  const problem<TestType> x = random_problem<TestType>(n, k, 1.6, 2, 8);
  const double expected = fit<temperature_scaling>(logits(x.z), x.labels).temperature();
  // The kernels add a row's classes up in another order where it lies in another one.
  const double tolerance = temperature_tolerance<TestType> / 10;

  std::vector<TestType> columns(n * k), spaced(2 * n * (k + 3));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < k; ++j) {
      columns[j * n + i] = x.z(i, j);
      spaced[i * 2 * (k + 3) + 2 * j] = x.z(i, j);
    }
  const auto signed_n = static_cast<std::ptrdiff_t>(n), signed_k = static_cast<std::ptrdiff_t>(k);
  const matrix_view<const TestType> by_column(columns.data(), n, k, 1, signed_n);
  const matrix_view<const TestType> strided(spaced.data(), n, k, 2 * (signed_k + 3), 2);
  CHECK(std::abs(fit<temperature_scaling>(logits(by_column), x.labels).temperature() / expected -
                 1) <= tolerance);
  CHECK(std::abs(fit<temperature_scaling>(logits(strided), x.labels).temperature() / expected -
                 1) <= tolerance);

  const matrix_view<const TestType> backwards(&x.z(n - 1, 0), n, k, -signed_k, 1);
  std::vector<std::int64_t> reversed(x.labels.rbegin(), x.labels.rend());
  CHECK(std::abs(fit<temperature_scaling>(logits(backwards), reversed).temperature() / expected -
                 1) <= tolerance);

  for (const unsigned threads : {2U, 3U, 7U}) {
    const temperature_scaling fitted =
        fit<temperature_scaling>(logits(x.z), x.labels, {.threads = {threads}});
    CHECK(std::abs(fitted.temperature() / expected - 1) <= 1e-12);
  }
}

TEST_CASE("many rows on several threads") {
  const problem<float> x = random_problem<float>(60000, 10, 1.4, 3, 21);
  const temperature_scaling one = fit<temperature_scaling>(logits(x.z), x.labels);
  for (const unsigned threads : {2U, 5U}) {
    const temperature_scaling several =
        fit<temperature_scaling>(logits(x.z), x.labels, {.threads = {threads}});
    CHECK(std::abs(several.temperature() / one.temperature() - 1) <= 1e-12);
    CHECK(std::abs(several.report().objective_after / one.report().objective_after - 1) <= 1e-12);
    CHECK(several.report().passes == one.report().passes);
  }
}

TEST_CASE("a weight of k is k copies; left-out rows are not there") {
  const problem<double> x = random_problem<double>(600, 5, 2, 2, 31);
  std::vector<double> weights(600);
  std::vector<unsigned char> valid(600);
  std::vector<std::int64_t> marked = x.labels, kept_labels, copied_labels;
  std::vector<std::size_t> copies, kept;
  for (std::size_t i = 0; i < 600; ++i) {
    weights[i] = static_cast<double>(i % 4);
    for (std::size_t c = 0; c < i % 4; ++c) copies.push_back(i);
    valid[i] = i % 3 != 0;
    if (i % 5 == 0) marked[i] = -7;
    if (valid[i] != 0 && marked[i] != -7) kept.push_back(i);
  }
  const auto rows_of = [&](const std::vector<std::size_t>& index, std::vector<std::int64_t>& y) {
    matrix<double> z(index.size(), 5);
    for (std::size_t r = 0; r < index.size(); ++r) {
      for (std::size_t j = 0; j < 5; ++j) z(r, j) = x.z(index[r], j);
      y.push_back(x.labels[index[r]]);
    }
    return z;
  };
  const matrix<double> copied = rows_of(copies, copied_labels);
  const matrix<double> rest = rows_of(kept, kept_labels);
  const temperature_scaling a =
      fit<temperature_scaling>(logits(x.z), x.labels, {.weights = weights});
  const temperature_scaling b = fit<temperature_scaling>(logits(copied), copied_labels);
  CHECK(std::abs(a.temperature() / b.temperature() - 1) <= 1e-12);
  CHECK(std::abs(a.report().objective_after - b.report().objective_after) <= 1e-12);
  const temperature_scaling c =
      fit<temperature_scaling>(logits(x.z), marked, {.ignore_label = -7, .valid = valid});
  const temperature_scaling d = fit<temperature_scaling>(logits(rest), kept_labels);
  CHECK(std::abs(c.temperature() / d.temperature() - 1) <= 1e-12);
}

TEST_CASE("probabilities are fitted as their logarithms, in double") {
  for (const std::size_t k : std::initializer_list<std::size_t>{2, 10, 50}) {
    const problem<double> x = random_problem<double>(700, k, 1.5, 2, 41);
    matrix<float> p(700, k);
    matrix<double> log_p(700, k);
    for (std::size_t i = 0; i < 700; ++i) {
      const std::vector<double> row = naive_softmax(x.z, i, 1);
      for (std::size_t j = 0; j < k; ++j) {
        p(i, j) = static_cast<float>(row[j]);
        log_p(i, j) = std::log(static_cast<double>(p(i, j)));
      }
    }
    const temperature_scaling fitted = fit<temperature_scaling>(probabilities(p), x.labels);
    CHECK(std::abs(fitted.temperature() / naive_temperature(log_p, x.labels) - 1) <= 1e-11);
    // Scaling a row changes nothing.
    for (std::size_t j = 0; j < k; ++j) p(7, j) *= 0.25F;
    const temperature_scaling scaled =
        fit<temperature_scaling>(probabilities(p), x.labels, {.renormalise = true});
    CHECK(std::abs(scaled.temperature() / fitted.temperature() - 1) <= 1e-12);
    CHECK_THROWS_WITH(fit<temperature_scaling>(probabilities(p), x.labels),
                      Catch::Contains("fit<temperature>(): the probabilities of row 7 sum to 0."));
  }
}

TEST_CASE("binary scores are two classes") {
  const problem<double> x = random_problem<double>(2500, 2, 2.2, 2, 51);
  std::vector<float> difference(2500), p(2500);
  matrix<double> two(2500, 2), from_p(2500, 2);
  for (std::size_t i = 0; i < 2500; ++i) {
    difference[i] = static_cast<float>(x.z(i, 1) - x.z(i, 0));
    two(i, 1) = static_cast<double>(difference[i]);
    p[i] = static_cast<float>(1 / (1 + std::exp(-two(i, 1))));
    const auto pi = static_cast<double>(p[i]);
    from_p(i, 1) = std::log(pi / (1 - pi));
  }
  const temperature_scaling a = fit<temperature_scaling>(binary_logits(difference), x.labels);
  CHECK(std::abs(a.temperature() / naive_temperature(two, x.labels) - 1) <= 1e-11);
  CHECK(std::abs(a.report().objective_before - nll(binary_logits(difference), x.labels)) <= 1e-12);
  const temperature_scaling b = fit<temperature_scaling>(binary_probabilities(p), x.labels);
  CHECK(std::abs(b.temperature() / naive_temperature(from_p, x.labels) - 1) <= 1e-11);
  const auto weight = [&](std::size_t i) { return x.weights[i]; };
  const temperature_scaling c =
      fit<temperature_scaling>(binary_logits(difference), x.labels, {.weights = x.weights});
  CHECK(std::abs(c.temperature() / naive_temperature(two, x.labels, weight) - 1) <= 1e-11);
}

TEST_CASE("certain binary probabilities count where they are right and throw where not") {
  std::vector<double> p{0.2, 0.9, 1.0, 0.0, 0.6, 0.3};
  std::vector<int> y{0, 1, 1, 0, 0, 1};
  const temperature_scaling with = fit<temperature_scaling>(binary_probabilities(p), y);
  const std::vector<double> p4{0.2, 0.9, 0.6, 0.3};
  const std::vector<int> y4{0, 1, 0, 1};
  const temperature_scaling without = fit<temperature_scaling>(binary_probabilities(p4), y4);
  CHECK(std::abs(with.temperature() / without.temperature() - 1) <= 1e-12);
  CHECK(std::abs(with.report().objective_after * 6 - without.report().objective_after * 4) <=
        1e-12);
  y[3] = 1;
  CHECK_THROWS_AS(fit<temperature_scaling>(binary_probabilities(p), y), value_error);
  CHECK_THROWS_WITH(fit<temperature_scaling>(binary_probabilities(p), y),
                    Catch::Contains("label 1 at row 3 has probability 0"));
}

// ---- the published edge cases ----------------------------------------------------------------

TEST_CASE("edge case: plain") {
  const std::vector<std::vector<double>> z{{2, 0, 0}, {0, 3, 0}, {1, 0, 2}, {0, 1, 0}, {3, 0, 1}};
  const std::vector<int> y{0, 1, 2, 1, 2};
  const temperature_scaling fitted = fit<temperature_scaling>(logits(z), y);
  CHECK(std::abs(fitted.temperature() / 1.0358859456498761 - 1) <= 1e-12);
  CHECK(fitted.report().converged);
}

TEST_CASE("edge case: all right, the optimum is T -> 0") {
  const std::vector<std::vector<double>> z{{2, 0, 0}, {0, 3, 0}, {1, 0, 2}, {0, 1, 0}, {3, 0, 1}};
  const std::vector<int> y{0, 1, 2, 1, 0};
  const temperature_scaling fitted = fit<temperature_scaling>(logits(z), y);
  CHECK_FALSE(fitted.report().converged);
  CHECK(fitted.temperature() == 1.0 / 1024);
  CHECK(fitted.report().note.find("falls to 0") != std::string::npos);
  CHECK(fitted.report().objective_after == 0);
}

TEST_CASE("edge case: all wrong, the optimum is T -> infinity") {
  const std::vector<std::vector<double>> z{{2, 0, 0}, {0, 3, 0}, {1, 0, 2}, {0, 1, 0}, {3, 0, 1}};
  const std::vector<int> y{1, 2, 1, 0, 1};
  const temperature_scaling fitted = fit<temperature_scaling>(logits(z), y);
  CHECK_FALSE(fitted.report().converged);
  CHECK(fitted.temperature() == 1024);
  CHECK(fitted.report().note.find("tell nothing") != std::string::npos);
  CHECK(fitted.report().objective_after < fitted.report().objective_before);
}

TEST_CASE("edge case: one-hot rows with a masked label") {
  const std::vector<std::vector<double>> z{{0, -infinity, -infinity},
                                           {-infinity, 0, -infinity},
                                           {-infinity, -infinity, 0},
                                           {0, -infinity, -infinity}};
  std::vector<int> y{0, 1, 2, 1};
  CHECK_THROWS_AS(fit<temperature_scaling>(logits(z), y), value_error);
  CHECK_THROWS_WITH(fit<temperature_scaling>(logits(z), y),
                    Catch::Contains("fit<temperature>(): label 1 at row 3 has probability 0"));
  const std::vector<int> weights{1, 1, 1, 0};
  y[3] = 0;
  const temperature_scaling fitted = fit<temperature_scaling>(logits(z), y);
  CHECK(fitted.temperature() == 1);
  CHECK_FALSE(fitted.report().converged);
  CHECK(fitted.report().note.find("every T") != std::string::npos);
  y[3] = 1;
  CHECK(fit<temperature_scaling>(logits(z), y, {.weights = weights}).temperature() == 1);
}

TEST_CASE("edge case: constant rows do not identify T") {
  for (const double c : {0.0, 3.5, -1e30}) {
    const std::vector<std::vector<double>> z(4, std::vector<double>(3, c));
    const std::vector<int> y{0, 1, 2, 1};
    const temperature_scaling fitted = fit<temperature_scaling>(logits(z), y);
    CHECK(fitted.temperature() == 1);
    CHECK_FALSE(fitted.report().converged);
    CHECK(fitted.report().note.find("every T") != std::string::npos);
    CHECK(std::abs(fitted.report().objective_after - std::log(3.0)) <= 1e-15);
  }
  const std::vector<double> half_half(6, 0.5);
  const std::vector<int> y{0, 1, 1, 1, 0, 1};
  CHECK(fit<temperature_scaling>(binary_probabilities(half_half), y).temperature() == 1);
}

// ---- hostile input ---------------------------------------------------------------------------

TEST_CASE("a margin so large that the loss underflows is separable all the same") {
  const std::vector<std::vector<double>> z{{1000, 0}, {0, 1000}, {0, 2000}};
  const std::vector<int> y{0, 1, 1};
  const temperature_scaling fitted = fit<temperature_scaling>(logits(z), y);
  CHECK(fitted.temperature() == 1.0 / 1024);
  CHECK_FALSE(fitted.report().converged);
}

TEMPLATE_TEST_CASE("logits of 1e30 and masked classes", "", float, double) {
  using C = TestType;
  const C big = C(1e30), masked = -std::numeric_limits<C>::infinity();
  std::vector<std::vector<C>> z{{big, -big, 0}, {-big, 0, big}, {1, 2, masked}, {2, masked, 1}};
  std::vector<int> y{0, 2, 0, 0};
  const temperature_scaling right = fit<temperature_scaling>(logits(z), y);
  const std::vector<std::vector<C>> small{{1, 2}, {2, 1}};
  const std::vector<int> small_y{0, 0};
  const temperature_scaling expected = fit<temperature_scaling>(logits(small), small_y);
  // The sure rows add nothing; (1, 2) and (2, 1) with one right and one wrong: T -> infinity.
  CHECK(right.temperature() == expected.temperature());
  CHECK(right.temperature() == 1024);
  y[0] = 1;
  const temperature_scaling wrong = fit<temperature_scaling>(logits(z), y);
  CHECK(wrong.temperature() == 1024);
  CHECK_FALSE(wrong.report().converged);
  CHECK(std::isfinite(wrong.report().objective_after));
}

TEST_CASE("masked classes are as good as absent") {
  const problem<double> x = random_problem<double>(900, 4, 1.7, 2, 61);
  matrix<double> wide(900, 6);
  for (std::size_t i = 0; i < 900; ++i) {
    for (std::size_t j = 0; j < 6; ++j) wide(i, j) = -infinity;
    for (std::size_t j = 0; j < 4; ++j) wide(i, j) = x.z(i, j);
  }
  const double a = fit<temperature_scaling>(logits(x.z), x.labels).temperature();
  CHECK(std::abs(fit<temperature_scaling>(logits(wide), x.labels).temperature() / a - 1) <= 1e-12);
}

TEST_CASE("bad input is an exception with the place in it") {
  problem<double> x = random_problem<double>(40, 3, 1.5, 2, 71);
  const auto fit = [&](const options& o = {}) {
    return calibra::fit<temperature_scaling>(logits(x.z), x.labels, o);
  };
  SECTION("shapes") {
    const std::vector<int> few(39);
    CHECK_THROWS_AS(calibra::fit<temperature_scaling>(logits(x.z), few), shape_error);
    const std::vector<double> weights(39, 1.0);
    CHECK_THROWS_AS(fit({.weights = weights}), shape_error);
    CHECK_THROWS_AS(calibra::fit<temperature_scaling>(logits(matrix<double>(40, 0)), x.labels),
                    shape_error);
  }
  SECTION("labels") {
    x.labels[11] = 3;
    CHECK_THROWS_WITH(fit(), "fit<temperature>(): label 3 at row 11 is not in [0, 3)");
    x.labels[11] = -1;
    CHECK_THROWS_AS(fit(), value_error);
  }
  SECTION("weights") {
    x.weights[9] = -1;
    CHECK_THROWS_WITH(fit({.weights = x.weights}),
                      Catch::Contains("weight -1 at row 9 is not in [0, inf)"));
    x.weights[9] = 1e308;
    x.weights[10] = 1e308;
    CHECK_THROWS_WITH(fit({.weights = x.weights}), Catch::Contains("scale all weights alike"));
  }
  SECTION("nan and infinity") {
    x.z(20, 1) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(fit(), Catch::Contains("score nan at row 20, column 1"));
    const double counted = fit({.nan = nan_policy::count}).temperature();
    std::vector<unsigned char> valid(40, 1);
    valid[20] = 0;
    CHECK(counted == fit({.valid = valid}).temperature());
    x.z(20, 1) = infinity;
    CHECK_THROWS_WITH(fit(), Catch::Contains("score inf at row 20, column 1"));
    for (std::size_t j = 0; j < 3; ++j) x.z(20, j) = -infinity;
    CHECK_THROWS_WITH(fit(), Catch::Contains("every logit is -inf at row 20"));
  }
}

TEST_CASE("nothing to fit on") {
  const matrix<double> none(0, 3);
  const std::vector<int> y;
  const temperature_scaling empty = fit<temperature_scaling>(logits(none), y);
  CHECK(empty.temperature() == 1);
  CHECK_FALSE(empty.report().converged);
  CHECK(std::isnan(empty.report().objective_before));
  CHECK(std::isnan(empty.report().objective_after));
  const problem<double> x = random_problem<double>(400, 3, 1.5, 2, 81);
  const std::vector<double> zero(400);
  const temperature_scaling weightless =
      fit<temperature_scaling>(logits(x.z), x.labels, {.weights = zero});
  CHECK(weightless.temperature() == 1);
  CHECK(weightless.report().note.find("no samples") != std::string::npos);
}

TEST_CASE("out of iterations is data") {
  const problem<double> x = random_problem<double>(200, 3, 9, 5, 91);
  const temperature_scaling fitted =
      fit<temperature_scaling>(logits(x.z), x.labels, {}, {.max_iterations = 1});
  CHECK_FALSE(fitted.report().converged);
  CHECK(fitted.report().note == "out of iterations");
  CHECK(fitted.report().passes == 2);
  CHECK(fitted.temperature() > 0);
  CHECK(fit<temperature_scaling>(logits(x.z), x.labels, {}, {.max_iterations = 0}).temperature() ==
        1);
}
