// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "calibra/evaluate/evaluation.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "data.hpp"
#include "settings.hpp"

namespace calibra::python {

/// An evaluation, and how it was made.
struct result : evaluation {
  std::vector<metric_interval> intervals = {};  ///< a metric each, where they were asked for
  std::optional<interval_options> asked_intervals = {};
  std::string from = {};
  settings made_with = {};

  /// Itself with its intervals. Only where they were asked for.
  interval_report with_intervals() const;
  /// As the program prints it.
  std::string text() const;
  /// A reliability diagram as an SVG document.
  std::string svg(const std::string& title, bool dark) const;
};

/// Throws option_error for settings that do not go with the arrays.
void expect_possible(const data& d, const settings& s);

/// Measures. Throws as calibra::evaluate(), and shape_error where no sample is left.
result evaluate(const data& d, const settings& s, const std::optional<interval_options>& intervals,
                std::vector<std::string> class_names);

}  // namespace calibra::python
