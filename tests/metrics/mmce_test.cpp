// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/metrics/mmce.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "random_sample.hpp"

using calibra::mmce;
using calibra::precision;
using calibra::sample;
using namespace calibra::test;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

inline double naive_mmce(const sample& s, double bandwidth) {
  double sum = 0;
  for (std::size_t i = 0; i < s.size(); ++i)
    for (std::size_t j = 0; j < s.size(); ++j)
      sum += residual(s, i) * residual(s, j) *
             std::exp(-std::abs(s.confidence(i) - s.confidence(j)) / bandwidth);
  return std::sqrt(sum) / static_cast<double>(s.size());
}

}  // namespace

TEMPLATE_TEST_CASE("MMCE equals its double sum", "[mmce]", float, double) {
  const auto n = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{50}, std::size_t{600});
  const auto levels = GENERATE(0, 1, 9);
  const auto bandwidth = GENERATE(0.4, 1e-3, 100.0);
  sample s = random_sample<TestType>(n, 5, levels);
  // Where residuals cancel, rounding is relative to the sum of magnitudes: compare the squares.
  const double root = naive_mmce(s, bandwidth);
  const auto expected = Approx(root * root).margin(4 * static_cast<double>(n) * epsilon).epsilon(0);
  const auto squared = [bandwidth](const sample& x) {
    return std::pow(mmce.with({bandwidth})(x), 2);
  };
  CHECK(squared(s) == expected);
  CHECK(squared(reversed(s)) == expected);
  s.sort();
  CHECK(squared(s) == expected);
}

TEST_CASE("MMCE of netcal 1.4.0", "[mmce]") {
  sample s;
  const double confidences[]{0.31, 0.42, 0.47, 0.53, 0.58, 0.66, 0.71, 0.79, 0.84, 0.91, 0.97};
  const bool hits[]{false, true, false, false, true, false, true, true, false, true, true};
  for (std::size_t i = 0; i < 11; ++i) s.push_back(confidences[i], hits[i]);
  CHECK(mmce(s) == Approx(0.09667495442194093).epsilon(100 * epsilon));
}

TEST_CASE("MMCE of a calibrated sample is 0, never NaN", "[mmce]") {
  sample s;
  for (int i = 0; i < 10; ++i) {
    s.push_back(0.3, i < 3);
    s.push_back(0.7, i < 7);
  }
  CHECK(mmce(s) >= 0);
  CHECK(mmce(s) < 20 * epsilon);
}

TEST_CASE("MMCE: a weight counts copies", "[mmce]") {
  const weighted_and_copied both(random_sample<double>(400, 13, 30));
  CHECK(mmce(both.weighted) == Approx(mmce(both.copied)).epsilon(1e4 * epsilon));
}

TEST_CASE("MMCE without data is NaN", "[mmce]") {
  CHECK(std::isnan(mmce(sample(precision::float32))));
  sample weightless;
  weightless.push_back(0.5, true, 0);
  CHECK(std::isnan(mmce(weightless)));
}

TEST_CASE("MMCE refuses a bandwidth that is none", "[mmce]") {
  const sample s = random_sample<float>(5, 1);
  CHECK_THROWS_AS(mmce.with({0.0})(s), calibra::option_error);
  CHECK_THROWS_AS(mmce.with({-0.4})(s), calibra::option_error);
  CHECK_THROWS_AS(mmce.with({std::numeric_limits<double>::quiet_NaN()})(s), calibra::option_error);
  CHECK_THROWS_WITH(mmce.with({std::numeric_limits<double>::infinity()})(s),
                    Catch::Contains("mmce(): bandwidth inf"));
}
