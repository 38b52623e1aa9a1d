// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
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

/// A number of bytes as "512M" or "2GiB": K, M, G and T are powers of 1,024; nothing where it is
/// none, or less than `lowest`.
inline std::optional<std::size_t> byte_count(std::string_view text, std::size_t lowest) {
  std::size_t unit = 1;
  for (const char* suffix : {"iB", "B"})
    if (text.ends_with(suffix)) {
      text.remove_suffix(std::string_view(suffix).size());
      break;
    }
  constexpr std::string_view letters = "KMGT";
  if (!text.empty())
    if (const std::size_t power = letters.find(text.back()); power != std::string_view::npos) {
      unit <<= 10 * (power + 1);
      text.remove_suffix(1);
    }
  const auto number = whole_number<std::size_t>(text, 1, ~std::size_t{0} / unit);
  if (!number || *number * unit < lowest) return {};
  return *number * unit;
}

}  // namespace calibra::cli
