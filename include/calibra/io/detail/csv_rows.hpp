// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// A field of a text table: without the blanks and quotes around it.
struct csv_field {
  std::string_view text;
  std::size_t line;  // where it begins, from 1
  std::size_t column;
};

/// Takes a text table apart into rows of fields, which point into the text.
class csv_rows {
 public:
  csv_rows(const std::string& name, std::string_view text, char separator)
      : name_(name), text_(text), separator_(separator) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  }

  /// Puts the next row into `row`; false where there is none.
  bool next(std::vector<csv_field>& row) {
    if (skip_blank_lines()) return false;
    row.clear();
    do {
      row.push_back(next_field());
    } while (accept_separator());
    end_line();
    return true;
  }

  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    throw io_error(concat(name_, ":", line, ": ", what));
  }
  [[noreturn]] void fail(const csv_field& at, const std::string& what) const {
    throw io_error(concat(name_, ":", at.line, ":", at.column, ": ", what));
  }

 private:
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

  csv_field next_field() {
    skip_blanks();
    csv_field f{{}, line_, at_ - line_start_ + 1};
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
  std::string_view quoted_field(const csv_field& f) {
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

  const std::string& name_;
  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
};

}  // namespace calibra::io::detail
