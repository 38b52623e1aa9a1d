// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

enum class band_kind {
  consistency,  ///< where the curve of a calibrated model lies: hits drawn with their confidence
  confidence,   ///< where the curve of other samples would lie: rows drawn again
};

struct band_options {
  band_kind kind = band_kind::consistency;
  double level = 0.9;  ///< of each point by itself
  std::size_t replicates = 1000;
  std::uint64_t seed = 0;
  std::size_t points = 200;  ///< at most so many of the confidences
};

/// A place of a band around a CORP reliability curve.
struct band_point {
  double confidence = 0;
  double lower = 0, upper = 0;  ///< of the frequency there
};

/// Bands for corp_curve(): at each of some confidences that occur, the quantiles of the curves of
/// `replicates` other samples. A consistency band lies around the diagonal: a curve outside it is
/// not that of a calibrated model, of this many samples, by chance. Levels hold for every point by
/// itself.
///
/// Points are evenly spaced among the confidences in ascending order. At a point a drawn curve is
/// its step there or below, or its first; the quantiles are those of rank floor((1 - level) / 2
/// (replicates - 1)) from either end. Weights: confidence bands take them as they are; drawn hits
/// weigh what the pair weighs. No samples: no points. The same result for the same seed. Cost: O(n
/// log n + replicates n): 1,000 replicates of a million rows take 10^9 steps. Throws option_error
/// for fewer than 20 replicates, fewer than 2 points, and a level outside (0, 1).
/// Ref: Dimitriadis, Gneiting and Jordan, PNAS 2021, section 2 (resampling).
[[nodiscard]] inline std::vector<band_point> corp_bands(const sample& pairs,
                                                        const band_options& o = {}) {
  if (o.replicates < 20)
    throw option_error(
        detail::concat("corp_bands(): expected at least 20 replicates, got ", o.replicates));
  if (o.points < 2)
    throw option_error(detail::concat("corp_bands(): expected at least 2 points, got ", o.points));
  if (!(o.level > 0 && o.level < 1))
    throw option_error(
        detail::concat("corp_bands(): expected a level between 0 and 1, got ", o.level));
  return detail::with_sorted(pairs, [&](const sample& sorted) {
    std::vector<std::size_t> rows;  // those that weigh something
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (sorted.weight(i) > 0) rows.push_back(i);
    std::vector<double> distinct;
    for (const std::size_t i : rows)
      if (distinct.empty() || distinct.back() != sorted.confidence(i))
        distinct.push_back(sorted.confidence(i));
    std::vector<band_point> band;
    const std::size_t count = std::min(o.points, distinct.size());
    for (std::size_t k = 0; k < count; ++k)
      band.push_back(
          {.confidence = distinct[count > 1 ? k * (distinct.size() - 1) / (count - 1) : 0]});

    std::vector<std::vector<double>> drawn(band.size());
    std::vector<std::size_t> times(rows.size());
    std::vector<detail::pooled_block> blocks;
    for (std::size_t r = 0; r < o.replicates; ++r) {
      detail::counter_random random(o.seed, r);
      if (o.kind == band_kind::confidence) {
        std::fill(times.begin(), times.end(), std::size_t{0});
        for (std::size_t i = 0; i < rows.size(); ++i)
          ++times[static_cast<std::size_t>(random.uniform() * static_cast<double>(rows.size()))];
      }
      blocks.clear();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double c = sorted.confidence(rows[i]);
        double w = sorted.weight(rows[i]);
        bool hit = sorted.hit(rows[i]);
        if (o.kind == band_kind::consistency)
          hit = random.uniform() < c;
        else
          w *= static_cast<double>(times[i]);
        if (w == 0) continue;
        detail::add_ascending(blocks, c, w, hit);
      }
      const std::vector<detail::pooled_block> curve = detail::pool_adjacent(blocks);
      // The block at or below each point; at first the lowest.
      for (std::size_t k = 0, b = 0; k < band.size(); ++k) {
        while (b + 1 < curve.size() && curve[b + 1].first <= band[k].confidence) ++b;
        drawn[k].push_back(curve[b].mean());
      }
    }
    for (std::size_t k = 0; k < band.size(); ++k) {
      std::sort(drawn[k].begin(), drawn[k].end());
      const double cut = (1 - o.level) / 2 * static_cast<double>(o.replicates - 1);
      band[k].lower = drawn[k][static_cast<std::size_t>(std::floor(cut))];
      band[k].upper = drawn[k][o.replicates - 1 - static_cast<std::size_t>(std::floor(cut))];
    }
    return band;
  });
}

}  // namespace calibra
