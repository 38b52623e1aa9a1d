// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "calibra/version.hpp"

namespace calibra {

/// The value of a metric with how much of it may be noise.
struct metric_interval {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  std::string name = {};
  double value = none;  ///< as evaluate() gives it; NaN where it is undefined
  double lower = none;  ///< limits of the interval; NaN where there is none
  double upper = none;
  double standard_error = none;  ///< NaN where there is none
  /// What a perfectly calibrated model of this size shows; NaN for metrics without one.
  double floor = none;
  /// "normal", "basic", "percentile", "bca", "analytic"; "" where there is no interval.
  std::string_view method = {};
  std::string note = {};  ///< why there is no interval, or what to look out for
};

}  // namespace calibra
