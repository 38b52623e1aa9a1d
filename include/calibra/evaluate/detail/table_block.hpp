// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "calibra/rows/row_worker.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/summary.hpp"

namespace calibra::detail {

/// Adds a block of at most 1024 checked samples to a table: sums within the block are plain, blocks
/// are added up with compensation. `weights` may be null.
inline void add_block(reliability_table& table, const double* confidence, const unsigned char* hit,
                      const double* weights, std::size_t n) {
  constexpr std::size_t local = 32;
  const std::size_t size = table.size();
  const binning& bins = table.bins();
  if (weights != nullptr || size > local || !bins.by_edges()) {
    for (std::size_t i = 0; i < n; ++i)
      table.add_unchecked(confidence[i], hit[i] != 0, weights == nullptr ? 1.0 : weights[i]);
    return;
  }
  // A confidence lies in as high a bin as there are inner edges below it: c > e, or c >= e, which
  // is c > the number before e.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto count_of_bins = static_cast<double>(size);
  std::array<double, 2 * local> below;
  below.fill(infinity);
  below[0] = -infinity;
  bool even = true;
  for (std::size_t b = 1; b < size; ++b) {
    const double edge = bins.edges()[b];
    even = even && std::abs(edge * count_of_bins - static_cast<double>(b)) < 0.25;
    below[b] = bins.side() == edge_side::right_closed ? edge : std::nextafter(edge, -infinity);
  }
  // Several sets of counters: neighbouring samples that share a bin need not wait for each other.
  struct plain {
    std::uint64_t count;
    double confidence;
    double miss;
  };
  constexpr std::size_t sets = 4;
  std::array<std::array<plain, 2 * local>, sets> counters;  // [set][2 bin + hit]
  for (auto& set : counters) std::fill_n(set.begin(), 2 * size, plain{});
  const auto add_to = [&](std::array<plain, 2 * local>& set, std::size_t bin, std::size_t i) {
    plain& at = set[2 * bin + hit[i]];
    const double miss = confidence[i] - static_cast<double>(hit[i]);
    ++at.count;
    at.confidence += confidence[i];
    at.miss += miss * miss;
  };
  std::size_t i = 0;
  if (even) {
    // A guess that is the bin or the one before it.
    const auto bin_of = [&](double c) {
      const auto bin =
          static_cast<std::size_t>(static_cast<std::int64_t>(c * count_of_bins - 0.25));
      return bin + static_cast<std::size_t>(c > below[bin + 1]);
    };
    for (; i + sets <= n; i += sets)
      for (std::size_t s = 0; s < sets; ++s) add_to(counters[s], bin_of(confidence[i + s]), i + s);
    for (; i < n; ++i) add_to(counters[0], bin_of(confidence[i]), i);
  } else {
    for (; i < n; ++i) {
      std::size_t bin = 0;
      for (std::size_t step = local / 2; step > 0; step /= 2)
        bin += confidence[i] > below[bin + step] ? step : 0;
      add_to(counters[i % sets], bin, i);
    }
  }
  for (std::size_t b = 0; b < size; ++b) {
    std::uint64_t count = 0, hits = 0;
    double sum = 0, misses = 0;
    for (const auto& set : counters) {
      count += set[2 * b].count + set[2 * b + 1].count;
      hits += set[2 * b + 1].count;
      sum += set[2 * b].confidence + set[2 * b + 1].confidence;
      misses += set[2 * b].miss + set[2 * b + 1].miss;
    }
    if (count != 0)
      table.add_sums(b, {.count = count,
                         .weight = static_cast<double>(count),
                         .squared_weight = static_cast<double>(count),
                         .confidence = sum,
                         .hits = static_cast<double>(hits),
                         .squared_miss = misses});
  }
}

/// Adds a block to the sums without bins. `confidences`: there are no predicted classes, and the
/// hit is what is right.
inline void add_block(summary& means, const row_block& block, bool confidences) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  summary::sums s;
  for (std::size_t i = 0; i < block.size; ++i) {
    const double w = block.weight == nullptr ? 1.0 : block.weight[i];
    if (w == 0) continue;  // an infinite loss of weight 0 is no loss
    const double miss = block.confidence[i] - static_cast<double>(block.hit[i]);
    s.weight += w;
    s.correct += w * static_cast<double>((confidences ? block.hit : block.correct)[i]);
    s.confidence += w * block.confidence[i];
    s.nll -= confidences ? nan : w * block.log_likelihood[i];
    s.brier += confidences ? nan : w * block.brier[i];
    s.brier_top += w * miss * miss;
  }
  means.add_sums(block.size, s);
}

}  // namespace calibra::detail
