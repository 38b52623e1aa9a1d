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

/// Histogram binning with bins of equally many samples: P(y = 1) is the hit rate of the samples in
/// the score's bin (lower, upper], 0 in the first. Bins are cut as equal_mass_table() does, by the
/// number of samples; equal scores lie in one bin.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<histogram_mass>.
/// Certificate: in closed form; the objective is the mean squared error. No samples: 1/2.
/// Outputs of exactly 0 and 1 occur: see mixed_with_uniform. Cost: O(n) to sort; O(log B) a number
/// to map. Weights count within bins. Keeps: neither order nor prediction.
/// Source: Zadrozny and Elkan, ICML 2001.
class histogram_mass final : public detail::step_map<histogram_mass> {
 public:
  static constexpr recalibrator_info info{
      .name = "histogram_mass",
      .map = "the hit rate of the bin, bins of equally many samples",
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
  using detail::step_map<histogram_mass>::step_map;

  static histogram_mass fit(const binary_samples& samples, const options& o) {
    detail::check_bins("histogram_mass::fit()", o.bins);
    const reliability_table table = equal_mass_table(detail::weighted_pairs(samples.pairs), o.bins);
    return with_report(samples, {table.bins().edges(), detail::bin_values(table)});
  }
};

}  // namespace calibra
