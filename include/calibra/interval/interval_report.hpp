// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/interval/metric_interval.hpp"

namespace calibra {

/// What intervals() gives: the evaluation, and an interval a metric in the same order.
struct interval_report {
  evaluation values;
  std::vector<metric_interval> intervals;
  double level = 0;            ///< how often they shall cover
  std::size_t replicates = 0;  ///< that were drawn; 0 where no metric needed one

  /// That of a metric. Throws option_error if it was not measured.
  [[nodiscard]] const metric_interval& operator[](std::string_view name) const {
    static_cast<void>(values[name]);
    for (const metric_interval& i : intervals)
      if (i.name == name) return i;
    throw option_error(detail::concat("interval_report: \"", name, "\" was not measured"));
  }
  [[nodiscard]] auto begin() const noexcept { return intervals.begin(); }
  [[nodiscard]] auto end() const noexcept { return intervals.end(); }
};

}  // namespace calibra
