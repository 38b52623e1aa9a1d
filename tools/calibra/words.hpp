// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "calibra/options.hpp"
#include "requests.hpp"

namespace calibra::cli {

// The words of the command line for the library's choices.
std::string_view word(score_form form);
std::string_view word(bin_scheme scheme);
std::string_view word(edge_side side);
std::string_view word(binary_target target);
std::string_view word(nan_policy policy);
std::string_view word(report_format format);
std::string_view word(io::header_row header);
std::string_view word(io::choice_length length);
std::string_view word(io::missing_answer missing);
std::string_view word(bool counted);
std::string_view word(interval_kind kind);
std::string_view word(diagram_kind kind);
std::string_view word(bar_limits limits);

/// The edge rule that holds: the one asked for, else the convention's.
edge_side effective_side(const eval_request& request);

}  // namespace calibra::cli
