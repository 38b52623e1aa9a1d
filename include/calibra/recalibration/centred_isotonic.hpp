// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/knot_map.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Centred isotonic regression: isotonic regression whose every block is one point, at the mean of
/// its scores; linear between, so that the map ascends strictly between blocks. Blocks at exactly 0
/// or 1 stay as they are.
///
/// Scores, cost, weights, no samples: as isotonic. Certificate: the mean squared error before and
/// after, which is not what it minimises.
/// Keeps: the order, without ties but at 0 and 1 and outside the scores that were seen.
/// Source: Oron and Flournoy, Statistics in Biopharmaceutical Research 9(3), 2017.
class centred_isotonic final : public detail::knot_map<centred_isotonic> {
 public:
  static constexpr recalibrator_info info{
      .name = "centred_isotonic",
      .map = "isotonic regression, each block one point, linear between",
      .objective = "squared error",
      .keeps = "the order of the scores",
      .source = "Oron and Flournoy 2017",
  };
  static constexpr std::string_view kind = info.name;
  using detail::knot_map<centred_isotonic>::knot_map;

  static centred_isotonic fit(const binary_samples& samples, const options&) {
    const std::vector<detail::pooled_block> tied = detail::blocks_above_misses(samples.pairs);
    std::vector<double> x, y;
    const auto add = [&](double at, double value) {
      x.push_back(at);
      y.push_back(value);
    };
    for (const detail::pooled_block& b : detail::pool_adjacent(tied)) {
      const double mean = b.mean();
      if (mean > 0 && mean < 1) {
        add(std::clamp(b.centre(), b.first, b.last), mean);
      } else {
        add(b.first, mean);
        if (b.last != b.first) add(b.last, mean);
      }
    }
    return through(samples, tied, std::move(x), std::move(y));
  }
};

}  // namespace calibra
