// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The first line is "letters;column;...;-column;...": t for tabs, p or a for a header that is
// present or absent, n for names of classes, then columns to read and to leave out. The rest is the
// table.
#include "calibra/io/csv.hpp"

#include "fuzz.hpp"

namespace {

bool run_csv(std::string_view bytes) {
  std::string_view options = fuzz::taken_until(bytes, '\n');
  const std::string_view letters = fuzz::taken_until(options, ';');
  const char separator = letters.find('t') == std::string_view::npos ? ',' : '\t';
  calibra::io::table_options table;
  if (letters.find('p') != std::string_view::npos) table.header = calibra::io::header_row::present;
  if (letters.find('a') != std::string_view::npos) table.header = calibra::io::header_row::absent;
  if (letters.find('n') != std::string_view::npos)
    table.names = calibra::io::class_names({"cat", "dog", "bird"});
  while (!options.empty()) {
    const std::string_view column = fuzz::taken_until(options, ';');
    if (column.starts_with('-'))
      table.without.emplace_back(column.substr(1));
    else
      table.columns.emplace_back(column);
  }
  const std::string path = fuzz::in_memory(bytes, ".csv");
  fuzz::runs([&] { calibra::io::csv_contents(path, separator, table); });
  fuzz::runs([&] { calibra::io::csv_header(path, separator, table); });
  return fuzz::reads_whole([&] { return calibra::io::load_csv(path, separator, table); });
}

const fuzz::target csv("csv", run_csv);

}  // namespace
