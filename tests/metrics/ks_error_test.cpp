// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/metrics/ks_error.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "random_sample.hpp"

using calibra::ks_error;
using calibra::precision;
using calibra::sample;
using namespace calibra::test;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

inline double naive_ks_error(const sample& s) {
  double largest = 0;
  for (std::size_t k = 0; k < s.size(); ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < s.size(); ++i)
      if (s.confidence(i) <= s.confidence(k)) sum += residual(s, i);
    largest = std::max(largest, std::abs(sum));
  }
  return largest / static_cast<double>(s.size());
}

}  // namespace

TEMPLATE_TEST_CASE("KS error equals its definition", "[ks_error]", float, double) {
  const auto n = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{50}, std::size_t{700});
  const auto levels = GENERATE(0, 1, 9);
  sample s = random_sample<TestType>(n, 5, levels);
  const double expected = naive_ks_error(s);
  const double margin = static_cast<double>(n) * epsilon;
  CHECK(ks_error(s) == Approx(expected).margin(margin).epsilon(0));
  CHECK(ks_error(reversed(s)) == Approx(expected).margin(margin).epsilon(0));
  s.sort();
  CHECK(ks_error(s) == Approx(expected).margin(margin).epsilon(0));
}

TEST_CASE("KS error by hand", "[ks_error]") {
  sample s;
  s.push_back(0.75, false);
  s.push_back(0.25, true);
  s.push_back(0.5, true);
  // Cumulative sums 0.75, 1.25, 0.5.
  CHECK(ks_error(s) == Approx(1.25 / 3).epsilon(4 * epsilon));
  sample ties;
  ties.push_back(0.5, true);
  ties.push_back(0.5, false);
  CHECK(ks_error(ties) == 0);
}

TEST_CASE("KS error: a weight counts copies", "[ks_error]") {
  const weighted_and_copied both(random_sample<double>(400, 13, 30));
  CHECK(ks_error(both.weighted) == Approx(ks_error(both.copied)).epsilon(1000 * epsilon));
}

TEST_CASE("KS error without data is NaN", "[ks_error]") {
  CHECK(std::isnan(ks_error(sample(precision::float32))));
  sample weightless;
  weightless.push_back(0.5, true, 0);
  CHECK(std::isnan(ks_error(weightless)));
}
