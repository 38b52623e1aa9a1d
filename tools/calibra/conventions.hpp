// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace calibra::cli {

/// The names of all presets.
std::vector<std::string> convention_names();

/// One line a preset: name and whose it is.
std::string list_conventions();

/// What a preset sets, in words, with the known defects of its namesake: which of them it has too.
/// Throws option_error for an unknown name.
std::string describe_convention(std::string_view name);

}  // namespace calibra::cli
