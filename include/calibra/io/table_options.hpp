// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "calibra/io/class_names.hpp"

namespace calibra::io {

/// Whether a text table begins with a row of names.
enum class header_row {
  detected,  ///< it does where no field of the first row is a number, or where one that is none is
             ///< the name of a column that is asked for
  present,
  absent,
};

/// How a text table is read: which of its columns become the array.
///
/// Columns have the names of the header; without one they are called "0", "1", ... .
/// "first..last" stands for the columns from `first` to `last`.
struct table_options {
  std::vector<std::string> columns = {};  ///< the columns to read, in this order; none: all
  std::vector<std::string> without = {};  ///< columns to leave out
  header_row header = header_row::detected;
  /// Where a single column is read: names that stand for class indices in it.
  class_names names = {};
};

}  // namespace calibra::io
