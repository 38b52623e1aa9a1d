// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "calibra/compare/holm.hpp"
#include "constants.hpp"

using calibra::test::not_a_number;

using calibra::holm_adjusted;

namespace {

/// Of each p: the largest, over those that are not larger, of it times how many are not smaller,
/// at most 1. Of equal ones all but the first count for less, so that the first decides.
std::vector<double> naive_holm(const std::vector<double>& p) {
  std::vector<double> adjusted;
  for (const double own : p) {
    if (std::isnan(own)) {
      adjusted.push_back(own);
      continue;
    }
    double most = 0;
    for (const double other : p) {
      if (!(other <= own)) continue;
      const auto left = std::count_if(p.begin(), p.end(), [&](double x) { return x >= other; });
      most = std::max(most, other * static_cast<double>(left));
    }
    adjusted.push_back(std::min(1.0, most));
  }
  return adjusted;
}

}  // namespace

TEST_CASE("holm_adjusted: an example", "[holm]") {
  // times 4, 3, 2 and 1: 0.04, 0.06, 0.06, 0.04, of which none may be smaller than one before it
  const std::vector<double> adjusted = holm_adjusted({0.03, 0.01, 0.04, 0.02});
  CHECK(adjusted[1] == Approx(0.04));
  CHECK(adjusted[3] == Approx(0.06));
  CHECK(adjusted[0] == Approx(0.06));
  CHECK(adjusted[2] == Approx(0.06));
}

TEST_CASE("holm_adjusted is the naive definition", "[holm]") {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform;
  for (std::size_t n = 1; n < 40; ++n) {
    std::vector<double> p;
    for (std::size_t i = 0; i < n; ++i) {
      double x = std::pow(uniform(random), 3);
      if (n % 3 == 0) x = std::round(x * 8) / 8;  // ties, 0 and 1
      p.push_back(n % 4 == 0 && i % 5 == 2 ? not_a_number : x);
    }
    const std::vector<double> got = holm_adjusted(p), expected = naive_holm(p);
    REQUIRE(got.size() == n);
    for (std::size_t i = 0; i < n; ++i) {
      INFO(n << " " << i << " p " << p[i]);
      if (std::isnan(p[i])) {
        CHECK(std::isnan(got[i]));
        continue;
      }
      CHECK(got[i] == expected[i]);
      CHECK(got[i] >= p[i]);
      CHECK(got[i] <= 1);
      for (std::size_t j = 0; j < n; ++j) {
        if (p[j] < p[i]) CHECK(got[j] <= got[i]);
        if (p[j] == p[i]) CHECK(got[j] == got[i]);
      }
    }
  }
}

TEST_CASE("holm_adjusted of few", "[holm]") {
  CHECK(holm_adjusted({}).empty());
  CHECK(holm_adjusted({0.3}) == std::vector<double>{0.3});
  CHECK(holm_adjusted({0, 1}) == std::vector<double>{0, 1});
  CHECK(holm_adjusted({0.6, 0.6}) == std::vector<double>{1, 1});
  CHECK(std::isnan(holm_adjusted({not_a_number}).at(0)));
  // NaN does not count: 0.25 is the smaller of two
  const std::vector<double> adjusted = holm_adjusted({not_a_number, 0.25, 0.75, not_a_number});
  CHECK(std::isnan(adjusted[0]));
  CHECK(adjusted[1] == 0.5);
  CHECK(adjusted[2] == 0.75);
  CHECK(std::isnan(adjusted[3]));
}
