// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "calibra/evaluate/evidence.hpp"
#include "report.hpp"
#include "requests.hpp"

namespace calibra::cli {

/// Whether several files are named: by '*' or '?', by a folder, or by '@' and a list of names, a
/// line each. A file that there is with just that name is one.
bool names_several(const std::string& spec);

/// The first of the files that are named. Throws io_error where there is none.
std::string first_file(const std::string& spec);

/// The files that SCORES, LABELS and --weights stand for where they name several: a request each,
/// in the order of a list, or else of the names, in which numbers count as numbers. One request
/// where they name one each.
/// Throws io_error: no file, one twice, different numbers of files, or names that do not go
/// together.
std::vector<data_request> shards_of(const data_request& request);

/// Of `calibra merge`.
struct merge_request {
  std::vector<std::string> files;
  std::vector<std::string> metrics = {};  ///< none: all that can be measured
  report_format format = report_format::table;
  std::string save = {};    ///< a file for the sum; none: it is not kept
  std::string output = {};  ///< none: standard output
  std::size_t memory = 0;   ///< bytes; 0: as it comes
};

/// Adds evidence to what there is, if there is any. Throws option_error where it does not add up.
void add(std::optional<evidence>& sum, evidence more);

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
