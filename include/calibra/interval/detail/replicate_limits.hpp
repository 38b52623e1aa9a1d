// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/normal.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "calibra/interval/wilson.hpp"

namespace calibra::detail {

/// The quantile q of ascending values, linear between the order statistics at (i + 1) / (n + 1).
inline double quantile_of(const std::vector<double>& ascending, double q) {
  const auto n = static_cast<double>(ascending.size());
  const double place = std::clamp(q * (n + 1) - 1, 0.0, n - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] +
         (place - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

/// The acceleration of BCa: the skewness of what groups of units pull at the value.
inline double acceleration_of(const std::vector<double>& without) {
  double mean = 0, squares = 0, cubes = 0;
  for (const double x : without) mean += x / static_cast<double>(without.size());
  for (const double x : without) {
    squares += (mean - x) * (mean - x);
    cubes += (mean - x) * (mean - x) * (mean - x);
  }
  return squares > 0 ? cubes / (6 * squares * std::sqrt(squares)) : 0;
}

/// Reads the limits off the values on replicates, and where BCa is asked for on the sample without
/// each of its groups.
inline void set_limits(metric_interval& i, std::vector<double> drawn,
                       const std::vector<double>& without, const interval_options& o,
                       const interval_limits& bounds) {
  const std::size_t all = drawn.size();
  std::erase_if(drawn, [](double x) { return !is_finite(x); });
  if (drawn.size() < all) {
    i.note = concat("not defined on ", all - drawn.size(), " of ", all, " replicates");
    return;
  }
  std::sort(drawn.begin(), drawn.end());
  double mean = 0, squares = 0;
  const auto n = static_cast<double>(drawn.size());
  for (const double x : drawn) mean += x / n;
  for (const double x : drawn) squares += (x - mean) * (x - mean);
  i.standard_error = std::sqrt(squares / (n - 1));
  const double tail = (1 - o.level) / 2;
  double low = quantile_of(drawn, tail), high = quantile_of(drawn, 1 - tail);
  i.method = "percentile";
  if (o.kind == interval_kind::basic) {
    i.method = "basic";
    low = 2 * i.value - high;
    high = 2 * i.value - quantile_of(drawn, tail);
  } else if (o.kind == interval_kind::bca) {
    const auto below = std::lower_bound(drawn.begin(), drawn.end(), i.value);
    const auto above = std::upper_bound(drawn.begin(), drawn.end(), i.value);
    const double share =
        (static_cast<double>(below - drawn.begin()) + static_cast<double>(above - drawn.begin())) /
        (2 * n);
    if (share > 0 && share < 1) {
      i.method = "bca";
      const double bias = normal_quantile(share), a = acceleration_of(without);
      const auto moved = [&](double q) {
        const double z = bias + normal_quantile(q);
        return normal_cdf(bias + z / (1 - a * z));
      };
      low = quantile_of(drawn, moved(tail));
      high = quantile_of(drawn, moved(1 - tail));
    } else {
      i.note = "all replicates lie on one side of the value: limits are quantiles";
    }
  }
  i.lower = std::clamp(low, bounds.lower, bounds.upper);
  i.upper = std::clamp(high, bounds.lower, bounds.upper);
}

}  // namespace calibra::detail
