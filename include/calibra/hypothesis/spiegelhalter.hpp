// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "calibra/detail/normal.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace hypothesis {

/// Spiegelhalter's Z: whether the Brier score is what the confidences promise.
///
/// Statistic: Z = sum w (y - c) (1 - 2 c) / sqrt(sum w^2 (1 - 2 c)^2 c (1 - c)), y 1 for a hit.
///   Law: the normal distribution, two-sided: the p of |Z|. Confidences of 0, 1/2 and 1 alone: no
///   variance, Z is 0 or infinite. No samples: NaN. Cost: O(n). Z > 0: overconfident (c > 1/2).
/// Ref: Spiegelhalter 1986 (Statistics in Medicine 5).
struct spiegelhalter {
  static constexpr test_info info{
      .name = "spiegelhalter",
      .statistic = "Z = sum (y - c)(1 - 2c) / its standard deviation",
      .law = "the normal distribution, two-sided",
      .blind_to = "errors that leave the Brier score as it should be",
      .source = "Spiegelhalter 1986",
  };
  [[nodiscard]] test_result of(const sample& pairs) const {
    double sum = 0, variance = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const double c = pairs.confidence(i), w = pairs.weight(i), lean = 1 - 2 * c;
      sum += w * ((pairs.hit(i) ? 1.0 : 0.0) - c) * lean;
      variance += w * w * lean * lean * c * (1 - c);
    }
    test_result r;
    if (!(pairs.total_weight() > 0)) return r;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (variance > 0)
      r.statistic = sum / std::sqrt(variance);
    else
      r.statistic = sum == 0 ? 0 : std::copysign(infinity, sum);
    r.p = 2 * detail::normal_cdf(-std::abs(r.statistic));
    return r;
  }
};

}  // namespace hypothesis

inline constexpr calibration_test<hypothesis::spiegelhalter> spiegelhalter_test{};

}  // namespace calibra
