// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/evaluate.hpp>
#include <calibra/recalibration/temperature.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "allocations.hpp"
#include "constants.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

/// What exp() of a rounded argument costs: the argument's size times the rounding, and the sum.
template<class C>
double rounding(double largest_exponent) {
  return 8 * (1 + largest_exponent) * static_cast<double>(std::numeric_limits<C>::epsilon());
}

}  // namespace

TEMPLATE_TEST_CASE("transform is softmax(z / T)", "", double, float, half, bfloat16) {
  using C = compute_type<TestType>;
  for (const std::size_t k : std::initializer_list<std::size_t>{1, 2, 3, 10, 33, 100, 1000})
    for (const double temperature : {0.3, 1.0, 2.7}) {
      INFO("k " << k << ", T " << temperature);
      const problem<TestType> x = random_problem<TestType>(37, k, 1, 3, static_cast<unsigned>(k));
      const temperature_scaling scaling(temperature);
      const matrix<C> p = scaling.transform(logits(x.z));
      const matrix<C> z = scaling.transform_logits(logits(x.z));
      REQUIRE(p.rows() == 37);
      REQUIRE(p.cols() == k);
      const double tolerance = rounding<C>(20 / temperature);
      for (std::size_t i = 0; i < 37; ++i) {
        const std::vector<double> expected = naive_softmax(x.z, i, temperature);
        double sum = 0;
        std::size_t before = 0, after = 0;
        for (std::size_t j = 0; j < k; ++j) {
          REQUIRE(std::abs(static_cast<double>(p(i, j)) - expected[j]) <= tolerance * expected[j]);
          REQUIRE(z(i, j) == static_cast<C>(as_double(x.z(i, j)) / temperature));
          sum += static_cast<double>(p(i, j));
          if (as_double(x.z(i, j)) > as_double(x.z(i, before))) before = j;
          if (p(i, j) > p(i, after)) after = j;
        }
        CHECK(std::abs(sum - 1) <= tolerance);
        CHECK(before == after);
      }
    }
}

TEST_CASE("T = 1 changes nothing") {
  const problem<double> x = random_problem<double>(300, 6, 1, 2, 2);
  const temperature_scaling identity(1.0);
  const matrix<double> p = identity.transform(logits(x.z));
  const matrix<double> again = identity.transform(probabilities(p));
  const matrix<double> z = identity.transform_logits(logits(x.z));
  for (std::size_t i = 0; i < 300; ++i) {
    const std::vector<double> expected = naive_softmax(x.z, i, 1);
    for (std::size_t j = 0; j < 6; ++j) {
      CHECK(std::abs(p(i, j) - expected[j]) <= rounding<double>(20) * expected[j]);
      CHECK(std::abs(again(i, j) - p(i, j)) <= rounding<double>(20) * p(i, j));
      CHECK(z(i, j) == x.z(i, j));
    }
  }
}

TEST_CASE("the report's losses are the metric's") {
  const problem<double> x = random_problem<double>(2000, 6, 1.9, 2, 3);
  const temperature_scaling fitted = fit<temperature_scaling>(logits(x.z), x.labels);
  CHECK(std::abs(nll(logits(x.z), x.labels) - fitted.report().objective_before) <= 1e-13);
  CHECK(std::abs(nll(probabilities(fitted.transform(logits(x.z))), x.labels) -
                 fitted.report().objective_after) <= 1e-13);
  CHECK(std::abs(nll(logits(fitted.transform_logits(logits(x.z))), x.labels) -
                 fitted.report().objective_after) <= 1e-13);
}

TEST_CASE("probabilities: powers, renormalised") {
  matrix<float> p(2, 3);
  const float rows[2][3] = {{0.5F, 0.25F, 0.25F}, {0.0F, 0.75F, 0.25F}};
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j) p(i, j) = rows[i][j];
  const temperature_scaling scaling(0.5);
  const matrix<float> q = scaling.transform(probabilities(p));
  CHECK(std::abs(q(0, 0) - 4.0F / 6) <= std::numeric_limits<float>::epsilon());
  CHECK(std::abs(q(0, 1) - 1.0F / 6) <= std::numeric_limits<float>::epsilon());
  CHECK(q(1, 0) == 0);
  CHECK(std::abs(q(1, 1) - 0.9F) <= std::numeric_limits<float>::epsilon());
  const matrix<float> z = scaling.transform_logits(probabilities(p));
  CHECK(z(1, 0) == -std::numeric_limits<float>::infinity());
  CHECK(z(0, 0) == static_cast<float>(std::log(0.5) / 0.5));
  p(0, 1) = 0.75F;
  CHECK_THROWS_WITH(scaling.transform(probabilities(p)),
                    Catch::Contains("transform(): the probabilities of row 0 sum to 1.5"));
  CHECK_THROWS_AS(scaling.transform_logits(probabilities(p)), value_error);
  CHECK(scaling.transform(probabilities(p), {.renormalise = true})(0, 0) < 0.3F);
}

