// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_coverage.hpp"

namespace calibra {

namespace metrics {

/// Area under the risk-coverage curve: the mean error rate of a model that answers its k most
/// confident samples, over k = 1, ..., n. Ties: the mean over their orders, so that the order of
/// the rows does not matter. Lower is better; a model without errors has 0. It knows the order of
/// confidences alone, not how large they are. No samples: NaN; trapezoids of one sample: NaN. Of
/// binary scores use it with binary_target::top_label. O(n). Append samples to merge.
struct aurc {
  static constexpr metric_info info{
      .name = "aurc",
      .formula = "(1/N) Σ_k r_k, r_k the error rate of the k most confident; ties averaged",
      .range = "[0, 1], an error rate",
      .weights = "take the place of counts; tied samples share theirs",
      .source = "Geifman and El-Yaniv 2017 (arXiv 1705.08500)",
      .note = "depends on the order of confidences alone",
      .python =
          "torch-uncertainty `AURC` is `aurc.with({.rule = area_rule::trapezoids})`, but for ties, "
          "which it takes as they come",
  };
  area_rule rule = area_rule::steps;

  [[nodiscard]] double of(const sample& sorted) const {
    risk_area area(rule);
    for_each_tie_down(sorted, [&](const tied_pairs& t) { area.add(t.count, t.weight, t.misses); });
    return area.mean();
  }
  friend bool operator==(const aurc&, const aurc&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::aurc> aurc{};

}  // namespace calibra
