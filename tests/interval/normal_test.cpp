// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <utility>

#include "calibra/detail/normal.hpp"

using calibra::detail::normal_cdf;
using calibra::detail::normal_quantile;

TEST_CASE("normal_quantile() gives the values of tables", "[normal]") {
  // to 16 digits, of the doubles next to these p: roots that mpmath found with 40 digits
  const std::pair<double, double> table[] = {
      {0.5, 0.0},
      {0.75, 0.6744897501960817},
      {0.9, 1.2815515655446004},
      {0.95, 1.6448536269514722},
      {0.975, 1.959963984540054},
      {0.99, 2.3263478740408408},
      {0.995, 2.5758293035489004},
      {0.9995, 3.2905267314919258},
      {0.001, -3.090232306167813},
      {1e-5, -4.264890793922825},
      {1e-10, -6.361340902404056},
      {1e-20, -9.262340089798408},
      {1e-300, -37.0470962993612},
  };
  // Four roundings, which the loop stops at, and as many of erfc.
  for (const auto& [p, x] : table) {
    INFO(p);
    CHECK(normal_quantile(p) == Approx(x).epsilon(8 * 0x1p-52).margin(0));
  }
  CHECK(normal_quantile(0.5) == 0);
}

TEST_CASE("normal_quantile() is odd about one half", "[normal]") {
  // p and 1 - p that are both exact
  for (const double p : {0x1p-2, 0x1p-5, 0x1p-10, 0x1p-30, 0x1p-50, 0.375, 0.5 - 0x1p-20}) {
    INFO(p);
    CHECK(normal_quantile(1 - p) == -normal_quantile(p));
    CHECK(normal_quantile(p) < 0);
  }
}

TEST_CASE("normal_quantile() ascends and comes back", "[normal]") {
  double before = -1e300;
  for (int k = 1; k < 2000; ++k) {
    const double p = k / 2000.0, x = normal_quantile(p);
    CHECK(x > before);
    before = x;
    CHECK(normal_cdf(x) == Approx(p).epsilon(8 * 0x1p-52).margin(0));
  }
  // In the tails a rounding of x is x^2 roundings of p.
  for (int e = -1; e > -1000; e -= 7) {
    const double p = std::ldexp(0.7, e), x = normal_quantile(p);
    CHECK(normal_cdf(x) == Approx(p).epsilon((4 + 4 * x * x) * 0x1p-52).margin(0));
  }
  // Near one half x is 2.5066 (p - 1/2), to the roundings of p.
  for (const double off : {0x1p-20, 0x1p-30, 0x1p-45}) {
    CHECK(normal_quantile(0.5 + off) ==
          Approx(2.5066282746310002 * off).epsilon(1e-9).margin(4 * 0x1p-53));
    CHECK(normal_quantile(0.5 - off) ==
          Approx(-2.5066282746310002 * off).epsilon(1e-9).margin(4 * 0x1p-53));
  }
}

TEST_CASE("normal_cdf() is the integral of the density", "[normal]") {
  // Simpson's rule in long double, from far below
  const auto density = [](long double x) {
    return std::exp(-x * x / 2) * 0.398942280401432677939946L;
  };
  for (const double x : {-5.0, -2.0, -0.3, 0.0, 0.7, 3.0}) {
    const long double from = -40, step = (static_cast<long double>(x) - from) / 200000;
    long double sum = density(from) + density(static_cast<long double>(x));
    for (int k = 1; k < 200000; ++k)
      sum += (k % 2 == 1 ? 4 : 2) * density(from + static_cast<long double>(k) * step);
    CHECK(normal_cdf(x) == Approx(static_cast<double>(sum * step / 3)).epsilon(1e-12).margin(0));
  }
}