TEST_CASE("binary scores") {
  const std::vector<double> x{-1e30, -3, 0, 0.5, 700, 1e300};
  const temperature_scaling scaling(2.0);
  const std::vector<double> p = scaling.transform(binary_logits(x));
  const std::vector<double> z = scaling.transform_logits(binary_logits(x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(std::abs(p[i] - 1 / (1 + std::exp(-x[i] / 2))) <= 4e-16);
    CHECK(z[i] == x[i] / 2);
  }
  const std::vector<float> q{0.0F, 0.2F, 0.5F, 0.9F, 1.0F};
  const std::vector<float> r = scaling.transform(binary_probabilities(q));
  CHECK(r[0] == 0);
  CHECK(r[2] == 0.5F);
  CHECK(r[4] == 1);
  CHECK(std::abs(r[3] - 0.75F) <= 2 * std::numeric_limits<float>::epsilon());
  const std::vector<float> s = scaling.transform_logits(binary_probabilities(q));
  CHECK(s[0] == -std::numeric_limits<float>::infinity());
  CHECK(s[4] == std::numeric_limits<float>::infinity());
  const std::vector<double> bad{0.5, 1.5};
  CHECK_THROWS_WITH(scaling.transform(binary_probabilities(bad)),
                    Catch::Contains("1.5 is not in [0, 1], at row 1"));
}

TEMPLATE_TEST_CASE("writes into arrays of any scalar and stride", "", float, double, half,
                   bfloat16) {
  const std::size_t k = GENERATE(std::size_t{3}, std::size_t{40});
  const problem<float> x = random_problem<float>(50, k, 1, 2, 9);
  const temperature_scaling scaling(1.5);
  const matrix<float> expected = scaling.transform(logits(x.z));
  const matrix<float> expected_logits = scaling.transform_logits(logits(x.z));
  std::vector<TestType> memory(50 * k * 2, as_scalar<TestType>(-7));
  const auto rows = static_cast<std::ptrdiff_t>(50);
  const matrix_view<TestType> columns(memory.data(), 50, k, 2, 2 * rows);
  scaling.transform(logits(x.z), columns);
  for (std::size_t i = 0; i < 50; ++i)
    for (std::size_t j = 0; j < k; ++j)
      REQUIRE(as_double(columns(i, j)) ==
              as_double(as_scalar<TestType>(static_cast<double>(expected(i, j)))));
  for (std::size_t i = 1; i < memory.size(); i += 2) REQUIRE(as_double(memory[i]) == -7);
  scaling.transform_logits(logits(x.z), columns, {.threads = {3}});
  for (std::size_t i = 0; i < 50; ++i)
    for (std::size_t j = 0; j < k; ++j) {
      // Straight from double: a half is rounded once, not twice.
      const double exact = as_double(x.z(i, j)) / 1.5;
      REQUIRE(as_double(columns(i, j)) == as_double(as_scalar<TestType>(exact)));
    }
}

TEST_CASE("the output may be the input") {
  problem<double> x = random_problem<double>(70, 33, 1, 2, 10);
  const temperature_scaling scaling(0.7);
  const matrix<double> p = scaling.transform(logits(x.z));
  scaling.transform(logits(x.z), x.z);
  for (std::size_t i = 0; i < 70; ++i)
    for (std::size_t j = 0; j < 33; ++j) REQUIRE(x.z(i, j) == p(i, j));
}

TEST_CASE("the shape is checked before anything is written") {
  const problem<double> x = random_problem<double>(5, 3, 1, 2, 11);
  const temperature_scaling scaling(0.7);
  matrix<double> out(5, 4);
  CHECK_THROWS_WITH(scaling.transform(logits(x.z), out),
                    "temperature_scaling::transform(): expected an output of 5 x 3 to match the "
                    "scores, got 5 x 4");
  CHECK_THROWS_AS(scaling.transform_logits(logits(x.z), out), shape_error);
  for (std::size_t i = 0; i < 20; ++i) CHECK(out.data()[i] == 0);
  std::vector<double> short_out(4);
  const std::vector<double> binary(5);
  CHECK_THROWS_AS(scaling.transform(binary_logits(binary), short_out), shape_error);
  const matrix<double> none = scaling.transform(logits(matrix<double>(0, 3)));
  CHECK(none.rows() == 0);
  CHECK(none.cols() == 3);
}

TEST_CASE("threads do not show") {
  const problem<float> x = random_problem<float>(9000, 17, 1, 2, 12);
  const temperature_scaling scaling(1.3);
  const matrix<float> one = scaling.transform(logits(x.z));
  const matrix<float> four = scaling.transform(logits(x.z), {.threads = {4}});
  CHECK(std::equal(one.data(), one.data() + 9000 * 17, four.data()));
}

TEST_CASE("bad rows throw, or come out as NaN") {
  problem<double> x = random_problem<double>(9, 3, 1, 2, 13);
  const temperature_scaling scaling(1.3);
  const double bad = GENERATE(not_a_number, infinity);
  x.z(4, 1) = bad;
  CHECK_THROWS_WITH(scaling.transform(logits(x.z)), Catch::Contains("at row 4, column 1"));
  CHECK_THROWS_WITH(scaling.transform_logits(logits(x.z)), Catch::Contains("at row 4, column 1"));
  const matrix<double> p = scaling.transform(logits(x.z), {.nan = nan_policy::count});
  const matrix<double> z = scaling.transform_logits(logits(x.z), {.nan = nan_policy::count});
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(std::isnan(p(i, j)) == (i == 4));
      CHECK(std::isnan(z(i, j)) == (i == 4));
    }
  for (std::size_t j = 0; j < 3; ++j) x.z(4, j) = -infinity;
  CHECK_THROWS_WITH(scaling.transform(logits(x.z)),
                    Catch::Contains("every logit is -inf at row 4"));
  CHECK_THROWS_AS(scaling.transform_logits(logits(x.z)), value_error);
}

