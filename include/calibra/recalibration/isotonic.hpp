// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/knot_map.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Isotonic regression: P(y = 1) by the ascending function of the score that is nearest to the
/// outcomes in squares, found by pooling neighbours whose means do not ascend. Samples of equal
/// score are pooled first. Linear between blocks, constant outside the scores that were seen.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<isotonic>.
/// Certificate: in closed form; the objective is the mean squared error. No samples: p stays.
/// Outputs of exactly 0 and 1 occur, and make the NLL infinite: see mixed_with_uniform.
/// Cost: O(n) to sort those not below every hit and to fit; O(log m) a number to map, m blocks.
/// Weights count as repetition. Keeps: the order, up to ties. Source: Zadrozny and Elkan, KDD 2002;
/// Barlow et al. 1972.
class isotonic final : public detail::knot_map<isotonic> {
 public:
  static constexpr recalibrator_info info{
      .name = "isotonic",
      .map = "the ascending function nearest to the outcomes in squares",
      .objective = "squared error",
      .keeps = "the order of the scores, up to ties",
      .source = "Zadrozny and Elkan, KDD 2002",
  };
  static constexpr std::string_view kind = info.name;
  using detail::knot_map<isotonic>::knot_map;

  static isotonic fit(const binary_samples& samples, const options&) {
    const std::vector<detail::pooled_block> tied = detail::blocks_above_misses(samples.pairs);
    std::vector<double> x, y;
    for (const detail::pooled_block& b : detail::pool_adjacent(tied)) {
      x.push_back(b.first);
      y.push_back(b.mean());
      if (b.last == b.first) continue;
      x.push_back(b.last);
      y.push_back(b.mean());
    }
    return through(samples, tied, std::move(x), std::move(y));
  }
};

}  // namespace calibra
