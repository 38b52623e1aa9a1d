// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/detail/json_path.hpp"
#include "calibra/io/detail/json_values.hpp"
#include "calibra/io/detail/record_values.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/record_options.hpp"

namespace calibra::io {

namespace detail {

/// Reads records one after the other.
class record_reader {
 public:
  record_reader(const std::string& path, const record_options& o)
      : kind_(kind_of(path)), file_(path), path_(input_name(path)), o_(o), values_(o) {
    if (!o.only_at.empty()) only_at_.emplace(o.only_at);
  }

  record_dump read() {
    if (kind_ == file_kind::json)
      read_document(file_.text());
    else
      read_lines(file_.text());
    if (rows_.empty() && bad_ == 0 && only_at_ && !o_.only.empty())
      throw io_error(concat(path_, ": expected records with ", in_quotes(o_.only), " at ",
                            only_at_->text(), ", got none"));
    if (rows_.empty())
      throw io_error(first_bad_.empty() ? concat(path_, ": expected records, got none")
                                        : concat(path_, ": none of ", bad_,
                                                 " records can be read; the first: ", first_bad_));
    const auto rows = static_cast<double>(rows_.size());
    return {score_array(), label_array(), bad_, first_bad_, incomplete_, sum_of_rest_ / rows};
  }

 private:
  using json = nlohmann::json;
  /// Not to be counted as a bad record.
  struct several_error : io_error {
    using io_error::io_error;
  };

  void read_lines(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    for (std::size_t line = 1; !text.empty(); ++line) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view record = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (record.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      place_ = concat(path_, ':', line);
      add_or_count([&] {
        const json document = json::parse(record.begin(), record.end(), nullptr, false);
        if (document.is_discarded()) throw io_error(concat(place_, ": not JSON"));
        add(document);
      });
    }
  }
  /// A list of records, or an object of which each member is one.
  void read_document(std::string_view text) {
    const json document = json::parse(text.begin(), text.end(), nullptr, false);
    if (!document.is_structured())
      throw io_error(
          concat(path_, ": expected a list or an object of records, got ",
                 document.is_discarded() ? "text that is not JSON" : json_kind(document)));
    const json& records = records_in(document);
    std::size_t number = 0;
    for (const auto& [key, record] : records.items()) {
      place_ = concat(path_, ": record ", records.is_object() ? in_quotes(key) : concat(number));
      ++number;
      add_or_count([&, &one = record] { add(one); });
    }
  }
  const json& records_in(const json& document) const {
    if (o_.within.empty()) return document;
    const auto found = json_path(o_.within).find(document);
    return found.size() == 1 && found[0]->is_structured() ? *found[0] : document;
  }
  template<class F>
  void add_or_count(const F& f) {
    if (!o_.count_bad) return f();
    try {
      f();
    } catch (const several_error&) {
      throw;
    } catch (const io_error& e) {
      if (bad_++ == 0) first_bad_ = e.what();
    }
  }

  void add(const json& record) {
    if (only_at_ && !is_wanted(record)) return;
    record_row row = [&] {
      try {
        return values_.of(record, bad_ == 0);
      } catch (const io_error& e) {
        throw io_error(concat(place_, ": ", e.what()));
      }
    }();
    width_ = std::max(width_, row.scores.size());
    rows_.push_back(std::move(row.scores));
    label_.push_back(row.label);
    incomplete_ += row.complete ? 0 : 1;
    sum_of_rest_ += row.rest;
  }
  bool is_wanted(const json& record) {
    const auto found = only_at_->find(record);
    const std::string text =
        found.size() == 1 && found[0]->is_string() ? found[0]->get<std::string>() : "";
    if (!o_.only.empty()) return text == o_.only;
    if (!seen_) seen_ = text;
    if (text != *seen_)
      throw several_error(concat(place_, ": ", only_at_->text(), ": records of ", in_quotes(*seen_),
                                 " and of ", in_quotes(text), "; say which are to be read"));
    return true;
  }

  // Arrays.

  array score_array() const {
    // One wide row among many short ones would make a small file large.
    constexpr std::size_t most_filled_up = std::size_t{1} << 27;
    std::size_t read = 0;
    for (const std::vector<double>& row : rows_) read += row.size();
    if (rows_.size() * width_ - read > most_filled_up)
      throw io_error(concat(path_, ": expected at most ", most_filled_up,
                            " numbers to fill up rows of fewer, got ", rows_.size(), " rows of ",
                            read, " numbers in all, the longest of ", width_));
    auto all = std::make_shared<std::vector<double>>();
    all->reserve(rows_.size() * width_);
    for (const std::vector<double>& row : rows_) {
      all->insert(all->end(), row.begin(), row.end());
      all->insert(all->end(), width_ - row.size(), o_.padding);
    }
    array_layout layout{.type = dtype::f8, .shape = {rows_.size()}};
    if (width_ > 1) layout.shape.push_back(width_);
    return {path_, layout, std::as_bytes(std::span(*all)), all};
  }
  array label_array() const {
    auto all = std::make_shared<const std::vector<std::int64_t>>(label_);
    const array_layout layout{.type = dtype::i8, .shape = {all->size()}};
    return {path_, layout, std::as_bytes(std::span(*all)), all};
  }

  file_kind kind_;
  input_file file_;
  std::string path_;
  const record_options& o_;
  record_values values_;
  std::optional<json_path> only_at_;
  std::optional<std::string> seen_;  // at only_at_
  std::string place_;
  std::vector<std::vector<double>> rows_;
  std::vector<std::int64_t> label_;
  std::size_t width_ = 0, bad_ = 0, incomplete_ = 0;
  double sum_of_rest_ = 0;
  std::string first_bad_;
};

}  // namespace detail

/// Reads scores and labels out of the records of a JSON file: `.jsonl` or `.ndjson`, one a line, or
/// `.json`, a list or an object of records, which are read in the order of their names; also with
/// `.gz` or `.zst` behind, or of standard input, "-". Rows of different lengths are filled up, by
/// 1 GiB of numbers at most. Blank lines are passed over. With `answers` scores are log masses of
/// answers, one that is missing -inf or what `missing` says. Cost: one pass over the mapped file; 8
/// bytes a number. Throws io_error with line (or record) and path: not JSON, nothing there, another
/// kind of value, a class that is none, a token without any of the answers; with `count_bad` only
/// where no record can be read. Throws option_error for a path or scale that is none, and for fewer
/// than two answers or one that comes twice.
inline record_dump load_records(const std::string& path, const record_options& o) {
  return detail::record_reader(path, o).read();
}

}  // namespace calibra::io
