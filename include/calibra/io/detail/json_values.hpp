// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "calibra/io/detail/text.hpp"

// Values out of records, as they are written by many programs.
namespace calibra::io::detail {

/// A value as messages show it.
inline std::string json_kind(const nlohmann::json& value) {
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
  return value.is_primitive() ? value.dump() : std::string(value.type_name());
}

/// A number, or a text of one: "-1.5", "85%".
inline std::optional<double> json_number_of(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_ref<const std::string&>();
  while (text.ends_with(' ') || text.ends_with('%')) text.remove_suffix(1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  double x = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (status != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return x;
}

/// 1 for yes and its kind, 0 for no.
inline std::optional<std::int64_t> json_truth(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::string_view right[] = {"yes", "correct", "true", "right"};
  constexpr std::string_view wrong[] = {"no", "incorrect", "false", "wrong"};
  if (std::find(std::begin(right), std::end(right), text) != std::end(right)) return 1;
  if (std::find(std::begin(wrong), std::end(wrong), text) != std::end(wrong)) return 0;
  return std::nullopt;
}

}  // namespace calibra::io::detail
