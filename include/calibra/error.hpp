// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "calibra/version.hpp"

namespace calibra {

namespace detail {

/// A text out of a file or from a user as it may be shown: on one line, control characters as '?'.
inline std::string one_line(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) c = '?';
  }
  return text;
}

}  // namespace detail

/// Common base of every exception that calibra throws, beside the standard type each one derives
/// from: `catch (const calibra::error&)` takes them all. Messages name the function, the place,
/// what was expected and what was got, and are thrown before any result exists. They are of one
/// line, whatever the names in them hold.
class error {
 public:
  virtual ~error() = default;
  virtual const char* what() const noexcept = 0;
};

/// Sizes that do not belong together: labels for another number of rows, ragged rows, no class.
class shape_error : public std::invalid_argument, public error {
 public:
  explicit shape_error(const std::string& what) : std::invalid_argument(detail::one_line(what)) {}
  const char* what() const noexcept override { return std::invalid_argument::what(); }
};

/// A value outside its domain: a label beyond the classes, a NaN score, a row that does not sum
/// to 1.
class value_error : public std::domain_error, public error {
 public:
  explicit value_error(const std::string& what) : std::domain_error(detail::one_line(what)) {}
  const char* what() const noexcept override { return std::domain_error::what(); }
};

/// An option that makes no sense: zero bins, unknown convention, edges that do not ascend.
class option_error : public std::invalid_argument, public error {
 public:
  explicit option_error(const std::string& what) : std::invalid_argument(detail::one_line(what)) {}
  const char* what() const noexcept override { return std::invalid_argument::what(); }
};

/// A file that cannot be read, cannot be written, or does not hold what it says.
class io_error : public std::runtime_error, public error {
 public:
  explicit io_error(const std::string& what) : std::runtime_error(detail::one_line(what)) {}
  const char* what() const noexcept override { return std::runtime_error::what(); }
};

namespace detail {

/// A piece of a message: text, a character, or a number as the shortest text that reads back to the
/// same value. Only held here and written by joined(), so that a message costs little code.
class message_part {
 public:
  message_part(std::string_view text) : text_{text.data(), text.size()} {}
  message_part(const char* text) : message_part(std::string_view(text)) {}
  message_part(const std::string& text) : message_part(std::string_view(text)) {}
  message_part(char c) : kind_(kind::character), character_(c) {}
  message_part(float x) : kind_(kind::single), single_(x) {}
  template<std::floating_point T>
  message_part(T x) : kind_(kind::real), real_(static_cast<double>(x)) {}
  template<std::signed_integral T>
  message_part(T n) : kind_(kind::integer), integer_(n) {}
  template<std::unsigned_integral T>
  message_part(T n) : kind_(kind::natural), natural_(n) {}

  void write_to(std::string& out) const {
    switch (kind_) {
      case kind::text:
        out.append(text_.data, text_.size);
        break;
      case kind::character:
        out += character_;
        break;
      case kind::single:
        write_number(out, single_);
        break;
      case kind::real:
        write_number(out, real_);
        break;
      case kind::integer:
        write_number(out, integer_);
        break;
      case kind::natural:
        write_number(out, natural_);
        break;
    }
  }

 private:
  enum class kind { text, character, single, real, integer, natural };

  static void write_number(std::string& out, auto number) {
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }

  struct characters {
    const char* data;
    std::size_t size;
  };

  kind kind_ = kind::text;
  union {
    characters text_;
    char character_;
    float single_;
    double real_;
    long long integer_;
    unsigned long long natural_;
  };
};

inline std::string joined(const message_part* parts, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) parts[i].write_to(out);
  return out;
}

/// Joins texts and numbers into a message, without a stream or a locale.
template<class... Parts>
std::string concat(const Parts&... parts) {
  const message_part all[] = {message_part(parts)..., ""};  // at least one
  return joined(all, sizeof...(parts));
}

}  // namespace detail
}  // namespace calibra
