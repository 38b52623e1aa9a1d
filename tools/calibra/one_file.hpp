// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "requests.hpp"

namespace calibra::cli {

/// Where SCORES is a file of several arrays without a name behind ':', finds which are scores and,
/// without LABELS, labels; the same in a file of LABELS. Puts the names into the request, what the
/// name says of the scores too, unless --from was given. Gives a line that says what was taken; ""
/// where nothing had to be found.
/// Throws io_error that lists the arrays where none, or several, could be meant.
std::string find_arrays(data_request& request);

/// The same of scores alone.
std::string find_scores(score_request& request);

/// Throws option_error where nothing says which labels are meant.
void expect_labels(const data_request& request);

/// What is in a file, or in a group or an array of it, for `calibra look`: names, types, shapes,
/// ranges of the first rows, what each could be.
std::string look_at(const std::string& spec);

/// Says that the scores of a file that calibra::io::load_llama() reads are logits. Throws
/// option_error where something else was said of it, or labels were given.
void take_llama(data_request& request);

/// What is in such a file.
std::string look_at_llama(const std::string& file);

}  // namespace calibra::cli
