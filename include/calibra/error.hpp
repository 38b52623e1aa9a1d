// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

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

/// A piece of a message: text, a character, or a number as the shortest text that reads back to the
/// same value.
class message_part {
 public:
  message_part(std::string_view text) : text_(text) {}
  message_part(const char* text) : text_(text) {}
  message_part(const std::string& text) : text_(text) {}
  message_part(char c) : size_(1) { digits_[0] = c; }
  template<class T>
  requires std::integral<T> || std::floating_point<T> message_part(T number) {
    if constexpr (std::same_as<T, float>)
      write(number);
    else if constexpr (std::floating_point<T>)
      write(static_cast<double>(number));
    else if constexpr (std::is_signed_v<T>)
      write(static_cast<long long>(number));
    else
      write(static_cast<unsigned long long>(number));
  }
  std::string_view text() const {
    return size_ == 0 ? text_ : std::string_view(digits_.data(), size_);
  }

 private:
  void write(auto number) {
    const char* end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr;
    size_ = static_cast<std::size_t>(end - digits_.data());
  }

  std::string_view text_;
  std::array<char, 32> digits_{};
  std::size_t size_ = 0;
};

inline std::string joined(std::initializer_list<message_part> parts) {
  std::string out;
  for (const message_part& part : parts) out += part.text();
  return out;
}

/// Joins texts and numbers into a message, without a stream or a locale.
template<class... Parts>
std::string concat(const Parts&... parts) {
  return joined({message_part(parts)...});
}

}  // namespace detail
}  // namespace calibra
