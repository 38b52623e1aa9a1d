// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/evaluation.hpp"

namespace calibra {

/// The samples of one group.
struct group_row {
  std::int64_t group = 0;
  std::string name = {};  ///< what reports show in place of the number; evaluate_by() leaves it
  evaluation values = {};
  /// Kuiper's statistic over its standard deviation under calibration, and how often a calibrated
  /// model of this size shows as much; NaN without samples.
  double kuiper = std::numeric_limits<double>::quiet_NaN();
  double p = std::numeric_limits<double>::quiet_NaN();
  double p_adjusted = std::numeric_limits<double>::quiet_NaN();  ///< for all groups: Holm's

  /// The name, or the number where there is none.
  [[nodiscard]] std::string shown() const { return name.empty() ? detail::concat(group) : name; }
};

/// What evaluate_by() gives.
struct group_report {
  evaluation all = {};
  std::vector<group_row> groups = {};  ///< ascending
  /// Which has the largest Kuiper statistic; of several the first. groups.size() without any.
  std::size_t worst = 0;
  /// The largest Kuiper statistic of a group, in standard deviations of all samples together: a
  /// share of samples that are taken wrongly (multicalibration error).
  double multicalibration_error = std::numeric_limits<double>::quiet_NaN();
  /// A multicalibration error that stands out of noise: five standard deviations of all samples.
  double detectable_error = std::numeric_limits<double>::quiet_NaN();

  [[nodiscard]] auto begin() const noexcept { return groups.begin(); }
  [[nodiscard]] auto end() const noexcept { return groups.end(); }
};

}  // namespace calibra
