// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"

namespace calibra::io::detail {

using calibra::detail::concat;

/// A text out of a file as it may be shown: on one line, control characters as '?'.
inline std::string printable(std::string_view text) {
  return calibra::detail::one_line(std::string(text));
}

/// The same as it may stand in a message: in single quotes, and cut where it is long.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out = "'" + printable(text.substr(0, longest));
  if (text.size() > longest) out += "...";
  out += '\'';
  return out;
}

/// The end of messages about columns of a text table that were not meant.
inline constexpr std::string_view columns_hint =
    "; name the columns to read by table_options::columns";

/// Names in quotes with commas between, at most 20 of them.
inline std::string listed(std::span<const std::string> names) {
  constexpr std::size_t most = 20;
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    out += concat(i == 0 ? "" : ", ", in_quotes(names[i]));
  if (names.size() > most) out += concat(" and ", names.size() - most, " more");
  return out;
}

/// "(3,)", "(3, 4)", "()".
inline std::string shape_text(std::span<const std::size_t> shape) {
  std::string out = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) out += concat(i == 0 ? "" : ", ", shape[i]);
  if (shape.size() == 1) out += ',';
  out += ')';
  return out;
}

/// The one among `names` that `member` asks for, or the only one where nothing is asked for.
/// Throws: io_error that lists the names. `kind` is what the file calls them: "member", "tensor".
inline std::size_t choose_member(const std::string& path, std::string_view member,
                                 std::span<const std::string> names, std::string_view kind) {
  if (names.empty()) throw io_error(concat(path, ": expected at least one ", kind, ", got none"));
  if (member.empty()) {
    if (names.size() == 1) return 0;
    throw io_error(
        concat(path, ": expected a ", kind, " name after ':', got none; it holds ", listed(names)));
  }
  const auto found = std::find(names.begin(), names.end(), member);
  if (found == names.end())
    throw io_error(
        concat(path, ": no ", kind, " named ", in_quotes(member), "; it holds ", listed(names)));
  if (std::find(found + 1, names.end(), member) != names.end())
    throw io_error(concat(path, ": two ", kind, "s are named ", in_quotes(member)));
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace calibra::io::detail
