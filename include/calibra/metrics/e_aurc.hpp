// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_coverage.hpp"

namespace calibra {

namespace metrics {

/// Excess area under the risk-coverage curve: aurc less that of the best order, which has all hits
/// before all misses. 0: confidences could not be ordered better. The best area is exact; the
/// paper's r + (1 - r) ln(1 - r), r the error rate, is its limit for many samples. NaN where aurc
/// is. O(n). Append samples to merge.
struct e_aurc {
  static constexpr metric_info info{
      .name = "e_aurc",
      .formula = "aurc − aurc of the same hits and misses in the best order",
      .range = "[0, 1], an error rate",
      .weights = "take the place of counts; tied samples share theirs",
      .source = "Geifman, Uziel, El-Yaniv 2019 (arXiv 1805.08206)",
      .note = "depends on the order of confidences alone",
      .python = "no package of the comparison has it",
  };
  area_rule rule = area_rule::steps;

  [[nodiscard]] double of(const sample& sorted) const {
    risk_area area(rule), best(rule);
    std::size_t hits = 0, misses = 0;
    for_each_tie_down(sorted, [&](const tied_pairs& t) { area.add(t.count, t.weight, t.misses); });
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (sorted.weight(i) > 0) ++(sorted.hit(i) ? hits : misses);
    best.add(hits, area.weight() - area.misses(), 0);
    best.add(misses, area.misses(), area.misses());
    const double excess = area.mean() - best.mean();
    return excess < 0 ? 0 : excess;  // a rounding
  }
  friend bool operator==(const e_aurc&, const e_aurc&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::e_aurc> e_aurc{};

}  // namespace calibra
