// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/proper_score.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// Samples that isotonic regression gives one frequency: a step of the CORP reliability curve.
struct corp_step {
  double first = 0, last = 0;  ///< their lowest and highest confidence
  double confidence = 0;       ///< mean
  double frequency = 0;        ///< the share of hits: what is isotonic
  double weight = 0;
};

/// score = miscalibration - discrimination + uncertainty, to rounding.
struct corp_parts {
  double score = std::numeric_limits<double>::quiet_NaN();  ///< the mean of the pairs
  double miscalibration = std::numeric_limits<double>::quiet_NaN();
  double discrimination = std::numeric_limits<double>::quiet_NaN();
  double uncertainty = std::numeric_limits<double>::quiet_NaN();
};

/// The CORP reliability curve: the hits as an isotonic function of the confidence, steps ascending.
/// It has no bins to choose, and is the same for every order of the rows. No samples: no steps.
/// Cost: O(n log n). Not mergeable: pairs are.
/// Ref: Dimitriadis, Gneiting and Jordan, PNAS 2021.
[[nodiscard]] inline std::vector<corp_step> corp_curve(const sample& pairs) {
  std::vector<corp_step> steps;
  for (const detail::pooled_block& b : detail::pool_adjacent(detail::tied_blocks(pairs)))
    steps.push_back({b.first, b.last, b.centre(), b.mean(), b.weight});
  return steps;
}

namespace detail {

/// The mean score of samples of which `hits` of `weight` are hits, each told p.
inline double score_of(proper_score score, double p, double hits, double weight) {
  if (score == proper_score::squared) return hits * (1 - p) * (1 - p) + (weight - hits) * p * p;
  const auto part = [](double w, double q) { return w > 0 ? -w * std::log(q) : 0.0; };
  return part(hits, p) + part(weight - hits, 1 - p);
}

}  // namespace detail

/// The CORP decomposition of the mean score of (confidence, hit) pairs.
///
/// Formula: S(c) = MCB - DSC + UNC; MCB = S(c) - S(q), DSC = S(r) - S(q), UNC = S(r), q the
/// isotonic
///   frequency of each pair (corp_curve()), r the share of hits: each part is >= 0, and MCB is what
///   the best monotone recalibration would take off. Of N x K scores the pairs are those of the
///   predicted class, so that the squared score is that of `brier_top`. Units: those of the score;
///   nats for logarithmic. A miss at confidence 1 has an infinite logarithmic score, and MCB with
///   it; isotonic scores are finite. No samples: NaN. Weights: take the place of counts. Cost:
///   O(n log n). Ref: Dimitriadis, Gneiting and Jordan, PNAS 2021, equation 3.
[[nodiscard]] inline corp_parts corp(const sample& pairs,
                                     proper_score score = proper_score::squared) {
  const std::vector<detail::pooled_block> tied = detail::tied_blocks(pairs);
  corp_parts out;
  if (tied.empty()) return out;
  detail::compensated_sum given, isotonic;
  detail::pooled_block all;
  bool infinite = false;
  for (const detail::pooled_block& b : tied) {
    // Confidences are equal: their own, not their mean, which rounds.
    const double one = detail::score_of(score, b.first, b.hits, b.weight);
    infinite = infinite || !detail::is_finite(one);
    if (!infinite) given += one;
    all.weight += b.weight;
    all.hits += b.hits;
  }
  for (const detail::pooled_block& b : detail::pool_adjacent(tied))
    isotonic += detail::score_of(score, b.mean(), b.hits, b.weight);
  const double best = isotonic.value() / all.weight;
  out.score = infinite ? std::numeric_limits<double>::infinity() : given.value() / all.weight;
  out.uncertainty = detail::score_of(score, all.mean(), all.hits, all.weight) / all.weight;
  out.miscalibration = out.score - best;
  out.discrimination = out.uncertainty - best;
  return out;
}

}  // namespace calibra
