// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "calibra/evaluate/evidence.hpp"
#include "report.hpp"
#include "requests.hpp"

namespace calibra::cli {

/// Whether a file is named by a pattern: it holds '*' or '?', and there is no file of that name.
bool is_pattern(const std::string& spec);

/// The files that SCORES and LABELS stand for where they hold '*' or '?': a request each, in the
/// order of the names, in which numbers count as numbers. One request where they hold none.
/// Throws io_error: no file, different numbers of files, or names that do not go together.
std::vector<data_request> shards_of(const data_request& request);

/// Of `calibra merge`.
struct merge_request {
  std::vector<std::string> files;
  std::vector<std::string> metrics = {};  ///< none: all that can be measured
  report_format format = report_format::table;
  std::string save = {};    ///< a file for the sum; none: it is not kept
  std::string output = {};  ///< none: standard output
};

/// Writes evidence to a file.
void save_evidence(const std::string& file, evidence e);

/// What evidence that was merged comes to, with the options that it was made with.
struct merged_evidence {
  eval_request request;
  report found;
};
/// Loads, adds up, measures. Throws io_error for files that are none, option_error with the file
/// for evidence that does not add up.
merged_evidence merge_files(const merge_request& request);

}  // namespace calibra::cli
