// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// Elements that are texts: so many units, filled up with zeros, of one byte ('|S3') or of four,
/// code points ('<U3'). No units: elements are numbers.
struct npy_text {
  std::size_t units = 0;
  std::size_t unit_bytes = 1;
};

/// Reads the header of a `.npy` file: a Python dictionary literal with the keys 'descr',
/// 'fortran_order' and 'shape', in any order and spacing, and nothing else.
/// Source: the NPY format, numpy.lib.format, versions 1.0 to 3.0.
class npy_header_parser {
 public:
  /// `texts`: null where elements have to be numbers; else where it is put what texts they are.
  npy_header_parser(const std::string& name, std::string_view text, npy_text* texts)
      : name_(name), text_(text), texts_(texts) {}

  array_layout parse() {
    array_layout layout;
    bool has_type = false;
    bool has_order = false;
    bool has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted_text();
      expect(':');
      if (key == "descr") {
        once(has_type, key);
        element_type(layout);
      } else if (key == "fortran_order") {
        once(has_order, key);
        layout.fortran_order = truth();
      } else if (key == "shape") {
        once(has_shape, key);
        layout.shape = extents();
      } else {
        fail(
            concat("expected the keys 'descr', 'fortran_order' and 'shape', got ", in_quotes(key)));
      }
      if (accept('}')) break;
      expect(',');
    }
    skip_space();
    if (at_ != text_.size()) fail(concat("expected the end after '}', got ", rest()));
    if (!has_type) fail("expected the key 'descr', got none");
    if (!has_order) fail("expected the key 'fortran_order', got none");
    if (!has_shape) fail("expected the key 'shape', got none");
    return layout;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw io_error(concat(name_, ": header, character ", at_, ": ", what));
  }
  void once(bool& seen, std::string_view key) const {
    if (seen) fail(concat("the key ", in_quotes(key), " occurs twice"));
    seen = true;
  }

  std::string rest() const {
    return at_ == text_.size() ? "the end" : in_quotes(text_.substr(at_, 20));
  }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(concat("expected '", c, "', got ", rest()));
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string_view quoted_text() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail(concat("expected a quoted text, got ", rest()));
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("expected a closing quote, got the end");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return inside;
  }

  bool truth() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail(concat("expected True or False, got ", rest()));
    return false;
  }

  std::vector<std::size_t> extents() {
    std::vector<std::size_t> shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(extent());
      if (accept(')')) break;
      expect(',');
    }
    return shape;
  }
  std::size_t extent() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '-')
      fail(concat("expected extents of 0 or more in the shape, got ", rest()));
    std::size_t value = 0;
    const char* const end = text_.data() + text_.size();
    const auto [stop, status] = std::from_chars(text_.data() + at_, end, value);
    if (status == std::errc::result_out_of_range)
      fail(concat("the shape is larger than the address space: ", rest()));
    if (status != std::errc{}) fail(concat("expected a number in the shape, got ", rest()));
    at_ = static_cast<std::size_t>(stop - text_.data());
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // long integers of Python 2
    return value;
  }

  void element_type(array_layout& layout) {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[')
      throw io_error(concat(name_, ": dtype ",
                            in_quotes(text_.substr(at_, text_.find(']', at_) - at_ + 1)),
                            " is a structure; expected ", known_types));
    const std::string_view descr = quoted_text();
    std::string_view code = descr;
    if (!code.empty() && std::string_view("<>|=").find(code.front()) != std::string_view::npos) {
      if (code.front() == '<') layout.byte_order = std::endian::little;
      if (code.front() == '>') layout.byte_order = std::endian::big;
      code.remove_prefix(1);
    }
    struct entry {
      std::string_view code;
      io::dtype type;
    };
    static constexpr entry table[] = {
        {"f2", dtype::f2}, {"f4", dtype::f4}, {"f8", dtype::f8}, {"i1", dtype::i1},
        {"i2", dtype::i2}, {"i4", dtype::i4}, {"i8", dtype::i8}, {"u1", dtype::u1},
        {"u2", dtype::u2}, {"u4", dtype::u4}, {"u8", dtype::u8}, {"b1", dtype::b1},
    };
    for (const entry& known : table) {
      if (code == known.code) {
        layout.type = known.type;
        return;
      }
    }
    if (descr == "<V2") {  // what numpy writes for ml_dtypes.bfloat16; two raw bytes are '|V2'
      layout.type = dtype::bf16;
      return;
    }
    if (texts_ != nullptr && is_text(code)) return;
    throw io_error(concat(name_, ": dtype ", in_quotes(descr), describe(code),
                          " is not supported; expected ", known_types));
  }

  bool is_text(std::string_view code) {
    if (code.empty() || std::string_view("USa").find(code.front()) == std::string_view::npos)
      return false;
    npy_text text{.unit_bytes = code.front() == 'U' ? std::size_t{4} : std::size_t{1}};
    const char* const end = code.data() + code.size();
    const auto [stop, status] = std::from_chars(code.data() + 1, end, text.units);
    if (status != std::errc{} || stop != end || text.units == 0 || text.units > most_units)
      return false;
    *texts_ = text;
    return true;
  }
  static std::string_view describe(std::string_view code) {
    switch (code.empty() ? '\0' : code.front()) {
      case 'O':
        return " (Python objects)";
      case 'U':
      case 'S':
      case 'a':
        return " (text)";
      case 'c':
        return " (complex)";
      case 'V':
        return " (raw bytes)";
      case 'M':
      case 'm':
        return " (time)";
      default:
        return "";
    }
  }

  static constexpr std::string_view known_types =
      "float16, float32, float64, bfloat16, int8 to int64, uint8 to uint64 or bool";

  static constexpr std::size_t most_units = std::size_t{1} << 30;

  const std::string& name_;
  std::string_view text_;
  npy_text* texts_;
  std::size_t at_ = 0;
};

