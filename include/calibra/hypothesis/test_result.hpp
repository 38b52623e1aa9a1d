// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "calibra/version.hpp"

namespace calibra {

/// What a test of calibration found. The hypothesis is that the model is calibrated: that of
/// samples given a confidence c a share c is right.
struct test_result {
  std::string name = {};
  double statistic = std::numeric_limits<double>::quiet_NaN();
  /// How often a calibrated model gives a statistic like this or one further out; NaN where the
  /// test cannot be made.
  double p = std::numeric_limits<double>::quiet_NaN();
  std::string note = {};  ///< what else was found, or why there is no p
};

/// What is known of a test beside its result.
struct test_info {
  std::string_view name;
  std::string_view statistic;  ///< in one line
  std::string_view law;        ///< what it is compared with
  std::string_view blind_to;   ///< what it cannot see
  std::string_view source;
};

}  // namespace calibra
