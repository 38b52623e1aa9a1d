// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "calibra/io/array.hpp"
#include "calibra/io/json_records.hpp"
#include "requests.hpp"

namespace calibra::cli {

/// Completes what was said of a JSON file of records: preset, paths, what the scores are. Throws
/// option_error where it does not say where scores and labels are, and for what was said of a file
/// that holds no records.
void finish_records(data_request& request);

/// Loads scores and labels; says on standard error how many records were left out.
io::record_dump load_request(const data_request& request);

/// The paths of the first record with what is there.
std::string look_at_records(const std::string& file);

/// "lm-eval, helm, hle, ...".
std::string preset_names();

}  // namespace calibra::cli
