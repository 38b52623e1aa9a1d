// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "calibra/version.hpp"

namespace calibra::detail {

/// ln Gamma(x) of x > 0 to a few roundings of its terms: Stirling's series at 16 and above, the
/// recurrence below. Unlike std::lgamma() it may be called from several threads.
inline double log_gamma(double x) {
  double product = 1;
  for (; x < 16; ++x) product *= x;
  constexpr double half_log_two_pi = 0.91893853320467274178;
  const double r = 1 / x, s = r * r;
  const double series =
      r * (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188)))));
  return (x - 0.5) * std::log(x) - x + half_log_two_pi + series - std::log(product);
}

}  // namespace calibra::detail
