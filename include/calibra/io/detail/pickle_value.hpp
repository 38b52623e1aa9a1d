// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// A value out of a pickle: what containers, numbers and texts are, and calls by their name that
/// nobody makes. Values live in the pickle_reader that read them.
struct pickle_value {
  enum class kind {
    nothing,     // None, and what is passed over
    boolean,     // integer: 0 or 1
    integer,     // integer
    real,        // real
    text,        // text
    sequence,    // items: a tuple or list
    dictionary,  // items: a key, its value, a key, ...
    global,      // text: "module name"
    call,        // text: "module name"; items: the arguments
    reference,   // items: one value, which the file keeps elsewhere
  };
  kind type = kind::nothing;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text = {};
  std::vector<pickle_value*> items = {};

  [[nodiscard]] bool is(kind k) const noexcept { return type == k; }
};

/// The bytes of a pickle, taken from the front.
class pickle_bytes {
 public:
  pickle_bytes(std::string name, std::string_view bytes) : name_(std::move(name)), bytes_(bytes) {}

  /// Says that the next opcode begins here: the place in messages.
  void begin_opcode() noexcept { start_ = at_; }
  [[noreturn]] void fail(const std::string& what) const {
    throw io_error(concat(name_, ": byte ", start_, ": ", what));
  }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_)
      fail(concat("truncated: expected ", count, " bytes, got ", bytes_.size() - at_));
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  std::uint64_t number(std::size_t bytes) {
    const std::string_view digits = take(bytes);
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(digits[i]);
    return value;
  }
  /// The same of at most 8 bytes, with their sign.
  std::int64_t signed_number(std::size_t bytes) {
    std::uint64_t x = number(bytes);
    const bool negative = bytes != 0 && (x >> (8 * bytes - 1) & 1) != 0;
    if (negative && bytes < 8) x |= ~std::uint64_t{0} << 8 * bytes;
    return static_cast<std::int64_t>(x);
  }
  std::string_view line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("truncated: expected a line, got the end");
    const std::string_view text = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }
  std::string_view long_text(std::size_t length_bytes) {
    return take(static_cast<std::size_t>(number(length_bytes)));
  }

 private:
  std::string name_;
  std::string_view bytes_;
  std::size_t at_ = 0, start_ = 0;
};

}  // namespace calibra::io::detail