/// A parsed header and where the elements begin.
struct npy_header {
  array_layout layout;
  std::size_t data_offset = 0;
  npy_text text = {};
};

/// How many bytes precede the text of a header: the magic text, the version and its length.
inline std::size_t npy_fixed_size(std::string_view text) noexcept {
  return text.size() < 7 || text[6] == 1 ? 10 : 12;
}
/// The length of the text, as the bytes before it tell. They are there.
inline std::size_t npy_header_length(std::string_view text) noexcept {
  std::size_t length = 0;
  for (std::size_t i = npy_fixed_size(text); i-- > 8;)
    length = length << 8 | static_cast<unsigned char>(text[i]);
  return length;
}

/// The magic text, the version, the header's length and the header at the start of `bytes`.
/// Throws io_error with the place: not a `.npy` file, unknown version, header beyond the end;
/// without `texts` elements that are texts.
inline npy_header read_npy_header(const std::string& name, std::span<const std::byte> bytes,
                                  bool texts = false) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr std::string_view magic = "\x93NUMPY";
  if (text.substr(0, magic.size()) != magic.substr(0, text.size()))
    throw io_error(concat(name, ": not a .npy file: expected it to begin with '\\x93NUMPY'"));
  const std::size_t fixed = npy_fixed_size(text);
  if (text.size() < fixed)
    throw io_error(
        concat(name, ": truncated header: expected at least ", fixed, " bytes, got ", text.size()));
  const auto major = static_cast<unsigned char>(text[6]);
  const auto minor = static_cast<unsigned char>(text[7]);
  if (major < 1 || major > 3 || minor != 0)
    throw io_error(
        concat(name, ": expected .npy version 1.0, 2.0 or 3.0, got ", +major, '.', +minor));
  const std::size_t length = npy_header_length(text);
  if (length > text.size() - fixed)
    throw io_error(concat(name, ": truncated header: expected ", length, " bytes after byte ",
                          fixed, ", got ", text.size() - fixed));
  npy_header header;
  header.data_offset = fixed + length;
  header.layout =
      npy_header_parser(name, text.substr(fixed, length), texts ? &header.text : nullptr).parse();
  return header;
}

}  // namespace calibra::io::detail
