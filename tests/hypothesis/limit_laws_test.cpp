// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The laws that statistics are compared with, against published critical values, closed forms and
// recurrences.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "calibra/hypothesis/detail/limit_laws.hpp"
#include "constants.hpp"

using calibra::test::infinity;
using calibra::test::not_a_number;

using calibra::detail::brownian_maximum_tail;
using calibra::detail::brownian_range_tail;
using calibra::detail::chi_squared_tail;

namespace {

const double pi = std::acos(-1.0);

/// Critical values are published to four decimals, so that the tail there is right to half a unit
/// of the fourth decimal times the density, which is below 0.2 beyond 5 %.
constexpr double of_critical_values = 0.5e-4 * 0.2;

double upper_normal(double x) {
  return std::erfc(x / std::sqrt(2.0)) / 2;
}

/// The other series of each law, which converges everywhere, if slowly: no term is left out that
/// could be seen.
double maximum_by_reflections(double x) {
  double sum = 0;
  for (int k = 0; k < 400; ++k) sum += (k % 2 == 0 ? 4 : -4) * upper_normal((2 * k + 1) * x);
  return sum;
}
double maximum_by_waves(double x) {
  double sum = 1;
  for (int k = 0; k < 400; ++k) {
    const double m = 2 * k + 1;
    sum -= (k % 2 == 0 ? 4 : -4) / (pi * m) * std::exp(-m * m * pi * pi / (8 * x * x));
  }
  return sum;
}
double range_by_reflections(double x) {
  double sum = 0;
  for (int k = 1; k < 400; ++k) sum += (k % 2 == 1 ? 8 : -8) * k * upper_normal(k * x);
  return sum;
}

void check_ends(const std::function<double(double)>& tail) {
  CHECK(tail(0) == 1);
  CHECK(tail(-1) == 1);
  CHECK(tail(-infinity) == 1);
  CHECK(tail(infinity) == 0);
  CHECK(std::isnan(tail(not_a_number)));
  CHECK(tail(1e-3) == Approx(1).margin(1e-15));
  CHECK(tail(1e-140) == 1);
  CHECK(tail(8) < 1e-13);
  CHECK(tail(8) > 0);
  CHECK(tail(1e10) == 0);
  CHECK(tail(1e300) == 0);
}

/// Descends, strictly where a double can tell.
void check_descent(const std::function<double(double)>& tail, double from) {
  double before = 1;
  for (double x = 0.01; x < 12; x += 0.01) {
    INFO(x);
    const double here = tail(x);
    CHECK(here <= before);
    if (x > from) CHECK(here < before);
    CHECK(here >= 0);
    before = here;
  }
}

}  // namespace

TEST_CASE("the largest distance of a Brownian motion from 0", "[limit_laws]") {
  CHECK(brownian_maximum_tail(2.2414) == Approx(0.05).margin(of_critical_values));
  CHECK(brownian_maximum_tail(2.8070) == Approx(0.01).margin(of_critical_values));
  check_ends(brownian_maximum_tail);
  check_descent(brownian_maximum_tail, 0.3);
  // Either series is right on both sides of 1, where the two meet.
  for (double x = 0.6; x < 1.8; x += 0.05) {
    INFO(x);
    CHECK(brownian_maximum_tail(x) == Approx(maximum_by_reflections(x)).margin(1e-14));
    CHECK(brownian_maximum_tail(x) == Approx(maximum_by_waves(x)).margin(1e-14));
  }
  const double below = std::nextafter(1.0, 0.0);
  CHECK(brownian_maximum_tail(below) == Approx(brownian_maximum_tail(1)).epsilon(1e-14));
  // Far out one term is all: its relative error is that of erfc.
  CHECK(brownian_maximum_tail(6) == Approx(4 * upper_normal(6)).epsilon(1e-13));
}

TEST_CASE("the range of a Brownian motion", "[limit_laws]") {
  CHECK(brownian_range_tail(2.4977) == Approx(0.05).margin(of_critical_values));
  CHECK(brownian_range_tail(3.0233) == Approx(0.01).margin(of_critical_values));
  check_ends(brownian_range_tail);
  check_descent(brownian_range_tail, 0.6);
  for (double x = 1; x < 3; x += 0.05) {
    INFO(x);
    CHECK(brownian_range_tail(x) == Approx(range_by_reflections(x)).margin(1e-13));
  }
  const double below = std::nextafter(2.0, 0.0);
  CHECK(brownian_range_tail(below) == Approx(brownian_range_tail(2)).epsilon(1e-13));
  CHECK(brownian_range_tail(7) == Approx(8 * upper_normal(7)).epsilon(1e-13));
  // The range is at least the largest distance and at most twice that.
  for (double x = 0.1; x < 8; x += 0.1) {
    CHECK(brownian_range_tail(x) >= brownian_maximum_tail(x) - 1e-15);
    CHECK(brownian_range_tail(x) <= brownian_maximum_tail(x / 2) + 1e-15);
  }
}

