// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/knot_map.hpp"
#include "calibra/recalibration/detail/natural_spline.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Calibration by a spline of the cumulative distribution: with u the share of the samples up to a
/// score and H(u) the sum of their y - s, divided by n, a cubic spline S with knots 0, 0.2, ..., 1
/// and no curvature at the ends is fitted to H by least squares. A sample of score s becomes
/// q = s + S', clipped to [0, 1]; linear between samples, constant outside the scores that were
/// seen.
///
/// H is linear on the share of each score, so that ties count by their mean outcome, in any order;
/// least squares are an integral over u, and S' is its mean over the share of the score. The paper
/// takes the sum over samples at u_i = i / (n - 1) and S' there, which differs by terms in 1 / n.
/// The authors' code swaps the two weights of the linear interpolation; here they are in place.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<spline>.
/// Certificate: in closed form; the mean squared error before and after, which is not what it
/// minimises. No samples: p stays. Constant scores: the hit rate.
/// Outputs of exactly 0 and 1 occur, and make the NLL infinite: see mixed_with_uniform.
/// Cost: O(n) to sort and to fit; O(log m) a number to map, 16 m bytes, m different scores. Weights
/// count as repetition. Keeps: neither order nor prediction.
/// Source: Gupta et al., "Calibration of neural networks using splines", ICLR 2021.
class spline final : public detail::knot_map<spline> {
 public:
  static constexpr recalibrator_info info{
      .name = "spline",
      .map = "s + S', S a cubic spline of the cumulated y - s",
      .objective = "squared error",
      .keeps = "nothing",
      .source = "Gupta et al., ICLR 2021",
  };
  static constexpr std::string_view kind = info.name;
  using detail::knot_map<spline>::knot_map;

  static spline fit(const binary_samples& samples, const options&) {
    const std::vector<detail::pooled_block> tied = detail::tied_blocks(samples.pairs);
    double total = 0;
    for (const detail::pooled_block& b : tied) total += b.weight;
    detail::spline_fit<6> cumulated;
    double weight = 0, surplus = 0;
    std::vector<double> share{0};
    for (const detail::pooled_block& b : tied) {
      const double more = surplus + (b.hits - b.weight * b.first);
      weight += b.weight;
      share.push_back(weight / total);
      cumulated.add(share[share.size() - 2], share.back(), surplus / total, more / total);
      surplus = more;
    }
    const auto fitted = cumulated.fitted();
    std::vector<double> x, y;
    for (std::size_t i = 0; i < tied.size(); ++i) {
      x.push_back(tied[i].first);
      y.push_back(std::clamp(x[i] + fitted.mean_slope(share[i], share[i + 1]), 0.0, 1.0));
    }
    return through(samples, tied, std::move(x), std::move(y));
  }
};

}  // namespace calibra