TEMPLATE_TEST_CASE("huge and masked logits", "", float, double) {
  using C = TestType;
  const C masked = -std::numeric_limits<C>::infinity();
  const std::vector<std::vector<C>> z{
      {C(1e30), C(-1e30), 0}, {1, masked, 1}, {C(-1e30), C(-1e30), masked}};
  for (const double temperature : {1.0 / 1024, 1.0, 1024.0}) {
    const matrix<C> p = temperature_scaling(temperature).transform(logits(z));
    const C expected[3][3] = {{1, 0, 0}, {C(0.5), 0, C(0.5)}, {C(0.5), C(0.5), 0}};
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) CHECK(p(i, j) == expected[i][j]);
    const matrix<C> scaled = temperature_scaling(temperature).transform_logits(logits(z));
    CHECK(scaled(1, 1) == masked);
  }
}

TEST_CASE("temperatures that are none") {
  for (const double t : {0.0, -1.0, not_a_number, infinity, -infinity, 1e-320})
    CHECK_THROWS_AS(temperature_scaling(t), value_error);
  CHECK_THROWS_WITH(temperature_scaling(-1.0),
                    "temperature_scaling(): temperature -1 is not a finite number > 0");
  const temperature_scaling given(2.5);
  CHECK(given.temperature() == 2.5);
  CHECK(given.inverse_temperature() == 0.4);
  CHECK_FALSE(given.report().converged);
  CHECK(given.report().note == "not fitted");
}

TEMPLATE_TEST_CASE("temperatures that the scores' type has no number for", "", float, double,
                   half) {
  using C = compute_type<TestType>;
  const auto as = [](float x) { return as_scalar<TestType>(x); };
  const TestType masked = as(-std::numeric_limits<float>::infinity());
  // More rows than one, and one alone; few classes, and many.
  for (const std::size_t k : {std::size_t{3}, std::size_t{70}})
    for (const std::size_t n : {std::size_t{1}, std::size_t{2}}) {
      matrix<TestType> z(n, k);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < k; ++j) z(i, j) = masked;
        z(i, 0) = as(2);
        z(i, 1) = as(1);
      }
      for (const double t : {1e-300, 1e-100, 1e-39, 1e-36, 1e36, 1e39, 1e100, 1e308}) {
        INFO("T " << t << ", k " << k << ", n " << n);
        const matrix<C> p = temperature_scaling(t).transform(logits(z));
        for (std::size_t i = 0; i < n; ++i) {
          CHECK(p(i, 0) == (t < 1 ? C(1) : C(0.5)));
          CHECK(p(i, 1) == (t < 1 ? C(0) : C(0.5)));
          for (std::size_t j = 2; j < k; ++j) REQUIRE(p(i, j) == 0);
        }
      }
    }
}

