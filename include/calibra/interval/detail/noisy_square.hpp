// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "calibra/detail/float_bits.hpp"
#include "calibra/interval/wilson.hpp"

namespace calibra::detail {

/// An estimate without bias of a squared error t: a sum of squares of noisy gaps, less their noise.
///
/// Its variance grows with t: growth (t + noise / 2), and its third moment about t is growth^2 (3 t
/// + noise) / 2. This is so for gaps that are normal with one variance: noncentral chi-squared.
struct noisy_square {
  double value = std::numeric_limits<double>::quiet_NaN();  ///< may be negative
  double noise = 0;                                         ///< what was taken off
  double growth = 0;                                        ///< of the variance

  /// From the variance that gaps show whose squares come to `plain`; 0 where there are none.
  static double growth_of(double variance, double plain) {
    return plain == 0 && !is_nan(variance) ? 0 : variance / plain;
  }
  /// Of the estimate, where the squared error is t.
  [[nodiscard]] double variance(double t) const { return growth * (t + noise / 2); }

  /// The squared errors t >= 0 of which the value lies no further out than z: t + z sd(t), with the
  /// skewness by Cornish and Fisher's first term, (z^2 - 1) / 6 times third moment over variance.
  /// NaN where the variance is.
  [[nodiscard]] interval_limits limits(double z) const {
    if (!is_finite(growth)) return {};
    const double known = std::max(0.0, value), twice = noise + 2 * known;
    const double skew = twice > 0 ? growth * (noise + 3 * known) / twice : 0;
    const double centre = value - (z * z - 1) / 6 * skew, grown = z * growth / 2;
    // |centre - t| = z sd(t) is a quadratic equation; without a root no t is small enough.
    const double middle = centre + z * grown;
    const double reach = z * std::sqrt(std::max(0.0, variance(centre) + grown * grown));
    const bool from_zero = centre <= z * std::sqrt(variance(0));
    return {std::min(known, from_zero ? 0 : std::max(0.0, middle - reach)),
            std::max(known, middle + reach)};
  }
};

}  // namespace calibra::detail
