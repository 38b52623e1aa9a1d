// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

// What is made of the descriptions that --help shows.
namespace calibra::cli {

/// A completion script for bash, zsh or fish. Throws option_error for another shell.
std::string completion_script(const CLI::App& app, std::string_view shell);

/// The manual page, in roff.
std::string manual_page(const CLI::App& app, std::string_view version);

}  // namespace calibra::cli