TEST_CASE("the range of double is told from infinity at any temperature") {
  const double most = std::numeric_limits<double>::max();
  const std::vector<std::vector<double>> z{{most, -most, 0}, {-most, -most, -infinity}};
  const matrix<double> hot = temperature_scaling(1e308).transform(logits(z));
  const double a = std::exp(most / 1e308), b = std::exp(-most / 1e308), sum = a + b + 1;
  CHECK(std::abs(hot(0, 0) - a / sum) <= 1e-15);
  CHECK(std::abs(hot(0, 1) - b / sum) <= 1e-15);
  CHECK(hot(1, 1) == 0.5);
  CHECK(hot(1, 2) == 0);
  const matrix<double> cold = temperature_scaling(1e-308).transform(logits(z));
  CHECK(cold(0, 0) == 1);
  CHECK(cold(0, 1) == 0);
  CHECK(cold(1, 0) == 0.5);
  matrix<double> bad(2, 2);
  bad(1, 0) = not_a_number;
  CHECK_THROWS_WITH(temperature_scaling(1e-308).transform(logits(bad)),
                    Catch::Contains("score nan at row 1, column 0"));
  for (std::size_t j = 0; j < 2; ++j) bad(1, j) = -infinity;
  CHECK_THROWS_WITH(temperature_scaling(1e308).transform(logits(bad)),
                    Catch::Contains("every logit is -inf at row 1"));
}

TEST_CASE("no class is a shape_error") {
  const temperature_scaling scaling(2);
  const matrix<float> z(3, 0);
  CHECK_THROWS_AS(scaling.transform(logits(z)), shape_error);
  CHECK_THROWS_WITH(scaling.transform(logits(z)),
                    "temperature_scaling::transform(): expected at least 1 class, got scores of "
                    "3 x 0");
  CHECK_THROWS_AS(scaling.transform_logits(logits(z)), shape_error);
  matrix<float> out(3, 0);
  CHECK_THROWS_AS(scaling.transform(probabilities(z), out), shape_error);
  std::vector<float> flat;
  CHECK_THROWS_AS(scaling.transform(logits(z), flat), shape_error);
}

TEST_CASE("a flat array takes the result, row after row") {
  const problem<float> x = random_problem<float>(20, 7, 1, 2, 14);
  const temperature_scaling scaling(1.4);
  const matrix<float> expected = scaling.transform(logits(x.z));
  std::vector<double> p(140);
  scaling.transform(logits(x.z), p);
  for (std::size_t i = 0; i < 140; ++i) CHECK(p[i] == static_cast<double>(expected.data()[i]));
  std::vector<float> spaced(280);
  scaling.transform_logits(logits(x.z), vector_view<float>(spaced.data(), 140, 2));
  CHECK(spaced[2 * 139] == scaling.transform_logits(logits(x.z))(19, 6));
  p.resize(141);
  CHECK_THROWS_AS(scaling.transform(logits(x.z), p), shape_error);
  CHECK_THROWS_WITH(scaling.transform(logits(x.z), p),
                    Catch::Contains("expected an output of 20 x 7, or of 140 numbers, to match "
                                    "the scores, got 141 numbers"));
}

