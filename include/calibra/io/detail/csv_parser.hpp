// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/csv_fields.hpp"
#include "calibra/io/detail/csv_rows.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/table_options.hpp"

namespace calibra::io::detail {

/// Reads a text table in one pass.
class csv_parser {
 public:
  csv_parser(const std::string& name, std::string_view text, char separator,
             const table_options& options)
      : name_(name), rows_(name, text, separator), options_(options) {}

  array parse() {
    std::vector<csv_field> first;
    if (!rows_.next(first)) throw io_error(concat(name_, ": expected rows of numbers, got none"));
    has_header_ = is_header(first);
    choose_columns(first);
    std::size_t count = 0;
    if (!has_header_) {
      counting_ = counts(first);
      store(first, options_.header == header_row::detected && first.size() > 1
                       ? "; this row holds a number, so it is no header unless "
                         "table_options::header says so"
                       : "");
      ++count;
    }
    for (std::vector<csv_field> row; rows_.next(row); ++count) {
      expect_fields(row, first.size(), first.front().line);
      store(row, "");
    }
    if (count == 0) throw io_error(concat(name_, ": expected rows of numbers, got a header only"));
    return finish(count, first);
  }

  /// The names of the columns that are read; none where the table has no header.
  std::vector<std::string> header() {
    std::vector<csv_field> first;
    if (!rows_.next(first) || !is_header(first)) return {};
    has_header_ = true;
    choose_columns(first);
    std::vector<std::string> names;
    for (const std::size_t j : chosen_) names.push_back(unquoted(first[j].text));
    return names;
  }

  /// The columns by their names and by what stands in the first rows.
  std::vector<array_entry> columns() {
    std::vector<csv_field> row;
    if (!rows_.next(row)) throw io_error(concat(name_, ": expected rows of numbers, got none"));
    has_header_ = is_header(row);
    std::vector<array_entry> out;
    for (std::string& name : column_names(row))
      out.push_back({.name = std::move(name), .type = dtype::i8});
    bool more = !has_header_ || rows_.next(row);
    for (std::size_t count = 0; more && count < first_rows; ++count, more = rows_.next(row)) {
      expect_fields(row, out.size());
      for (std::size_t j = 0; j < row.size(); ++j) out[j].type = joined(out[j].type, row[j].text);
    }
    for (array_entry& e : out) e.type_name = e.type ? std::string(name_of(*e.type)) : "text";
    return out;
  }

 private:
  static constexpr std::size_t first_rows = 1000;
  /// What the numbers of a column are like.
  struct column_kind {
    bool fractions = false;
    bool whole = false;
    bool like_labels = false;  // a whole number that is written as one, or is neither 0 nor 1
  };

