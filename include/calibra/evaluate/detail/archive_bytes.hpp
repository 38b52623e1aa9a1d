// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "calibra/error.hpp"

// The bytes that evidence is kept in: see calibra/evaluate/archive.hpp.
namespace calibra::detail {

inline constexpr std::string_view archive_title = "calibra evidence 1\n";

inline std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

/// Writes and reads with the same text: `io(x)` for every member in turn.
class archive_writer {
 public:
  static constexpr bool reading = false;
  void number(std::uint64_t& x) {
    for (unsigned byte = 0; byte < 8; ++byte)
      bytes_ += static_cast<char>((x >> (8 * byte)) & 0xffu);
  }
  void text(std::string& x) {
    auto n = static_cast<std::uint64_t>(x.size());
    number(n);
    bytes_ += x;
  }
  /// A text of n characters, made one by one.
  template<class F>
  void text(std::uint64_t n, const F& at) {
    number(n);
    for (std::uint64_t i = 0; i < n; ++i) bytes_ += at(i);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class archive_reader {
 public:
  static constexpr bool reading = true;
  archive_reader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}
  void number(std::uint64_t& x) {
    if (bytes_.size() < 8) truncated();
    x = 0;
    for (unsigned byte = 0; byte < 8; ++byte)
      x |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[byte])) << (8 * byte);
    bytes_.remove_prefix(8);
  }
  void text(std::string& x) { x = std::string(text_view()); }
  std::string_view text_view() {
    std::uint64_t n = 0;
    number(n);
    return part(n).bytes_;
  }
  /// The next n bytes, to be read on their own.
  archive_reader part(std::uint64_t n) {
    if (bytes_.size() < n) truncated();
    archive_reader next(bytes_.substr(0, n), name_);
    bytes_.remove_prefix(n);
    return next;
  }
  /// A number of elements that take at least `each` bytes: what is left must be enough for them.
  void count(std::uint64_t& n, std::size_t each) {
    number(n);
    if (n > bytes_.size() / each) truncated();
  }
  bool done() const { return bytes_.empty(); }
  std::size_t left() const { return bytes_.size(); }
  [[noreturn]] void wrong(std::string_view what) const {
    throw io_error(concat(name_, ": not evidence of calibra: ", what));
  }

 private:
  [[noreturn]] void truncated() const { wrong("it ends too early"); }
  std::string_view bytes_;
  std::string_view name_;
};

}  // namespace calibra::detail