TEMPLATE_TEST_CASE("a single row is what it is among others", "", float, double, half, bfloat16) {
  using C = compute_type<TestType>;
  for (const std::size_t k :
       std::initializer_list<std::size_t>{1, 2, 3, 10, 33, 100, 256, 257, 900})
    for (const double temperature : {0.3, 2.7}) {
      INFO("k " << k << ", T " << temperature);
      const problem<TestType> x = random_problem<TestType>(5, k, 1, 3, static_cast<unsigned>(k));
      const temperature_scaling scaling(temperature);
      const double tolerance = rounding<C>(20 / temperature);
      const matrix<C> p = scaling.transform(logits(x.z));
      const matrix<C> z = scaling.transform_logits(logits(x.z));
      matrix<float> q(5, k);
      for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = 0; j < k; ++j) q(i, j) = static_cast<float>(p(i, j));
      const options o{.renormalise = true};
      const matrix<float> r = scaling.transform(probabilities(q), o);
      const matrix<float> s = scaling.transform_logits(probabilities(q), o);
      std::vector<C> row(k);
      std::vector<float> float_row(k);
      for (std::size_t i = 0; i < 5; ++i) {
        const auto one = x.z.view().rows(i, 1);
        scaling.transform(logits(one), row);
        for (std::size_t j = 0; j < k; ++j)
          REQUIRE(std::abs(row[j] - p(i, j)) <= static_cast<C>(tolerance) * p(i, j));
        scaling.transform_logits(logits(one), row);
        for (std::size_t j = 0; j < k; ++j) REQUIRE(row[j] == z(i, j));
        // By a stride: the row is copied first.
        std::vector<TestType> spaced(2 * k);
        for (std::size_t j = 0; j < k; ++j) spaced[2 * j] = x.z(i, j);
        const matrix_view<const TestType> strided(spaced.data(), 1, k, 1, 2);
        const matrix<C> of_strided = scaling.transform(logits(strided));
        for (std::size_t j = 0; j < k; ++j)
          REQUIRE(std::abs(of_strided(0, j) - p(i, j)) <= static_cast<C>(tolerance) * p(i, j));

        const auto one_q = q.view().rows(i, 1);
        scaling.transform(probabilities(one_q), float_row, o);
        for (std::size_t j = 0; j < k; ++j)
          REQUIRE(std::abs(float_row[j] - r(i, j)) <=
                  2 * std::numeric_limits<float>::epsilon() * r(i, j));
        scaling.transform_logits(probabilities(one_q), float_row, o);
        for (std::size_t j = 0; j < k; ++j) REQUIRE(float_row[j] == s(i, j));
      }
    }
}

TEST_CASE("a single row of an array or a span, without an allocation") {
  const std::array<float, 4> z{1, -2, 0.5F, 3};
  const temperature_scaling scaling(1.5);
  std::array<float, 4> expected{};
  scaling.transform(logits(z.data(), 1, 4), expected);
  const double sum = 1 + std::exp(-2 / 1.5) + std::exp(-2.5 / 1.5) + std::exp(-5 / 1.5);
  CHECK(std::abs(static_cast<double>(expected[3]) - 1 / sum) <= rounding<float>(4));

  std::array<float, 4> p{};
  std::vector<float> v(4);
  std::array<double, 4> wide{};
  const std::span<const float> span(z);
  const std::array<float, 4> q = expected;
  const std::size_t before = allocations();
  scaling.transform(logits(z, 4), p);
  scaling.transform(logits(span, span.size()), std::span<float>(v));
  scaling.transform(logits(std::span<const float>(z), 4), wide);
  scaling.transform_logits(logits(z, 4), v);
  scaling.transform(probabilities(q, 4), p);
  scaling.transform(logits(z.data(), 1, 4), v);
  CHECK(allocations() == before);
  CHECK(v[0] == expected[0]);
  CHECK(static_cast<float>(wide[3]) == expected[3]);

  const std::array<double, 1> x{0.75};
  std::array<double, 1> y{};
  const std::size_t before_binary = allocations();
  scaling.transform(binary_logits(x), y);
  CHECK(allocations() == before_binary);
  CHECK(y[0] == 1 / (1 + std::exp(-0.5)));

  std::array<float, 5> long_out{};
  CHECK_THROWS_AS(scaling.transform(logits(z, 4), long_out), shape_error);
  // What is counted is counted.
  CHECK(allocations() > before_binary);
}

