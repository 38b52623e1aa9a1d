// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "calibra/detail/row_kernels.hpp"
#include "calibra/detail/row_worker.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/summary.hpp"

namespace calibra::detail {

/// Adds a block of at most 1024 checked samples to a table: sums within the block are plain, blocks
/// are added up with compensation. `weights` may be null.
inline void add_block(reliability_table& table, const double* confidence, const unsigned char* hit,
                      const double* weights, std::size_t n) {
  constexpr std::size_t local = 33;
  const binning& bins = table.bins();
  if (weights != nullptr || table.size() > local || !bins.by_edges()) {
    for (std::size_t i = 0; i < n; ++i)
      table.add_unchecked(confidence[i], hit[i] != 0, weights == nullptr ? 1.0 : weights[i]);
    return;
  }
  // A confidence lies in as high a bin as there are inner edges below it: c > e, or c >= e, which
  // is c > the number before e.
  std::array<double, local> below;
  for (std::size_t b = 1; b < table.size(); ++b) {
    const double edge = bins.edges()[b];
    below[b - 1] = bins.side() == edge_side::right_closed
                       ? edge
                       : std::nextafter(edge, -std::numeric_limits<double>::infinity());
  }
  // Several sets of counters: neighbouring samples that share a bin need not wait for each other.
  struct plain {
    std::uint64_t both;  // samples, and hits times 2^32
    double confidence;
    double miss;
  };
  constexpr std::size_t sets = 4;
  std::array<std::array<plain, sets>, local> counters;
  std::fill_n(counters.begin(), table.size(), std::array<plain, sets>{});
  const auto& kernels = kernels_for<double>(best_isa());
  std::array<double, 64> bin;
  for (std::size_t first = 0; first < n; first += bin.size()) {
    const std::size_t count = std::min(bin.size(), n - first);
    kernels.count_below(confidence + first, count, below.data(), table.size() - 1, bin.data());
    for (std::size_t i = 0; i < count; ++i) {
      plain& c = counters[static_cast<std::size_t>(bin[i])][i % sets];
      const double x = confidence[first + i];
      const double miss = x - static_cast<double>(hit[first + i]);
      c.both += 1 + (static_cast<std::uint64_t>(hit[first + i]) << 32);
      c.confidence += x;
      c.miss += miss * miss;
    }
  }
  for (std::size_t b = 0; b < table.size(); ++b) {
    std::uint64_t both = 0;
    double sum = 0, misses = 0;
    for (const plain& c : counters[b]) {
      both += c.both;
      sum += c.confidence;
      misses += c.miss;
    }
    const std::uint64_t count = both & 0xffffffffu;
    if (count != 0)
      table.add_sums(b, {.count = count,
                         .weight = static_cast<double>(count),
                         .squared_weight = static_cast<double>(count),
                         .confidence = sum,
                         .hits = static_cast<double>(both >> 32),
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
