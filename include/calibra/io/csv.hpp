// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io {

namespace detail {

/// Reads a text table in one pass, counting lines and columns from 1.
class csv_parser {
 public:
  csv_parser(const std::string& name, std::string_view text, char separator)
      : name_(name), text_(text), separator_(separator) {}

  array parse() {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    std::size_t width = first_row();
    std::size_t rows = count() / width;
    while (at_ < text_.size()) {
      if (skip_blank_lines()) break;
      const std::size_t fields = data_row();
      if (fields != width)
        fail(line_, concat("expected ", width, width == 1 ? " field" : " fields", " as in line ",
                           first_line_, ", got ", fields));
      ++rows;
      end_line();
    }
    if (rows == 0) throw io_error(concat(name_, ": expected rows of numbers, got a header only"));
    return finish(rows, width);
  }

 private:
  struct field {
    std::string_view text;  // without blanks and quotes around it
    std::size_t line;       // where it begins
    std::size_t column;
  };

  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    throw io_error(concat(name_, ":", line, ": ", what));
  }
  [[noreturn]] void fail(const field& at, const std::string& what) const {
    throw io_error(concat(name_, ":", at.line, ":", at.column, ": ", what));
  }

  std::size_t count() const { return all_integers_ ? integers_.size() : reals_.size(); }

  // Reads the first row with text in it: as a header where a field is not a number.
  std::size_t first_row() {
    if (skip_blank_lines()) throw io_error(concat(name_, ": expected rows of numbers, got none"));
    first_line_ = line_;
    std::vector<field> fields;
    do {
      fields.push_back(next_field());
    } while (accept_separator());
    end_line();
    bool header = false;
    for (const field& f : fields) header = header || !store(f.text);
    if (header) {
      integers_.clear();
      reals_.clear();
      all_integers_ = true;
    }
    return fields.size();
  }

  std::size_t data_row() {
    std::size_t fields = 0;
    do {
      const field f = next_field();
      if (!store(f.text)) fail(f, concat("expected a number, got ", describe(f.text)));
      ++fields;
    } while (accept_separator());
    return fields;
  }

  static std::string describe(std::string_view text) {
    return text.empty() ? "an empty field" : in_quotes(text);
  }

  // True at the end of the text; a blank line may only stand there.
  bool skip_blank_lines() {
    const std::size_t blank = line_;
    while (at_ < text_.size() && at_line_end()) end_line();
    if (at_ == text_.size()) return true;
    if (line_ != blank) fail(blank, "expected a row, got a blank line");
    return false;
  }
  bool at_line_end() const {
    return at_ == text_.size() || text_[at_] == '\n' ||
           (text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n'));
  }
  void end_line() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    line_start_ = at_;
    ++line_;
  }
  bool accept_separator() {
    if (at_ == text_.size() || text_[at_] != separator_) return false;
    ++at_;
    return true;
  }

  field next_field() {
    skip_blanks();
    field f{{}, line_, at_ - line_start_ + 1};
    if (at_ < text_.size() && text_[at_] == '"') {
      f.text = quoted_field(f);
      skip_blanks();
      if (!at_line_end() && text_[at_] != separator_)
        fail(f, "expected the end of the field after its closing quote");
      return f;
    }
    const std::size_t begin = at_;
    while (!at_line_end() && text_[at_] != separator_) ++at_;
    std::size_t end = at_;
    while (end > begin && (text_[end - 1] == ' ' || text_[end - 1] == '\t')) --end;
    f.text = text_.substr(begin, end - begin);
    return f;
  }
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] != separator_ &&
           (text_[at_] == ' ' || text_[at_] == '\t'))
      ++at_;
  }
  // A quote inside is written twice; a quoted text may run over several lines (in a header).
  std::string_view quoted_field(const field& f) {
    const std::size_t begin = ++at_;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"')
          return text_.substr(begin, at_++ - begin);
        ++at_;
      } else if (text_[at_] == '\n') {
        line_start_ = at_ + 1;
        ++line_;
      }
    }
    fail(f, "expected a closing quote, got the end of the file");
  }

  // False where the text is not a number.
  bool store(std::string_view text) {
    if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
    if (text.empty()) return false;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    if (all_integers_) {
      std::int64_t value = 0;
      const auto [stop, status] = std::from_chars(begin, end, value);
      if (status == std::errc{} && stop == end) {
        integers_.push_back(value);
        return true;
      }
      reals_.assign(integers_.begin(), integers_.end());
      integers_ = {};
      all_integers_ = false;
    }
    double value = 0;
    const auto [stop, status] = std::from_chars(begin, end, value);
    if (status != std::errc{} || stop != end) return false;
    reals_.push_back(value);
    return true;
  }

  array finish(std::size_t rows, std::size_t width) {
    array_layout layout;
    layout.shape = {rows};
    if (width != 1) layout.shape.push_back(width);
    layout.from_text = true;
    if (all_integers_) {
      layout.type = dtype::i8;
      return make(layout, std::move(integers_));
    }
    return make(layout, std::move(reals_));
  }
  template<class T>
  array make(const array_layout& layout, std::vector<T> elements) const {
    auto owner = std::make_shared<const std::vector<T>>(std::move(elements));
    const std::span<const std::byte> bytes = std::as_bytes(std::span(*owner));
    return {name_, layout, bytes, std::move(owner)};
  }

  const std::string& name_;
  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
  std::size_t first_line_ = 1;
  bool all_integers_ = true;
  std::vector<std::int64_t> integers_;
  std::vector<double> reals_;
};

}  // namespace detail

/// Loads a text table: a row a line, fields between `separator`. One column gives shape (n,), more
/// give (n, k). Elements are float64, or int64 where every field is a whole number that fits; a
/// table of whole numbers may still be read as scores.
///
/// - The first row is a header, and skipped, where a field of it is not a number.
/// - Numbers as in C, in any locale a point; nan, inf, -inf; blanks and double quotes around them.
/// - Lines end in LF or CRLF, the last one need not; a UTF-8 mark at the start is skipped, and so
///   are blank lines at the end.
///
/// Cost: one pass over the mapped file, 8 bytes a field.
/// Throws io_error with line (and column, counted in bytes): a row of another length, a field that
/// is empty or not a number or beyond the range of double, a blank line between rows, a quote that
/// is not closed, no rows; and what any file may have (missing, a directory, empty).
inline array load_csv(const std::string& path, char separator = ',') {
  const detail::mapped_file file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  return detail::csv_parser(path, text, separator).parse();
}

}  // namespace calibra::io
