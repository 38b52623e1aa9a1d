// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "requests.hpp"

namespace calibra::cli {

/// Draws scores and labels: the bytes of a file of the kind that the name of the output ends with.
/// Throws option_error for another ending, other calibra errors, with the name of the file, for
/// what is in the files.
std::string diagram_files(const diagram_request& request);

}  // namespace calibra::cli
