// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "calibra/detail/log_gamma.hpp"
#include "calibra/detail/normal.hpp"

namespace calibra::detail {

/// t^(k/2) exp(-t) / Gamma(k/2), k a whole number: by the product of Gamma's recurrence while that
/// fits a double.
inline double gamma_front(double t, double k) {
  const double a = k / 2;
  if (k > 300) return std::exp(a * std::log(t) - t - log_gamma(a));
  const bool even = std::fmod(k, 2) == 0;
  double gamma = even ? 1 : std::sqrt(std::numbers::pi);
  for (double x = even ? 1 : 0.5; x < a; ++x) gamma *= x;
  return std::exp(a * std::log(t) - t) / gamma;
}

/// P(chi^2 > x) with k degrees of freedom: the regularised upper incomplete gamma function Q(k/2,
/// x/2), by its series below k + 2 and its continued fraction above.
inline double chi_squared_tail(double x, double k) {
  if (!(x > 0)) return x <= 0 ? 1 : x;
  if (x == std::numeric_limits<double>::infinity()) return 0;
  const double a = k / 2, t = x / 2;
  const double front = gamma_front(t, k);
  if (t < a + 1) {
    double term = 1 / a, sum = term;
    for (double j = a + 1; term > 1e-17 * sum; ++j) sum += term *= t / j;
    return std::max(0.0, 1 - front * sum);
  }
  // Lentz's method for 1 / (t + 1 - a - 1 (1 - a) / (t + 3 - a - ...)).
  double b = t + 1 - a, c = 1e300, d = 1 / b, h = d;
  for (double j = 1; j < 1e5; ++j) {
    const double numerator = -j * (j - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    h *= c * d;
    if (std::abs(c * d - 1) < 1e-16) break;
  }
  return front * h;
}

/// P(max |B| > x), B a Brownian motion on [0, 1].
inline double brownian_maximum_tail(double x) {
  if (!(x > 0)) return x <= 0 ? 1 : x;
  constexpr double pi = std::numbers::pi;
  double sum = 0;
  if (x < 1) {
    for (int k = 0; k < 20; ++k) {
      const double m = k + 0.5;
      const double term = std::exp(-m * m * pi * pi / (2 * x * x)) / m;
      sum += k % 2 == 0 ? term : -term;
    }
    return std::clamp(1 - 2 / pi * sum, 0.0, 1.0);
  }
  for (int k = 0; k < 20; ++k) {
    const double term = normal_cdf(-(2 * k + 1) * x);
    sum += k % 2 == 0 ? term : -term;
  }
  return std::clamp(4 * sum, 0.0, 1.0);
}

/// P(max B - min B > x). Ref: Feller 1951.
inline double brownian_range_tail(double x) {
  if (!(x > 0)) return x <= 0 ? 1 : x;
  if (x < 0.1) return 1;  // less than 1 by 1e-210
  constexpr double pi = std::numbers::pi;
  double sum = 0;
  if (x < 2) {
    for (int k = 0; k < 40; ++k) {
      const double m = k + 0.5;
      sum += (8 / (x * x) + 2 / (m * m * pi * pi)) * std::exp(-2 * m * m * pi * pi / (x * x));
    }
    return std::clamp(1 - sum, 0.0, 1.0);
  }
  for (int k = 1; k < 40; ++k) {
    const double term = k * normal_cdf(-k * x);
    sum += k % 2 == 1 ? term : -term;
  }
  return std::clamp(8 * sum, 0.0, 1.0);
}

}  // namespace calibra::detail
