// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace calibra::cli {

/// Whether what is written to a file of this name goes to standard output.
bool is_standard_output(const std::string& file);

/// Throws CLI::ValidationError where a file that `command` is to write is one that it reads, or one
/// that it writes besides. `merge` may save the sum of evidence over a part of it. `more`: files
/// that are read besides those that the arguments name.
void expect_apart(const CLI::App& command, const std::vector<std::string>& more);

/// Throws CLI::ValidationError for standard output; `flag`: what says the name.
void expect_file_name(const char* flag, const std::string& file);

/// Throws CLI::ValidationError unless the name ends like that of a page, or is standard output.
void expect_page_ending(const std::string& file);

}  // namespace calibra::cli
