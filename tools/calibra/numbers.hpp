// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace calibra::cli {

/// The whole number that all of `text` is, in decimal digits with at most a minus before them;
/// nothing where it is none, or outside [lowest, highest].
template<std::integral T>
std::optional<T> whole_number(std::string_view text, T lowest, T highest) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value, 10);
  if (status != std::errc{} || stop != end || value < lowest || value > highest) return {};
  return value;
}

/// The number in (lowest, highest) that all of `text` is; nothing where it is none.
inline std::optional<double> real_number(std::string_view text, double lowest, double highest) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc{} || stop != end || !(value > lowest && value < highest)) return {};
  return value;
}

}  // namespace calibra::cli
