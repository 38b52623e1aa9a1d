// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/csv_parser.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/table_options.hpp"

namespace calibra::io {

/// Loads a text table: a row a line, fields between `separator`. One column gives shape (n,), more
/// give (n, k). Elements are float64, or int64 where every field is a whole number that fits; a
/// table of whole numbers may still be read as scores. Columns that are not chosen may hold
/// anything.
///
/// - The first row is a header, and skipped, where no field of it is a number; see
///   `table_options::header`.
/// - Numbers as in C, in any locale a point; nan, inf, -inf; blanks and double quotes around them.
/// - Lines end in LF or CRLF, the last one need not; a UTF-8 mark at the start is skipped, and so
///   are blank lines at the end.
///
/// `visit_scores` of the array throws where columns were not chosen by name and one of several is
/// not a score by its looks: no name, or one such as label, y or index; whole numbers beside
/// columns of fractions. It also throws where the first row counts, 0, 1, 2, ... or 1, 2, 3, ...,
/// and may be a header.
///
/// With `table_options::names`, a single column holds names of classes or indices, and the array is
/// of int64; a first row that is one of the names is no header.
///
/// Cost: one pass over the mapped file, 8 bytes a field.
/// Throws io_error with line (and column, counted in bytes): a row of another length, a field that
/// is empty or not a number or beyond the range of double, a blank line between rows, a quote that
/// is not closed, no rows, a column that is not there; and what any file may have (missing, a
/// directory, empty).
inline array load_csv(const std::string& path, char separator = ',',
                      const table_options& options = {}) {
  const input_file file(path);
  const std::string name = input_name(path);
  return detail::csv_parser(name, file.text(), separator, options).parse();
}

/// The names of the columns that load_csv() reads; none where there is no header. Throws io_error:
/// a column that is not there, and what any file may have.
inline std::vector<std::string> csv_header(const std::string& path, char separator = ',',
                                           const table_options& options = {}) {
  const input_file file(path);
  const std::string name = input_name(path);
  return detail::csv_parser(name, file.text(), separator, options).header();
}

/// The columns of such a file: int64, float64 or text by the first 1,000 rows, without a shape.
/// Throws io_error: no rows, a row of another length.
inline std::vector<array_entry> csv_contents(const std::string& path, char separator = ',',
                                             const table_options& options = {}) {
  const input_file file(path);
  const std::string name = input_name(path);
  return detail::csv_parser(name, file.text(), separator, options).columns();
}

}  // namespace calibra::io
