// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/metrics/nll.hpp>
#include <calibra/recalibration/temperature.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

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
  const temperature_scaling fitted = fit_temperature(logits(x.z), x.labels);
  CHECK(std::abs(nll(logits(x.z), x.labels) - fitted.report().nll_before) <= 1e-13);
  CHECK(std::abs(nll(probabilities(fitted.transform(logits(x.z))), x.labels) -
                 fitted.report().nll_after) <= 1e-13);
  CHECK(std::abs(nll(logits(fitted.transform_logits(logits(x.z))), x.labels) -
                 fitted.report().nll_after) <= 1e-13);
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