TEST_CASE("the mean of each law of Brownian motion is the known one", "[limit_laws]") {
  // The mean is the integral of the tail: sqrt(pi / 2) for the maximum, sqrt(8 / pi) for the range
  // (Feller 1951). Trapezes of smooth functions that vanish at the end: exact to the step squared
  // times the slopes at the ends, which are 0.
  double maximum = -0.5, range = -0.5;
  for (int i = 0; i < 15000; ++i) {
    maximum += brownian_maximum_tail(i * 1e-3);
    range += brownian_range_tail(i * 1e-3);
  }
  CHECK(maximum * 1e-3 == Approx(std::sqrt(pi / 2)).epsilon(1e-12));
  CHECK(range * 1e-3 == Approx(std::sqrt(8 / pi)).epsilon(1e-12));
}

TEST_CASE("the tail of chi^2", "[limit_laws]") {
  for (double x = 0.001; x < 1400; x *= 1.1) {
    INFO(x);
    // exp and erfc are right to a few roundings of the exponent, x / 2
    const double slack = 1e-14 + 1e-15 * x;
    CHECK(chi_squared_tail(x, 2) == Approx(std::exp(-x / 2)).epsilon(slack));
    CHECK(chi_squared_tail(x, 1) == Approx(std::erfc(std::sqrt(x / 2))).epsilon(slack));
    CHECK(chi_squared_tail(x, 4) == Approx(std::exp(-x / 2) * (1 + x / 2)).epsilon(slack));
  }
  SECTION("recurrence") {  // Q(a + 1, t) = Q(a, t) + t^a e^-t / Gamma(a + 1)
    for (const double k : {1.0, 2.0, 3.0, 7.0, 10.0, 31.0, 100.0, 999.0})
      for (double x = k / 8; x < 6 * k; x *= 1.2) {
        INFO(k << " " << x);
        const double a = k / 2, t = x / 2;
        const double step = std::exp(a * std::log(t) - t - std::lgamma(a + 1));
        // a log t, t and the logarithm of Gamma are as large as k and cancel
        CHECK(chi_squared_tail(x, k + 2) - chi_squared_tail(x, k) ==
              Approx(step).epsilon(1e-15 * k).margin(1e-15 * (k + 10)));
      }
  }
  SECTION("published critical values") {
    CHECK(chi_squared_tail(18.307038, 10) == Approx(0.05).epsilon(1e-6));
    CHECK(chi_squared_tail(23.209251, 10) == Approx(0.01).epsilon(1e-6));
    CHECK(chi_squared_tail(2.558212, 10) == Approx(0.99).epsilon(1e-6));
    CHECK(chi_squared_tail(124.342113, 100) == Approx(0.05).epsilon(1e-6));
  }
  SECTION("it descends in x and ascends in k") {
    for (double k = 1; k < 40; k += 1) {
      double before = 1;
      for (double x = 0.5; x < 120; x += 0.5) {
        const double here = chi_squared_tail(x, k);
        CHECK(here <= before);
        CHECK(here <= chi_squared_tail(x, k + 1));
        CHECK(here >= 0);
        before = here;
      }
    }
  }
  SECTION("ends") {
    for (const double k : {1.0, 2.0, 10.0, 1000.0}) {
      CHECK(chi_squared_tail(0, k) == 1);
      CHECK(chi_squared_tail(-1, k) == 1);
      CHECK(chi_squared_tail(infinity, k) == 0);
      CHECK(std::isnan(chi_squared_tail(not_a_number, k)));
      CHECK(chi_squared_tail(5e-324, k) == Approx(1).margin(1e-15));
      CHECK(chi_squared_tail(1e300, k) == 0);
    }
  }
}

// 8 / x^2 overflows, and infinity times exp(-infinity) is NaN.
TEST_CASE("the range of a Brownian motion exceeds any tiny number", "[limit_laws]") {
  for (const double x : {1e-154, 1e-160, 1e-200, 5e-324}) {
    INFO(x);
    CHECK(brownian_range_tail(x) == 1);
    CHECK(brownian_maximum_tail(x) == 1);
  }
}
