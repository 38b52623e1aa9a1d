// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "calibra/io/detail/csv_rows.hpp"
#include "calibra/io/dtype.hpp"

// What stands in the fields of a text table.
namespace calibra::io::detail {

/// The text without a sign that std::from_chars does not know.
inline std::string_view unsigned_plus(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  return text;
}
/// Gives result_out_of_range for a number that no double is near, invalid_argument for no number.
inline std::errc parse_real(std::string_view text, double& value) {
  text = unsigned_plus(text);
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  return stop == end ? status : std::errc::invalid_argument;
}

/// The type of a column to which a field is added; none for texts.
inline std::optional<dtype> joined(std::optional<dtype> type, std::string_view field) {
  double value = 0;
  if (!type || parse_real(field, value) != std::errc{}) return std::nullopt;
  const std::string_view digits = unsigned_plus(field);
  std::int64_t whole = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, whole);
  return status == std::errc{} && stop == end ? *type : dtype::f8;
}

/// Names that a column of scores does not have.
inline bool is_foreign(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::string_view known[] = {"",  "label", "labels", "target", "targets",
                                        "y", "class", "index",  "id",     "unnamed: 0"};
  return std::find(std::begin(known), std::end(known), lower) != std::end(known);
}

/// 0, 1, 2, ... or 1, 2, 3, ...: what a program may write as a header of columns without names.
inline bool counts(const std::vector<csv_field>& row) {
  const auto from = [&](std::size_t start) {
    for (std::size_t j = 0; j < row.size(); ++j)
      if (row[j].text != std::to_string(start + j)) return false;
    return true;
  };
  return row.size() > 1 && (from(0) || from(1));
}

}  // namespace calibra::io::detail
