// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/over_coverage.hpp"

namespace calibra {

namespace metrics {

/// Area under the generalised risk-coverage curve: the mean share of samples that a model answers
/// and gets wrong, over all shares that it may answer. Equals accuracy (1 - accuracy) (1 - auroc) +
/// (1 - accuracy)^2 / 2. Unlike aurc it does not give the few most confident samples most of the
/// weight. Lower is better. Ties are a straight line. No samples: NaN. Of binary scores use it with
/// binary_target::top_label. O(n). Append samples to merge.
struct augrc {
  static constexpr metric_info info{
      .name = "augrc",
      .formula = "∫_0^1 m(c) dc, m(c) the misses among the share c that is most confident, over N",
      .range = "[0, 0.5], a share of samples",
      .weights = "take the place of counts",
      .source = "Traub et al. 2024 (arXiv 2407.01032)",
      .note = "depends on the order of confidences alone",
      .python =
          "torch-uncertainty `AUGRC` leaves out the first sample's share and divides by 1 − 1/N",
  };
  [[nodiscard]] double of(const sample& sorted) const {
    double weight = 0, misses = 0, area = 0;
    for_each_tie_down(sorted, [&](const tied_pairs& t) {
      area += t.weight * (misses + t.misses / 2);
      weight += t.weight;
      misses += t.misses;
    });
    if (!(weight > 0)) return std::numeric_limits<double>::quiet_NaN();
    return area / weight / weight;
  }
};

}  // namespace metrics

inline constexpr metric<metrics::augrc> augrc{};

}  // namespace calibra
