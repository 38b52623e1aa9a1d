// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"

namespace calibra {

/// Options of a recalibrator as text, name and value: {{"bins", "20"}}.
using named_options = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// Calls f with the name and the place of each option of a struct that lists them by
/// each(options, f); one that does not has none.
template<class O, class F>
void each_option(O& o, const F& f) {
  if constexpr (requires { O::each(o, f); }) O::each(o, f);
}

inline std::string option_text(bool x) {
  return x ? "true" : "false";
}
template<class T>
requires std::integral<T> || std::floating_point<T>
inline std::string option_text(T x) {
  return concat(x);
}
/// An enum's values have names: option_values(E) gives them, found by its arguments.
template<class E>
requires std::is_enum_v<E> std::string option_text(E x) {
  for (const auto& [name, value] : option_values(x))
    if (value == x) return std::string(name);
  return {};
}

/// What a value has to be, or "" where the text was one, and x now is.
inline std::string read_option(std::string_view text, bool& x) {
  if (text != "true" && text != "false") return "true or false";
  x = text == "true";
  return {};
}
template<class T>
requires std::integral<T> || std::floating_point<T> std::string read_option(std::string_view text,
                                                                            T& x) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  bool good = status == std::errc{} && stop == end;
  if constexpr (std::floating_point<T>) good = good && is_finite(value);
  if (!good) return std::integral<T> ? "a whole number >= 0" : "a finite number";
  x = value;
  return {};
}
template<class E>
requires std::is_enum_v<E> std::string read_option(std::string_view text, E& x) {
  std::string known;
  for (const auto& [name, value] : option_values(x)) {
    if (name == text) {
      x = value;
      return {};
    }
    known += concat(known.empty() ? "" : ", ", name);
  }
  return concat("one of ", known);
}

/// Options by default, save for those that are named. Throws option_error for a name that there is
/// not, one given twice, and a value of another type; ranges are checked by who takes them.
template<class O>
O options_of(std::string_view where, const named_options& given) {
  O o;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string &name = given[i].first, &text = given[i].second;
    for (std::size_t j = 0; j < i; ++j)
      if (given[j].first == name)
        throw option_error(concat(where, ": option ", name, " is given twice"));
    std::string known, expected;
    bool found = false;
    each_option(o, [&](std::string_view its_name, auto& value) {
      known += concat(known.empty() ? "" : ", ", its_name);
      if (its_name != name) return;
      found = true;
      expected = read_option(text, value);
    });
    if (!found)
      throw option_error(known.empty() ? concat(where, ": takes no options, got \"", name, '"')
                                       : concat(where, ": expected an option out of ", known,
                                                "; got \"", name, '"'));
    if (!expected.empty())
      throw option_error(
          concat(where, ": option ", name, ": expected ", expected, ", got \"", text, '"'));
  }
  return o;
}

/// The options there are, with their values by default.
template<class O>
named_options default_options() {
  const O o;
  named_options all;
  each_option(o, [&](std::string_view name, const auto& value) {
    all.emplace_back(std::string(name), option_text(value));
  });
  return all;
}

}  // namespace detail

}  // namespace calibra
