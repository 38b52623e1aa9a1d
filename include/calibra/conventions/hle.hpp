// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/conventions/detail/reference_metrics.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/rmsce.hpp"
#include "calibra/table/equal_mass.hpp"

namespace calibra::conventions {

namespace detail::of_hle {

/// Runs of 100 pairs in ascending order; the last run, which takes the remainder, is in no bin and
/// still in the total. Fewer than 100 pairs have no value: an empty table.
inline reliability_table runs(const evidence_view& e) {
  constexpr std::size_t run = 100;
  const sample& x = e.pairs();
  const std::size_t bins = x.size() / run;
  std::vector<double> cuts;
  for (std::size_t b = 1; b + 1 < bins; ++b) cuts.push_back(x.confidence(b * run));
  reliability_table table(calibra::detail::between_cuts(cuts, edge_side::left_closed));
  if (bins == 0) return table;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i < (bins - 1) * run)
      table.add_to_bin(i / run, x.confidence(i), x.hit(i), x.weight(i));
    else
      table.add_outside(x.confidence(i), x.hit(i), x.weight(i));
  }
  return table;
}

inline metric_list own_metrics() {
  return {detail::on_table<metrics::ece, &runs>{}, detail::on_table<metrics::rmsce, &runs>{},
          detail::on_table<metrics::mce, &runs>{}};
}

}  // namespace detail::of_hle

/// Humanity's Last Exam: calib_err of hendrycks/outlier-exposure, much copied.
inline constexpr convention hle{
    .name = "hle",
    .implementation = "Humanity's Last Exam: calib_err of hendrycks/outlier-exposure, much copied",
    .version = "2025-01",
    .metrics = &detail::of_hle::own_metrics,
    .settings = {{"bins of ece, rmsce, mce",
                  "runs of 100 samples in ascending order, whatever the number of bins"}},
    .oddities =
        {{.reproduced = true,
          .what =
              "The most confident 100 to 199 samples are in no bin and still count in the total."},
         {.reproduced = true,
          .what =
              "The order of the input decides between ties, which whole percents have in plenty."},
         {.reproduced = false,
          .what = "Fewer than 100 samples are an IndexError there, NaN here."}},
};

}  // namespace calibra::conventions
