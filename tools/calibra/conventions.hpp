// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace calibra::cli {

/// One line a preset: name and whose it is.
std::string list_conventions();

/// What a preset sets, in words, with the known defects of its namesake: which of them it has too.
/// Throws option_error for an unknown name.
std::string describe_convention(std::string_view name);

}  // namespace calibra::cli
