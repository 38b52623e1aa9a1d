// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/table/sample.hpp"

namespace calibra::detail {

/// Samples of one confidence, or neighbours pooled: sums over them.
struct pooled_block {
  double first = 0;       ///< the lowest confidence
  double last = 0;        ///< the highest
  double weight = 0;      ///< sum of w
  double hits = 0;        ///< sum of w y
  double confidence = 0;  ///< sum of w c

  double mean() const { return hits / weight; }
  double centre() const { return confidence / weight; }
  /// sum of w (p - y)^2
  double squared_error(double p) const {
    return hits * (1 - p) * (1 - p) + (weight - hits) * p * p;
  }
  pooled_block& operator+=(const pooled_block& next) {
    last = next.last;
    weight += next.weight;
    hits += next.hits;
    confidence += next.confidence;
    return *this;
  }
};

/// Adds a sample to blocks of equal confidence; its own is no lower than theirs.
inline void add_ascending(std::vector<pooled_block>& blocks, double c, double w, bool hit) {
  const pooled_block one{c, c, w, hit ? w : 0, w * c};
  if (!blocks.empty() && blocks.back().last == c)
    blocks.back() += one;
  else
    blocks.push_back(one);
}

/// Samples of equal confidence as one block each, ascending. Those of weight 0 are left out.
inline std::vector<pooled_block> tied_blocks(const sample& pairs) {
  return with_sorted(pairs, [](const sample& sorted) {
    std::vector<pooled_block> blocks;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const double c = sorted.confidence(i), w = sorted.weight(i);
      if (w == 0) continue;
      add_ascending(blocks, c, w, sorted.hit(i));
    }
    return blocks;
  });
}

/// The same, but misses below every hit as one block: in an ascending fit they are one anyway. Of
/// a class among many they are nearly all samples, and need no order.
inline std::vector<pooled_block> blocks_above_misses(const sample& pairs) {
  double lowest_hit = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (pairs.hit(i) && pairs.weight(i) != 0)
      lowest_hit = std::min(lowest_hit, pairs.confidence(i));
  pooled_block misses{.first = 1, .last = 0};
  sample others(precision::float64);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double c = pairs.confidence(i);
    if (c >= lowest_hit) {
      others.push_back(c, pairs.hit(i), pairs.weight_if_any(i));
      continue;
    }
    const double w = pairs.weight(i);
    if (w == 0) continue;
    misses.first = std::min(misses.first, c);
    misses.last = std::max(misses.last, c);
    misses.weight += w;
    misses.confidence += w * c;
  }
  std::vector<pooled_block> blocks = tied_blocks(others);
  if (misses.weight > 0) blocks.insert(blocks.begin(), misses);
  return blocks;
}

/// The isotonic least-squares fit: neighbours are pooled until the means ascend strictly. The
/// pool-adjacent-violators algorithm, O(m).
inline std::vector<pooled_block> pool_adjacent(const std::vector<pooled_block>& blocks) {
  std::vector<pooled_block> pooled;
  for (const pooled_block& block : blocks) {
    pooled.push_back(block);
    while (pooled.size() > 1) {
      const pooled_block& high = pooled.back();
      pooled_block& low = pooled[pooled.size() - 2];
      // low.mean() < high.mean(), without rounding a quotient, and by more than sums of weights
      // round
      constexpr double rounding = 1e-14;
      if (low.hits * high.weight < high.hits * low.weight * (1 - rounding)) break;
      low += high;
      pooled.pop_back();
    }
  }
  return pooled;
}

}  // namespace calibra::detail
