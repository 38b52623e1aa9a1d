// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

#include "calibra/version.hpp"

namespace calibra {

namespace detail {

constexpr bool is_ascii_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_word_character(char c) noexcept {
  return is_ascii_letter(c) || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_separator(char c) noexcept {
  return c == ' ' || c == '_' || c == '-' || (c >= '\t' && c <= '\r');
}
constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace detail

/// The form in which names of classes and of outliers are compared: lower case; every run of
/// spaces, tabs, line ends, `_` and `-` one space; punctuation at both ends stripped. Only ASCII is
/// touched. "Yorkshire_Terrier" and "yorkshire-terrier" become "yorkshire terrier". A plural stays
/// another name than its singular, and a synonym another name: "dogs" is not "dog". Empty for a
/// name without a letter, a digit or a non-ASCII character.
[[nodiscard]] inline std::string normalised_name(std::string_view name) {
  while (!name.empty() && !detail::is_word_character(name.front())) name.remove_prefix(1);
  while (!name.empty() && !detail::is_word_character(name.back())) name.remove_suffix(1);
  std::string normal;
  for (const char c : name) {
    if (!detail::is_separator(c)) {
      normal += detail::ascii_lower(c);
    } else if (normal.back() != ' ') {
      normal += ' ';
    }
  }
  return normal;
}

/// The names that no outlier may have, compared by normalised_name: the base classes, and the new
/// classes where they are known and must not be seen in training.
class excluded_names {
 public:
  /// Adds every element of a range of strings.
  template<class Names>
  void add(const Names& names) {
    for (const auto& name : names) names_.insert(normalised_name(name));
  }
  [[nodiscard]] bool contains(std::string_view name) const {
    return contains_normalised(normalised_name(name));
  }
  /// The same for a name that normalised_name() gave.
  [[nodiscard]] bool contains_normalised(const std::string& name) const {
    return names_.count(name) != 0;
  }
  /// Different names.
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

 private:
  std::unordered_set<std::string> names_;
};

}  // namespace calibra
