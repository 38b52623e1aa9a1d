// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/table/reliability_table.hpp"

/// \file
/// Evaluations and tables as text for people, as the program prints them:
///
///     std::cout << to_text(evaluate(scores, labels));
///
/// For other programs: to_json() of <calibra/json.hpp>.

namespace calibra {

/// What a report shows.
struct report_options {
  bool counts = true;       ///< the line of samples and classes
  bool metrics = true;      ///< a line a metric
  bool bins = true;         ///< the table
  bool classes = true;      ///< ece of each class; needs options::per_class, as the next
  bool class_bins = false;  ///< a table of each class that is shown
  /// Of every table, so many of the bins that add most to ece, most first. None: all, in order.
  std::optional<std::size_t> worst_bins = {};
  /// So many of the classes of the largest ece, largest first. None: all, in order.
  std::optional<std::size_t> worst_classes = {};
  /// Columns of a bar. None: what a line of 80 leaves, at least 10. 0: no bars.
  std::optional<std::size_t> bar_width = {};
  bool ascii = false;  ///< bars of # and | instead of block characters in UTF-8
  // What the numbers do not say.
  std::string from = {};        ///< what the scores were: "logits"
  std::string convention = {};  ///< whose definitions were followed: "netcal"
  bool equal_mass = false;      ///< the bins hold about equally many samples
  /// Which end of a bin belongs to it. None: the bins are asked.
  std::optional<edge_side> side = {};
};

namespace detail {

/// So many digits behind the point, whatever the locale; "" for NaN, "inf" and "-inf".
inline std::string fixed_text(double x, int digits) {
  if (is_nan(x)) return "";
  if (!is_finite(x)) return x > 0 ? "inf" : "-inf";
  std::array<char, 64> text{};
  const auto format = std::abs(x) < 1e9 ? std::chars_format::fixed : std::chars_format::scientific;
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), x, format, digits).ptr};
}

inline std::string left_text(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}
inline std::string right_text(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

/// "(0.0667, 0.1333]"; "[1.0000, 1.0000]" for a bin of one value.
inline std::string interval_text(const reliability_bin& bin, edge_side side, int digits) {
  const bool point = bin.lower == bin.upper;
  const bool right = side == edge_side::right_closed;
  return concat(right && !point ? '(' : '[', fixed_text(bin.lower, digits), ", ",
                fixed_text(bin.upper, digits), right || point ? ']' : ')');
}

/// `width` cells filled up to the accuracy, with a mark where the confidence is.
inline std::string bar_text(const reliability_bin& bin, std::size_t width, bool ascii) {
  if (width == 0) return "";
  const auto cells = static_cast<double>(width);
  const auto full = static_cast<std::size_t>(std::lround(bin.accuracy * cells));
  const auto mark = std::min(width - 1, static_cast<std::size_t>(bin.confidence * cells));
  std::string out;
  for (std::size_t i = 0; i < std::max(mark + 1, std::min(full, width)); ++i) {
    if (i == mark)
      out += ascii ? "|" : "\xE2\x94\x82";
    else if (i < full)
      out += ascii ? "#" : "\xE2\x96\x88";
    else
      out += ' ';
  }
  return out;
}

inline std::vector<std::size_t> first_numbers(std::size_t n) {
  std::vector<std::size_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = i;
  return out;
}
inline std::vector<std::size_t> shown_bins(const reliability_table& table,
                                           const report_options& o) {
  return o.worst_bins ? worst_bins(table, *o.worst_bins) : first_numbers(table.size());
}
inline std::vector<std::size_t> shown_classes(const evaluation& e, const report_options& o) {
  return o.worst_classes ? e.worst_classes(*o.worst_classes)
                         : first_numbers(e.ece_per_class.size());
}

/// The head of a table and a line a bin.
inline std::string bin_lines(const reliability_table& table, const std::vector<std::size_t>& shown,
                             const report_options& o) {
  constexpr std::size_t page_width = 80, least_bar = 10;
  const edge_side side = o.side ? *o.side : table.bins().side();
  std::size_t interval_width = 3, count_width = 5;
  std::vector<std::string> intervals;
  for (const std::size_t b : shown) {
    intervals.push_back(interval_text(table[b], side, 4));
    interval_width = std::max(interval_width, intervals.back().size());
    count_width = std::max(count_width, concat(table[b].count).size());
  }
  const std::size_t numbers = interval_width + 2 + count_width + 2 + 6 + 2 + 6 + 2 + 7 + 2;
  const std::size_t bar_width =
      o.bar_width.value_or(page_width - std::min(numbers, page_width - least_bar));
  std::string out = concat(left_text("bin", interval_width), "  ", right_text("count", count_width),
                           "    conf     acc      gap");
  if (bar_width > 0)
    out +=
        o.ascii ? "  accuracy #, confidence |" : "  accuracy \xE2\x96\x88, confidence \xE2\x94\x82";
  out += '\n';
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const reliability_bin bin = table[shown[i]];
    std::string line = left_text(std::move(intervals[i]), interval_width);
    if (bin.weight > 0)
      line +=
          concat("  ", right_text(concat(bin.count), count_width), "  ",
                 fixed_text(bin.confidence, 4), "  ", fixed_text(bin.accuracy, 4), "  ",
                 right_text(fixed_text(bin.gap(), 4), 7), "  ", bar_text(bin, bar_width, o.ascii));
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  }
  return out;
}

