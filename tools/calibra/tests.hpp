// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "requests.hpp"

namespace calibra::cli {

/// Checks the names of --tests. Throws option_error for one that there is not.
std::vector<std::string> wanted_tests(const std::vector<std::string>& names);

/// Loads, tests; what `calibra test` prints.
std::string test_files(const test_request& request);

}  // namespace calibra::cli
