// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_coverage.hpp"

namespace calibra {

namespace metrics {

/// How well confidence tells hits from misses: the chance that a hit is more confident than a miss,
/// ties counted half. 1: every hit is above every miss; 0.5: confidence says nothing. Of binary
/// scores as they come (the positive class) it is the area under the ROC curve of the classifier.
/// Without hits or without misses: NaN. O(n). Append samples to merge.
struct auroc {
  static constexpr metric_info info{
      .name = "auroc",
      .formula = "P(confidence of a hit > confidence of a miss) + P(equal) / 2",
      .range = "[0, 1], a probability",
      .weights = "take the place of counts",
      .source = "Hanley and McNeil 1982; of confidences: Hendrycks and Gimpel 2017",
      .note = "depends on the order of confidences alone; higher is better",
      .python = "scikit-learn `roc_auc_score(hit, confidence)`, torch-uncertainty",
      .better = better_side::higher,
  };
  [[nodiscard]] double of(const sample& sorted) const {
    double hits = 0, misses = 0, area = 0;
    for_each_tie_down(sorted, [&](const tied_pairs& t) {
      const double tied_hits = t.weight - t.misses;
      area += t.misses * (hits + tied_hits / 2);
      hits += tied_hits;
      misses += t.misses;
    });
    if (!(hits > 0) || !(misses > 0)) return std::numeric_limits<double>::quiet_NaN();
    return area / hits / misses;
  }
};

}  // namespace metrics

inline constexpr metric<metrics::auroc> auroc{};

}  // namespace calibra
