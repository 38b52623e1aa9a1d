// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "calibra/error.hpp"

namespace calibra::cli {

/// Which file each kind of input came from.
struct input_names {
  std::string scores;
  std::string labels;
  std::string weights = {};
  std::string proximity = {};
  std::string second = {};  ///< scores of the second model of `calibra compare`
};

/// Turns the message of a library call into one for the command line: the file that the bad value
/// is in instead of the function, flags instead of C++ names.
std::string at_file(std::string_view message, const input_names& names);

/// Turns what a message about a file says of table_options into flags.
std::string with_flags(std::string message, const input_names& names);

/// Runs work(); its shape and value errors leave with at_file() applied, its io_errors with
/// with_flags().
template<class Work>
auto naming_files(const input_names& names, Work work) {
  try {
    return work();
  } catch (const shape_error& e) {
    throw shape_error(at_file(e.what(), names));
  } catch (const value_error& e) {
    throw value_error(at_file(e.what(), names));
  } catch (const io_error& e) {
    throw io_error(with_flags(e.what(), names));
  }
}

}  // namespace calibra::cli
