// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "report.hpp"
#include "words.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

constexpr std::size_t page_width = 80;

std::string left(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}
std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

/// `width` cells filled up to `accuracy`, with a mark where `confidence` is.
std::string bar(double accuracy, double confidence, std::size_t width, bool utf8) {
  const auto cells = static_cast<double>(width);
  const auto full = static_cast<std::size_t>(std::lround(accuracy * cells));
  const auto mark = std::min(width - 1, static_cast<std::size_t>(confidence * cells));
  std::string out;
  for (std::size_t i = 0; i < width; ++i) {
    if (i == mark)
      out += utf8 ? "\u2502" : "|";
    else if (i < full)
      out += utf8 ? "\u2588" : "#";
    else
      out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string headline(const eval_request& request, const report& r) {
  std::string out = concat(r.samples, r.samples == 1 ? " sample" : " samples");
  if (r.classes != 0) out += concat(", ", r.classes, request.sigmoid ? " labels" : " classes");
  out += concat(", from ", word(request.data.from));
  if (request.sigmoid) out += concat(", ", r.entries, " entries");
  if (r.skipped != 0) out += concat(", ", r.skipped, " skipped");
  return out + '\n';
}

std::string metric_lines(const std::vector<metric_value>& metrics) {
  std::size_t name_width = 0, value_width = 0;
  for (const metric_value& m : metrics) {
    name_width = std::max(name_width, m.name.size());
    value_width = std::max(value_width, fixed(m.value, 6).size());
  }
  std::string out;
  for (const metric_value& m : metrics)
    out += concat(left(m.name, name_width + 2),
                  right(std::isnan(m.value) ? "-" : fixed(m.value, 6), value_width), '\n');
  return out;
}

std::string bin_lines(const eval_request& request, const report& r, bool utf8) {
  std::size_t interval_width = 3, count_width = 5;
  for (std::size_t b = 0; b < r.table.size(); ++b) {
    interval_width = std::max(interval_width, interval(request, r.table[b], 4).size());
    count_width = std::max(count_width, concat(r.table[b].count).size());
  }
  const std::size_t fixed_width = interval_width + 2 + count_width + 2 + 6 + 2 + 6 + 2 + 7 + 2;
  const std::size_t bar_width = page_width - std::min(fixed_width, page_width - 10);
  std::string out =
      concat(left("bin", interval_width), "  ", right("count", count_width), "    conf     acc",
             "      gap  ",
             utf8 ? "accuracy \u2588, confidence \u2502" : "accuracy #, confidence |", '\n');
  for (std::size_t b = 0; b < r.table.size(); ++b) {
    const reliability_bin bin = r.table[b];
    out += concat(left(interval(request, bin, 4), interval_width), "  ");
    if (bin.weight > 0) {
      out += concat(right(concat(bin.count), count_width), "  ", fixed(bin.confidence, 4), "  ",
                    fixed(bin.accuracy, 4), "  ", right(fixed(bin.gap(), 4), 7), "  ",
                    bar(bin.accuracy, bin.confidence, bar_width, utf8));
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  return out;
}

}  // namespace

std::string table_text(const eval_request& request, const report& r, bool utf8) {
  std::string out = headline(request, r);
  if (!r.metrics.empty()) out += concat('\n', metric_lines(r.metrics));
  out += concat('\n', r.table.size(), request.scheme == bin_scheme::equal_mass ? " equal-mass" : "",
                r.table.size() == 1 ? " bin" : " bins", ", convention ", request.like, "\n\n",
                bin_lines(request, r, utf8));
  if (request.classwise) {
    out += "\nclass  ece\n";
    for (std::size_t k = 0; k < r.ece_per_class.size(); ++k)
      out += concat(right(concat(k), 5), "  ", fixed(r.ece_per_class[k], 6), '\n');
  }
  return out;
}

}  // namespace calibra::cli
