// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/interval/interval_report.hpp"

namespace calibra {

namespace detail {

/// A line a metric: its value, its limits and its noise floor.
inline std::string interval_lines(const interval_report& r) {
  const auto number = [](double x) { return is_nan(x) ? std::string("-") : fixed_text(x, 6); };
  std::size_t name_width = 6, width = 8;
  for (const metric_interval& i : r) {
    name_width = std::max(name_width, i.name.size());
    for (const double x : {i.value, i.lower, i.upper}) width = std::max(width, number(x).size());
  }
  std::string out =
      concat(left_text("metric", name_width), "  ", right_text("value", width), "  ",
             right_text("lower", width), "  ", right_text("upper", width), "  noise floor\n");
  for (const metric_interval& i : r) {
    std::string line =
        concat(left_text(i.name, name_width), "  ", right_text(number(i.value), width), "  ",
               right_text(number(i.lower), width), "  ", right_text(number(i.upper), width));
    if (!is_nan(i.floor)) line += concat("  ", right_text(number(i.floor), 11));
    out += line + '\n';
  }
  return concat(out, "\nlimits of ", fixed_text(100 * r.level, r.level == 0.95 ? 0 : 1),
                " % intervals; - where there is none\n");
}

}  // namespace detail

/// As to_text(evaluation), with the limits of each metric and its noise floor beside it.
[[nodiscard]] inline std::string to_text(const interval_report& r, const report_options& o = {}) {
  report_options rest = o, head = o;
  rest.counts = rest.metrics = false;
  head.metrics = head.bins = head.classes = head.class_bins = false;
  std::string out = o.counts ? to_text(r.values, head) : std::string();
  for (const std::string& part :
       {o.metrics ? detail::interval_lines(r) : std::string(), to_text(r.values, rest)})
    if (!part.empty()) out += out.empty() ? part : '\n' + part;
  return out;
}

}  // namespace calibra
