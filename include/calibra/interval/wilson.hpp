// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

#include "calibra/detail/normal.hpp"
#include "calibra/error.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra {

/// Two limits.
struct interval_limits {
  double lower = std::numeric_limits<double>::quiet_NaN();
  double upper = std::numeric_limits<double>::quiet_NaN();
  friend bool operator==(const interval_limits&, const interval_limits&) = default;
};

namespace detail {

/// The z of two-sided limits. Throws option_error for a level outside (0, 1).
inline double two_sided(std::string_view where, double level) {
  if (!(level > 0 && level < 1))
    throw option_error(concat(where, ": expected a level in (0, 1), got ", level));
  return normal_quantile((1 + level) / 2);
}

}  // namespace detail

/// Wilson's interval of a share of n samples: where |share - p| <= z sqrt(p (1 - p) / n).
///
/// Range: within [0, 1]. n need not be whole: with weights it is (sum w)^2 / sum w^2. n = 0: NaN.
/// Throws option_error for a level outside (0, 1), a share outside [0, 1], n < 0. Ref: Wilson 1927;
/// Brown, Cai, DasGupta 2001.
[[nodiscard]] inline interval_limits wilson_interval(double share, double n, double level = 0.95) {
  const double z = detail::two_sided("wilson_interval()", level);
  if (!(n >= 0)) throw option_error(detail::concat("wilson_interval(): expected n >= 0, got ", n));
  if (n == 0) return {};
  if (!(share >= 0 && share <= 1))
    throw option_error(
        detail::concat("wilson_interval(): expected a share in [0, 1], got ", share));
  const double zz = z * z / n, middle = (share + zz / 2) / (1 + zz);
  const double reach = std::sqrt(share * (1 - share) * zz + zz * zz / 4) / (1 + zz);
  return {std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

/// Wilson's interval of the accuracy of a bin; NaN where it is empty.
[[nodiscard]] inline interval_limits bin_interval(const reliability_table& table, std::size_t b,
                                                  double level = 0.95) {
  const reliability_bin bin = table[b];
  if (!(bin.weight > 0)) return {};
  return wilson_interval(std::clamp(bin.accuracy, 0.0, 1.0),
                         bin.weight * bin.weight / table.squared_weight(b), level);
}

}  // namespace calibra
