// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>

#include "calibra/version.hpp"

namespace calibra::detail {

/// P(Z <= x) of the standard normal distribution.
inline double normal_cdf(double x) {
  return std::erfc(-x * 0.70710678118654752440) / 2;
}

/// The x of normal_cdf(x) = p, p in (0, 1), to a few roundings: Newton's steps on the logarithm of
/// the smaller tail, which is concave, from the tail's first order.
inline double normal_quantile(double p) {
  if (p == 0.5) return 0;
  const double tail = p < 0.5 ? p : 1 - p, aim = std::log(tail);
  double x = std::sqrt(-2 * std::log(2 * tail));  // above the root
  for (int step = 0; step < 50; ++step) {
    const double q = normal_cdf(-x);
    const double density = std::exp(-x * x / 2) * 0.39894228040143267794;
    const double move = (std::log(q) - aim) * q / density;
    x += move;
    if (std::abs(move) <= 4 * std::numeric_limits<double>::epsilon() * x) break;
  }
  return p < 0.5 ? -x : x;
}

}  // namespace calibra::detail
