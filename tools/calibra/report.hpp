// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "calibra/evaluate/evaluation.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "requests.hpp"

namespace calibra::cli {

/// What `calibra eval` found out.
struct report : evaluation {
  std::vector<metric_interval> intervals = {};  ///< a metric each, where they were asked for
  std::optional<group_report> groups = {};      ///< where they were asked for
};

/// The names that --metrics takes, in the order of the report.
std::vector<std::string> metric_names();

/// Throws option_error for what the command line should not have asked of evaluate_files().
void expect_possible(const eval_request& request);

/// Loads, measures. Throws option_error for what the command line should not have asked, other
/// calibra errors, with the name of the file, for what is in the files.
report evaluate_files(const eval_request& request);

/// One JSON object. Numbers are written so that they read back exactly; NaN and infinities are
/// null.
std::string json_text(const eval_request& request, const report& r);
/// `metric,value` lines; an empty line; the bins; with --classwise an empty line and the classes.
std::string csv_text(const eval_request& request, const report& r);
std::string markdown_text(const eval_request& request, const report& r);
/// For a terminal of 80 columns; `utf8`: bars of block characters.
std::string table_text(const eval_request& request, const report& r, bool utf8);

}  // namespace calibra::cli
