// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
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
#include "calibra/io/detail/text.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"

namespace calibra::io {

/// What a score is divided by.
enum class choice_length { none, characters, bytes };

/// What is read of each record of a JSON file. Paths: a JSON pointer, or names with points between;
/// "*" is every element of a list, "[x.y=text]" those that have this text at x.y.
struct record_options {
  /// A number, or the numbers of a row: a list, or a path of several places. Texts of numbers count
  /// as numbers, "85%" as 85.
  std::string scores = {};
  /// A whole number or a text of one.
  std::string labels = {};
  /// Labels say whether predictions were right, 0 or 1: truth values and the texts yes, correct,
  /// true and right, no, incorrect, false and wrong count too.
  bool hits = false;
  double scale = 1;  ///< scores are divided by it
  /// What rows of fewer numbers are filled up with: no class where scores are logits.
  double padding = -std::numeric_limits<double>::infinity();
  /// Of this path, texts by whose length scores are divided; a blank at the start does not count.
  std::string choices = {};
  choice_length by_length = choice_length::none;
  bool halves = false;  ///< the second half of the numbers is taken off the first
  /// Records with something at this path have two halves; without `halves` the first is read.
  std::string halves_at = {};
  /// Records to read: those with the text `only` at this path. Without one all, which have to have
  /// the same text there.
  std::string only_at = {}, only = {};
  bool count_bad = false;  ///< leave out and count records that are not as they should be
};

/// Scores and labels out of records.
struct record_dump {
  array scores;
  array labels;
  std::size_t bad = 0;         ///< records left out
  std::string first_bad = {};  ///< why the first was
};

namespace detail {

/// Reads records one after the other.
class record_reader {
 public:
  record_reader(const std::string& path, const record_options& o)
      : kind_(kind_of(path)),
        file_(path),
        path_(input_name(path)),
        o_(o),
        scores_(o.scores),
        labels_(o.labels) {
    if (!(o.scale > 0 && std::isfinite(o.scale)))
      throw option_error(concat("record_options: scale: expected a number above 0, got ", o.scale));
    if (o.by_length != choice_length::none) choices_.emplace(o.choices);
    if (!o.only_at.empty()) only_at_.emplace(o.only_at);
    if (!o.halves_at.empty()) halves_at_.emplace(o.halves_at);
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
    return {score_array(), label_array(), bad_, first_bad_};
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
    std::size_t number = 0;
    for (const auto& [key, record] : document.items()) {
      place_ = concat(path_, ": record ", document.is_object() ? in_quotes(key) : concat(number));
      ++number;
      add_or_count([&, &one = record] { add(one); });
    }
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
    std::vector<double> row = numbers(record);
    const std::int64_t label = label_of(record);
    if (row.size() > 1 && label >= static_cast<std::int64_t>(row.size()))
      fail(labels_, concat("expected a class below ", row.size(), ", got ", label));
    width_ = std::max(width_, row.size());
    rows_.push_back(std::move(row));
    label_.push_back(label);
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
  [[noreturn]] void fail(const json_path& at, const std::string& what) const {
    throw io_error(concat(place_, ": ", at.text(), ": ", what));
  }

  // Numbers.

  std::vector<double> numbers(const json& record) const {
    bool missing = false;
    std::vector<const json*> found = scores_.find(record, &missing);
    if (found.empty()) fail(scores_, "expected a number or a list of numbers, got nothing");
    if (missing) fail(scores_, "expected a number of every element, got nothing of one");
    if (found.size() == 1 && found[0]->is_array()) {
      const json& list = *found[0];
      found.clear();
      for (const json& x : list) found.push_back(&x);
      if (found.empty()) fail(scores_, "expected numbers, got an empty list");
    }
    std::vector<double> row;
    for (const json* x : found) {
      const auto value = json_number_of(*x);
      if (!value) fail(scores_, concat("expected a number, got ", json_kind(*x)));
      row.push_back(*value / o_.scale);
    }
    if (o_.halves || (halves_at_ && !halves_at_->find(record).empty())) take_halves(row);
    if (choices_) divide_by_lengths(record, row);
    return row;
  }
  void take_halves(std::vector<double>& row) const {
    if (row.size() % 2 != 0)
      fail(scores_, concat("expected an even number of numbers for halves, got ", row.size()));
    const std::size_t half = row.size() / 2;
    for (std::size_t k = 0; o_.halves && k < half; ++k) row[k] -= row[half + k];
    row.resize(half);
  }
  void divide_by_lengths(const json& record, std::vector<double>& row) const {
    const auto found = choices_->find(record);
    if (found.size() < row.size())
      fail(*choices_, concat("expected ", row.size(), " texts, got ", found.size()));
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (!found[k]->is_string())
        fail(*choices_, concat("expected a text, got ", json_kind(*found[k])));
      std::string_view text = found[k]->get_ref<const std::string&>();
      if (text.starts_with(' ')) text.remove_prefix(1);
      const auto follows = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; };
      const auto length =
          o_.by_length == choice_length::bytes
              ? static_cast<std::ptrdiff_t>(text.size())
              : std::count_if(text.begin(), text.end(), [&](char c) { return !follows(c); });
      if (length == 0) fail(*choices_, "expected a text to divide by its length, got an empty one");
      row[k] /= static_cast<double>(length);
    }
  }

  // Labels.

  std::int64_t label_of(const json& record) const {
    const auto found = labels_.find(record);
    if (found.size() != 1)
      fail(labels_, concat("expected one label, got ", found.empty() ? "nothing" : "several"));
    const json& value = *found[0];
    if (o_.hits && value.is_boolean()) return value.get<bool>() ? 1 : 0;
    if (o_.hits && value.is_string())
      if (const auto said = json_truth(value.get_ref<const std::string&>())) return *said;
    const auto x = json_number_of(value);
    constexpr double limit = 9007199254740992;  // 2^53
    const bool whole = x && *x == std::floor(*x) && std::abs(*x) < limit;
    if (!whole || (o_.hits && *x != 0 && *x != 1))
      fail(labels_, concat(o_.hits ? "expected 0 or 1, true or false, yes or no, got "
                                   : "expected a class index, got ",
                           json_kind(value)));
    return static_cast<std::int64_t>(*x);
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
  json_path scores_, labels_;
  std::optional<json_path> choices_, only_at_, halves_at_;
  std::optional<std::string> seen_;  // at only_at_
  std::string place_;
  std::vector<std::vector<double>> rows_;
  std::vector<std::int64_t> label_;
  std::size_t width_ = 0, bad_ = 0;
  std::string first_bad_;
};

}  // namespace detail

/// Reads scores and labels out of the records of a JSON file: `.jsonl` or `.ndjson`, one a line, or
/// `.json`, a list or an object of records, which are read in the order of their names; also with
/// `.gz` or `.zst` behind, or of standard input, "-". Rows of different lengths are filled up, by
/// 1 GiB of numbers at most. Blank lines are passed over. Cost: one pass over the mapped file; 8
/// bytes a number. Throws io_error with line (or record) and path: not JSON, nothing there, another
/// kind of value; with `count_bad` only where no record can be read. Throws option_error for a path
/// or scale that is none.
inline record_dump load_records(const std::string& path, const record_options& o) {
  return detail::record_reader(path, o).read();
}

}  // namespace calibra::io