  void expect_fields(const std::vector<csv_field>& row, std::size_t count,
                     std::size_t line = 1) const {
    if (row.size() == count) return;
    rows_.fail(row.front().line, concat("expected ", count, count == 1 ? " field" : " fields",
                                        " as in line ", line, ", got ", row.size()));
  }
  bool is_header(const std::vector<csv_field>& row) const {
    if (options_.header != header_row::detected) return options_.header == header_row::present;
    if (row.size() == 1 && options_.names.holds(unquoted(row[0].text))) return false;
    double ignored = 0;
    const auto is_text = [&](const csv_field& f) {
      return parse_real(f.text, ignored) == std::errc::invalid_argument;
    };
    if (std::all_of(row.begin(), row.end(), is_text)) return true;
    // Beside numbers as names, a text that a column is asked for by: pandas writes "0,1,2,label".
    return std::any_of(row.begin(), row.end(), [&](const csv_field& f) {
      const auto asked = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), f.text) != names.end();
      };
      return is_text(f) && (asked(options_.columns) || asked(options_.without));
    });
  }

  std::vector<std::string> column_names(const std::vector<csv_field>& first) const {
    std::vector<std::string> names;
    for (std::size_t j = 0; j < first.size(); ++j)
      names.push_back(has_header_ ? std::string(first[j].text) : std::to_string(j));
    return names;
  }
  void choose_columns(const std::vector<csv_field>& first) {
    const std::vector<std::string> names = column_names(first);
    for (const std::string& wanted : options_.columns) append_columns(names, wanted, chosen_);
    for (auto j = chosen_.begin(); j != chosen_.end(); ++j)
      if (std::find(chosen_.begin(), j, *j) != j)
        throw io_error(concat(name_, ": column ", in_quotes(names[*j]), " is chosen twice"));
    if (options_.columns.empty())
      for (std::size_t j = 0; j < names.size(); ++j) chosen_.push_back(j);
    std::vector<std::size_t> without;
    for (const std::string& unwanted : options_.without) append_columns(names, unwanted, without);
    chosen_.erase(std::remove_if(chosen_.begin(), chosen_.end(),
                                 [&](std::size_t j) {
                                   return std::find(without.begin(), without.end(), j) !=
                                          without.end();
                                 }),
                  chosen_.end());
    if (chosen_.empty()) throw io_error(concat(name_, ": expected columns to read, got none"));
    kinds_.resize(chosen_.size());
  }
  void append_columns(const std::vector<std::string>& names, std::string_view wanted,
                      std::vector<std::size_t>& out) const {
    constexpr std::string_view dots = "..";
    if (wanted.empty()) throw io_error(concat(name_, ": expected the name of a column, got ''"));
    const std::size_t at = wanted.find(dots);
    if (at == std::string_view::npos ||
        std::find(names.begin(), names.end(), wanted) != names.end()) {
      out.push_back(choose_member(name_, wanted, names, "column"));
      return;
    }
    const std::size_t first = choose_member(name_, wanted.substr(0, at), names, "column");
    const std::size_t last = choose_member(name_, wanted.substr(at + dots.size()), names, "column");
    if (first > last)
      throw io_error(concat(name_, ": columns ", in_quotes(wanted), ": expected the first before ",
                            "the last"));
    for (std::size_t j = first; j <= last; ++j) out.push_back(j);
  }

  /// A quote inside of a field in quotes is written twice.
  static std::string unquoted(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      out += text[i];
      if (text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') ++i;
    }
    return out;
  }
  void store_class(const csv_field& f) {
    const std::string text = unquoted(f.text);
    const auto k = options_.names.find(text);
    if (!k)
      rows_.fail(f, concat("expected the name of a class, got ", in_quotes(text),
                           options_.names.hint(text)));
    integers_.push_back(*k);
  }

  void store(const std::vector<csv_field>& row, std::string_view hint) {
    if (!options_.names.empty() && chosen_.size() == 1) return store_class(row[chosen_[0]]);
    for (std::size_t k = 0; k < chosen_.size(); ++k) {
      const csv_field& f = row[chosen_[k]];
      const std::errc status = store(f.text, kinds_[k]);
      if (status == std::errc::result_out_of_range)
        rows_.fail(f, concat("expected a number in the range of double, got ", in_quotes(f.text)));
      if (status != std::errc{})
        rows_.fail(f, concat("expected a number, got ",
                             f.text.empty() ? "an empty field" : in_quotes(f.text), hint));
    }
  }

  std::errc store(std::string_view text, column_kind& kind) {
    if (all_integers_) {
      const std::string_view digits = unsigned_plus(text);
      const char* const end = digits.data() + digits.size();
      std::int64_t value = 0;
      const auto [stop, status] = std::from_chars(digits.data(), end, value);
      if (status == std::errc{} && stop == end) {
        kind.whole = kind.like_labels = true;
        integers_.push_back(value);
        return {};
      }
      reals_.assign(integers_.begin(), integers_.end());
      integers_ = {};
      all_integers_ = false;
    }
    double value = 0;
    if (const std::errc status = parse_real(text, value); status != std::errc{}) return status;
    reals_.push_back(value);
    if (kind.fractions || !calibra::detail::is_finite(value)) return {};
    if (value != std::floor(value)) {
      kind.fractions = true;
    } else {
      kind.whole = true;
      kind.like_labels = kind.like_labels || (value != 0 && value != 1) ||
                         text.find_first_of(".eE") == std::string_view::npos;
    }
    return {};
  }

  /// Why the table is not to be taken as scores; "" where it may be.
  std::string doubt(const std::vector<csv_field>& first) const {
    const bool fractions = std::any_of(kinds_.begin(), kinds_.end(),
                                       [](const column_kind& kind) { return kind.fractions; });
    if (counting_ && options_.header == header_row::detected && (first.size() > 2 || fractions))
      return concat(":", first.front().line, ": the first row counts from ", first.front().text,
                    " to ", first.back().text,
                    ": names of columns or a sample? say which by table_options::header");
    if (!options_.columns.empty() || chosen_.size() < 2) return "";
    for (const std::size_t j : chosen_) {
      const csv_field& f = first[j];
      if (has_header_ && is_foreign(f.text))
        return concat(":", f.line, ":", f.column, ": column ", j,
                      f.text.empty() ? std::string(" has no name, as an index has none")
                                     : concat(" is called ", in_quotes(f.text)),
                      ", so it is not taken for scores", columns_hint);
    }
    for (std::size_t k = 0; fractions && k < kinds_.size(); ++k) {
      const std::size_t j = chosen_[k];
      if (!kinds_[k].fractions && kinds_[k].whole && kinds_[k].like_labels)
        return concat(": column ", j,
                      has_header_ ? concat(" (", in_quotes(first[j].text), ")") : "",
                      " holds whole numbers beside columns of fractions, so it is not taken for ",
                      "scores", columns_hint);
    }
    return "";
  }

  array finish(std::size_t rows, const std::vector<csv_field>& first) {
    array_layout layout;
    layout.shape = {rows};
    if (chosen_.size() != 1) layout.shape.push_back(chosen_.size());
    layout.from_text = true;
    layout.not_scores = doubt(first);
    if (all_integers_) {
      layout.type = dtype::i8;
      return make(layout, std::move(integers_));
    }
    return make(layout, std::move(reals_));
  }
  template<class T>
  array make(const array_layout& layout, std::pmr::vector<T> elements) const {
    auto owner = std::make_shared<const std::pmr::vector<T>>(std::move(elements));
    const std::span<const std::byte> bytes = std::as_bytes(std::span(*owner));
    return {name_, layout, bytes, std::move(owner)};
  }

  const std::string& name_;
  csv_rows rows_;
  const table_options& options_;
  std::vector<std::size_t> chosen_;
  std::vector<column_kind> kinds_;
  bool has_header_ = false;
  bool counting_ = false;
  bool all_integers_ = true;
  std::pmr::vector<std::int64_t> integers_;
  std::pmr::vector<double> reals_;
};

}  // namespace calibra::io::detail
