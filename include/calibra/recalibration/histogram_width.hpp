// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "calibra/recalibration/detail/step_map.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/equal_mass.hpp"

namespace calibra {

/// Histogram binning with bins of equal width: P(y = 1) is the hit rate of the samples in the
/// score's bin (lower, upper], 0 in the first; in a bin without samples its middle.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<histogram_width>.
/// Certificate: in closed form; the objective is the mean squared error.
/// Outputs of exactly 0 and 1 occur: see mixed_with_uniform. Cost: O(n); O(1) a number to map.
/// Weights count as repetition. Keeps: neither order nor prediction.
/// Source: Zadrozny and Elkan, ICML 2001.
class histogram_width final : public detail::step_map<histogram_width> {
 public:
  static constexpr recalibrator_info info{
      .name = "histogram_width",
      .map = "the hit rate of the bin, bins of equal width",
      .objective = "squared error",
      .keeps = "nothing",
      .source = "Zadrozny and Elkan, ICML 2001",
  };
  static constexpr std::string_view kind = info.name;
  struct options {
    std::size_t bins = 10;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("bins", o.bins);
    }
  };
  using detail::step_map<histogram_width>::step_map;

  static histogram_width fit(const binary_samples& samples, const options& o) {
    detail::check_bins("histogram_width::fit()", o.bins);
    const reliability_table table =
        tabulate(detail::weighted_pairs(samples.pairs), binning::equal_width(o.bins));
    return with_report(samples, {table.bins().edges(), detail::bin_values(table)});
  }
};

}  // namespace calibra