TEST_CASE("a bad row alone throws, or comes out as NaN") {
  std::array<double, 3> z{1, 2, 3};
  std::array<double, 3> p{};
  const temperature_scaling scaling(1.3);
  z[1] = GENERATE(not_a_number, infinity);
  CHECK_THROWS_WITH(scaling.transform(logits(z, 3), p), Catch::Contains("at row 0, column 1"));
  CHECK_THROWS_WITH(scaling.transform_logits(logits(z, 3), p),
                    Catch::Contains("at row 0, column 1"));
  scaling.transform(logits(z, 3), p, {.nan = nan_policy::count});
  for (const double x : p) CHECK(std::isnan(x));
  p = {};
  scaling.transform(probabilities(z, 3), p, {.nan = nan_policy::count});
  for (const double x : p) CHECK(std::isnan(x));
  z = {-infinity, -infinity, -infinity};
  CHECK_THROWS_WITH(scaling.transform(logits(z, 3), p),
                    Catch::Contains("every logit is -inf at row 0"));
  z = {0.5, 0.5, 0.5};
  CHECK_THROWS_WITH(scaling.transform(probabilities(z, 3), p),
                    Catch::Contains("the probabilities of row 0 sum to 1.5"));
  z = {-0.5, 1, 0.5};
  CHECK_THROWS_WITH(scaling.transform_logits(probabilities(z, 3), p),
                    Catch::Contains("probability -0.5 at row 0, column 0"));
  std::size_t rows = 0;
  options o;
  o.progress = [&](std::uint64_t n) { rows += n; };
  z = {1, 2, 3};
  scaling.transform(logits(z, 3), p, o);
  CHECK(rows == 1);
}

TEST_CASE("a model takes the kind of scores that it was fitted on") {
  const problem<double> x = random_problem<double>(200, 3, 1.5, 2, 15);
  matrix<double> p(200, 3);
  std::vector<double> margin(200), positive(200);
  std::vector<int> y(200);
  for (std::size_t i = 0; i < 200; ++i) {
    const std::vector<double> row = naive_softmax(x.z, i, 1);
    for (std::size_t j = 0; j < 3; ++j) p(i, j) = row[j];
    margin[i] = x.z(i, 0);
    positive[i] = row[0];
    y[i] = x.labels[i] == 0 ? 1 : 0;
  }
  const auto check = [&](const temperature_scaling& t, score_kind kind) {
    INFO(static_cast<int>(kind));
    CHECK(t.fitted_on() == kind);
    CHECK(t.report().fitted_on == kind);
    matrix<double> out(200, 3);
    std::vector<double> column(200);
    const auto takes = [&](const auto& scores, auto& target) {
      if (scores.kind == kind) {
        CHECK_NOTHROW(t.transform(scores));
        CHECK_NOTHROW(t.transform_logits(scores, target));
      } else {
        CHECK_THROWS_AS(t.transform(scores), value_error);
        CHECK_THROWS_AS(t.transform_logits(scores), value_error);
        CHECK_THROWS_AS(t.transform(scores, target), value_error);
        CHECK_THROWS_AS(t.transform_logits(scores, target), value_error);
      }
    };
    takes(logits(x.z), out);
    takes(probabilities(p), out);
    takes(binary_logits(margin), column);
    takes(binary_probabilities(positive), column);
  };
  const temperature_scaling of_logits = fit<temperature_scaling>(logits(x.z), x.labels);
  check(of_logits, score_kind::logits);
  check(fit<temperature_scaling>(probabilities(p), x.labels), score_kind::probabilities);
  check(fit<temperature_scaling>(binary_logits(margin), y), score_kind::binary_logits);
  check(fit<temperature_scaling>(binary_probabilities(positive), y),
        score_kind::binary_probabilities);
  CHECK_THROWS_WITH(of_logits.transform(probabilities(p)),
                    "temperature_scaling::transform(): fitted on logits, got probabilities; give "
                    "it logits, or fit one on probabilities");

  const temperature_scaling by_hand(of_logits.temperature());
  CHECK(by_hand.fitted_on() == std::nullopt);
  CHECK_NOTHROW(by_hand.transform(logits(x.z)));
  CHECK_NOTHROW(by_hand.transform(probabilities(p)));
  CHECK_NOTHROW(by_hand.transform(binary_logits(margin)));
}

TEST_CASE("as a recalibrator of any kind it maps scores in the same way") {
  const problem<double> x = random_problem<double>(23, 5, 1, 3, 7);
  const temperature_scaling scaling(2.5);
  const recalibrator& any = scaling;
  const matrix<double> p = any.transform(logits(x.z)), expected = scaling.transform(logits(x.z));
  const matrix<double> z = any.transform_logits(logits(x.z));
  const matrix<double> expected_z = scaling.transform_logits(logits(x.z));
  for (std::size_t i = 0; i < 23; ++i)
    for (std::size_t k = 0; k < 5; ++k) {
      CHECK(p(i, k) == Approx(expected(i, k)).epsilon(rounding<double>(8)));
      CHECK(z(i, k) == Approx(expected_z(i, k)).epsilon(rounding<double>(8)).margin(1e-14));
    }
}
