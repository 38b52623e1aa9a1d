// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

#include "calibra/version.hpp"

namespace calibra {

/// Common base of every exception that calibra throws, beside the standard type each one derives
/// from: `catch (const calibra::error&)` takes them all. Messages name the function, the place,
/// what was expected and what was got, and are thrown before any result exists.
class error {
 public:
  virtual ~error() = default;
  virtual const char* what() const noexcept = 0;
};

/// Sizes that do not belong together: labels for another number of rows, ragged rows, no class.
class shape_error : public std::invalid_argument, public error {
 public:
  using std::invalid_argument::invalid_argument;
  const char* what() const noexcept override { return std::invalid_argument::what(); }
};

/// A value outside its domain: a label beyond the classes, a NaN score, a row that does not sum
/// to 1.
class value_error : public std::domain_error, public error {
 public:
  using std::domain_error::domain_error;
  const char* what() const noexcept override { return std::domain_error::what(); }
};

/// An option that makes no sense: zero bins, unknown convention, edges that do not ascend.
class option_error : public std::invalid_argument, public error {
 public:
  using std::invalid_argument::invalid_argument;
  const char* what() const noexcept override { return std::invalid_argument::what(); }
};

/// A file that cannot be read, cannot be written, or does not hold what it says.
class io_error : public std::runtime_error, public error {
 public:
  using std::runtime_error::runtime_error;
  const char* what() const noexcept override { return std::runtime_error::what(); }
};

namespace detail {

inline void append(std::string& out, std::string_view text) {
  out += text;
}
inline void append(std::string& out, char c) {
  out += c;
}

/// Numbers are written as the shortest text that reads back to the same value.
template<class T>
requires std::integral<T> || std::floating_point<T>
void append(std::string& out, T number) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

/// Joins texts and numbers into a message, without a stream or a locale.
template<class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

}  // namespace detail
}  // namespace calibra
