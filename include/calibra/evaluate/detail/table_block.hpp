// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "calibra/rows/isa.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/summary.hpp"

namespace calibra::detail {

/// The bins of a block: key[i] is 2 bin + hit in its low 32 bits, miss[i] is (confidence - hit)^2.
inline void bin_block(const binning& bins, const double* confidence, const unsigned char* hit,
                      std::size_t n, double* key, double* miss) {
  const bool certain =
      kernels_for<double>(best_isa()).equal_width_keys(confidence, hit, n, bins.size(), key, miss);
  if (certain && bins.even()) return;
  for (std::size_t i = 0; i < n; ++i)
    key[i] =
        std::bit_cast<double>(2 * static_cast<std::uint64_t>(bins.index(confidence[i])) + hit[i]);
}

/// Adds a block of checked samples, those of a tile at most, to a table: sums within the block are
/// plain, blocks are added up with compensation. `weights` may be null.
inline void add_block(reliability_table& table, const double* confidence, const unsigned char* hit,
                      const double* weights, std::size_t n) {
  constexpr std::size_t most_bins = 128;
  const std::size_t size = table.size();
  if (weights != nullptr || size > most_bins || !table.bins().by_edges()) {
    for (std::size_t i = 0; i < n; ++i)
      table.add_unchecked(confidence[i], hit[i] != 0, weights == nullptr ? 1.0 : weights[i]);
    return;
  }
  double key[most_tile_rows], miss[most_tile_rows];
  bin_block(table.bins(), confidence, hit, n, key, miss);
  // Several sets of counters: neighbouring samples that share a bin need not wait for each other.
  struct plain {
    std::uint64_t count;
    double confidence;
    double miss;
  };
  constexpr std::size_t sets = 4;
  plain counters[sets][2 * most_bins];  // [set][2 bin + hit]
  for (auto& set : counters) std::fill_n(set, 2 * size, plain{});
  const auto add_to = [&](plain* set, std::size_t i) {
    plain& at = set[static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(key[i]))];
    ++at.count;
    at.confidence += confidence[i];
    at.miss += miss[i];
  };
  std::size_t i = 0;
  for (; i + sets <= n; i += sets)
    for (std::size_t s = 0; s < sets; ++s) add_to(counters[s], i + s);
  for (; i < n; ++i) add_to(counters[0], i);
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
