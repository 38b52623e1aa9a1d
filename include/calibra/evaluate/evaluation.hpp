// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra {

namespace detail {

/// The numbers of the smallest keys, smallest first.
inline std::vector<std::size_t> first_of(std::vector<std::pair<double, std::size_t>>& order,
                                         std::size_t most) {
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> out;
  for (const auto& [key, index] : order)
    if (out.size() < most) out.push_back(index);
  return out;
}

/// The bins that contribute most to ece, most first. Bins without weight are never among them.
inline std::vector<std::size_t> worst_bins(const reliability_table& table, std::size_t most) {
  std::vector<std::pair<double, std::size_t>> share;
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (bin.weight > 0)
      share.emplace_back(-bin.weight * (bin.gap() < 0 ? -bin.gap() : bin.gap()), b);
  }
  return first_of(share, most);
}

}  // namespace detail

struct metric_value {
  std::string name;
  double value = std::numeric_limits<double>::quiet_NaN();  ///< NaN where it is undefined
  /// What noise alone makes of it: what a calibrated model of this size shows; NaN where no such
  /// number is known.
  double floor = std::numeric_limits<double>::quiet_NaN();
};

/// What evaluate() gives. As text: to_text() of <calibra/evaluate/report.hpp>; as JSON: to_json()
/// of <calibra/json.hpp>.
struct evaluation {
  std::uint64_t samples = 0;  ///< rows that counted
  /// Single pairs that counted: the samples, or the entries of multi-label scores.
  std::uint64_t entries = 0;
  std::uint64_t skipped = 0;  ///< left out by nan_policy::count
  std::size_t classes = 0;    ///< or labels; 2 for binary scores, 0 for confidences
  /// Values in the order of the list. Of multi-label scores each metric comes twice, as
  /// "micro_..." over all entries and "macro_...", the mean over the labels that have a value.
  std::vector<metric_value> metrics;
  reliability_table table{binning::equal_width(1)};  ///< the bins that ece was measured on
  std::vector<reliability_table> class_tables;       ///< options::per_class
  std::vector<double> ece_per_class;                 ///< options::per_class
  bool multilabel = false;  ///< the classes are labels, each a yes or no of its own
  /// Names of the classes, which reports show; evaluate() leaves it to you.
  std::vector<std::string> class_names = {};

  /// A metric, or null if it was not measured.
  [[nodiscard]] const metric_value* find(std::string_view name) const noexcept {
    for (const metric_value& m : metrics)
      if (m.name == name) return &m;
    return nullptr;
  }
  /// The value of a metric. Throws option_error, naming what was, if it was not measured.
  [[nodiscard]] double operator[](std::string_view name) const {
    if (const metric_value* m = find(name)) return m->value;
    std::string measured;
    for (const metric_value& m : metrics)
      measured += detail::concat(measured.empty() ? "" : ", ", m.name);
    throw option_error(detail::concat("evaluation: \"", name, "\" was not measured; measured were ",
                                      measured.empty() ? "none" : measured));
  }
  /// The name of a class; its number where it has none.
  [[nodiscard]] std::string class_name(std::size_t k) const {
    return k < class_names.size() ? class_names[k] : detail::concat(k);
  }
  [[nodiscard]] auto begin() const noexcept { return metrics.begin(); }
  [[nodiscard]] auto end() const noexcept { return metrics.end(); }

  /// The bins that contribute most to ece, most first: their numbers in the table.
  [[nodiscard]] std::vector<std::size_t> worst_bins(std::size_t most) const {
    return detail::worst_bins(table, most);
  }
  /// The classes of the largest ece, largest first. Empty without options::per_class.
  [[nodiscard]] std::vector<std::size_t> worst_classes(std::size_t most) const {
    std::vector<std::pair<double, std::size_t>> error;
    for (std::size_t k = 0; k < ece_per_class.size(); ++k)
      if (!detail::is_nan(ece_per_class[k])) error.emplace_back(-ece_per_class[k], k);
    return detail::first_of(error, most);
  }
};

}  // namespace calibra