inline std::string count_line(const evaluation& e, const report_options& o) {
  std::string out = concat(e.samples, e.samples == 1 ? " sample" : " samples");
  if (e.classes != 0) out += concat(", ", e.classes, e.multilabel ? " labels" : " classes");
  if (!o.from.empty()) out += concat(", from ", o.from);
  if (e.multilabel) out += concat(", ", e.entries, " entries");
  if (e.skipped != 0) out += concat(", ", e.skipped, " skipped");
  return out + '\n';
}

/// "  noise floor 0.0288" behind metrics that have one.
inline std::string floor_text(const metric_value& m) {
  if (is_nan(m.floor)) return {};
  return concat("  noise floor ", fixed_text(m.floor, 4));
}

inline std::string metric_lines(const evaluation& e) {
  std::size_t name_width = 0, value_width = 0;
  for (const metric_value& m : e) {
    name_width = std::max(name_width, m.name.size());
    value_width = std::max(value_width, fixed_text(m.value, 6).size());
  }
  std::string out;
  for (const metric_value& m : e)
    out += concat(left_text(m.name, name_width + 2),
                  right_text(is_nan(m.value) ? "-" : fixed_text(m.value, 6), value_width),
                  floor_text(m), '\n');
  return out;
}

/// Characters of a text in UTF-8.
inline std::size_t letters_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

inline std::string class_lines(const evaluation& e, const std::vector<std::size_t>& shown) {
  std::size_t width = 5;
  for (const std::size_t k : shown) width = std::max(width, letters_of(e.class_name(k)));
  std::string out = left_text("class", width) + "  ece\n";
  for (const std::size_t k : shown) {
    const std::string name = e.class_name(k), blanks(width - letters_of(name), ' ');
    out += concat(k < e.class_names.size() ? name + blanks : blanks + name, "  ",
                  fixed_text(e.ece_per_class[k], 6), '\n');
  }
  return out;
}

}  // namespace detail

/// A table as text: how many bins; then a line a bin with its interval, the count of its samples,
/// their mean confidence ("conf"), the share of hits ("acc"), the gap acc - conf, and a bar as long
/// as the accuracy with a mark at the confidence. All of them are fractions of 1, to four digits.
/// Nothing but the interval where the weights of a bin add up to 0. Ends with a line feed.
/// Options: those of bins and bars, and `equal_mass`, `convention`, `side`; others do not matter.
/// Cost:    O(B), or O(B log B) for the worst bins, and the text: 80 columns a bin.
[[nodiscard]] inline std::string to_text(const reliability_table& table,
                                         const report_options& o = {}) {
  const std::vector<std::size_t> shown = detail::shown_bins(table, o);
  std::string out;
  if (o.worst_bins) out += detail::concat("worst ", shown.size(), " of ");
  out += detail::concat(table.size(), o.equal_mass ? " equal-mass" : "",
                        table.size() == 1 ? " bin" : " bins");
  if (!o.convention.empty()) out += detail::concat(", convention ", o.convention);
  return detail::concat(out, "\n\n", detail::bin_lines(table, shown, o));
}

/// What evaluate() found, as text: how many samples of how many classes; the metrics to six digits;
/// the table that ece was measured on; with options::per_class, ece of each class, by
/// evaluation::class_names where it has any. Parts that are left out, or that the evaluation does
/// not have, leave no lines; an empty line stands between those that are there. Lines have at most
/// 80 columns, unless bars or names ask for more, and end with a line feed.
/// NaN:    a metric that is undefined is "-"; ece of a class without samples is blank, and so are
///         bins without. Of no samples the counts are 0.
/// Cost:   as that of a table; O(K log K) for the worst of K classes. Does not measure anything.
/// Source: the `table` format of the program `calibra eval`, which prints this.
[[nodiscard]] inline std::string to_text(const evaluation& e, const report_options& o = {}) {
  std::string out;
  const auto add = [&](const std::string& part) {
    if (!out.empty()) out += '\n';
    out += part;
  };
  if (o.counts) add(detail::count_line(e, o));
  if (o.metrics && !e.metrics.empty()) add(detail::metric_lines(e));
  if (o.bins) add(to_text(e.table, o));
  if (e.ece_per_class.empty()) return out;
  const std::vector<std::size_t> shown = detail::shown_classes(e, o);
  if (o.classes) add(detail::class_lines(e, shown));
  if (!o.class_bins) return out;
  for (const std::size_t k : shown) {
    if (k >= e.class_tables.size()) continue;
    const reliability_table& table = e.class_tables[k];
    add(detail::concat("class ", e.class_name(k), ", ece ",
                       detail::fixed_text(e.ece_per_class[k], 6), "\n\n",
                       detail::bin_lines(table, detail::shown_bins(table, o), o)));
  }
  return out;
}

}  // namespace calibra
