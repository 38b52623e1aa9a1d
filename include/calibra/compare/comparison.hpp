// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/evaluation.hpp"

namespace calibra {

/// How a metric differs between two models on the same samples.
struct metric_difference {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  std::string name = {};
  double a = none, b = none;  ///< the values
  double difference = none;   ///< a - b
  double lower = none;        ///< limits of the difference; NaN where there are none
  double upper = none;
  double standard_error = none;
  /// How often models that are alike differ as much or more; NaN where it is not known.
  double p = none;
  std::string_view method = {};  ///< "normal" or "permutation"; "" where there is none
  std::string note = {};
};

/// What compare() gives.
struct comparison {
  evaluation a, b;
  std::vector<metric_difference> differences;
  double level = 0;

  /// That of a metric. Throws option_error if it was not measured.
  [[nodiscard]] const metric_difference& operator[](std::string_view name) const {
    static_cast<void>(a[name]);
    for (const metric_difference& d : differences)
      if (d.name == name) return d;
    throw option_error(detail::concat("comparison: \"", name, "\" was not measured"));
  }
  [[nodiscard]] auto begin() const noexcept { return differences.begin(); }
  [[nodiscard]] auto end() const noexcept { return differences.end(); }
};

}  // namespace calibra
