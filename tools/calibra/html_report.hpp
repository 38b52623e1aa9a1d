// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "requests.hpp"

namespace calibra::cli {

/// One HTML file that needs nothing else: what was measured, a verdict in words, tables, pictures.
/// Errors as of diagram_files().
std::string html_report(const html_request& request);

}  // namespace calibra::cli
