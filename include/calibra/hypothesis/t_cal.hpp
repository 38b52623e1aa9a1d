// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/error.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace hypothesis {

/// T-Cal, adaptive: the debiased squared error on 2, 4, ..., 2^B bins of equal width, against
/// outcomes drawn with the confidences.
///
/// Statistic of b: sum over bins of (s^2 - q) / n, s = sum (c - y) and q = sum (c - y)^2 over the
///   n samples of a bin; b = 1, ..., B, B = floor(2 log2(n / sqrt(ln n))), at most 30, and
///   while 100 pairs of samples share a bin. Law:
///   `draws` draws of all outcomes, y ~ Bernoulli(c), confidences as they are; p is that of the
///   furthest b in standard deviations of the draws, the statistic given, among those of the draws
///   (Westfall and Young 1993): at least 1 / (draws + 1). The authors draw confidences as well, and
///   split the level over b. Weights: samples of weight 0 are left out; of other weights
///   than 1 there is no result. Fewer than 3 samples: NaN. Confidence 1 is in the last bin.
/// Cost: O(n B draws). Throws option_error for fewer than 19 draws. Ref: Lee, Huang, Hassani and
/// Dobriban, JMLR 2023 (arXiv 2203.01850).
struct t_cal {
  static constexpr test_info info{
      .name = "t_cal",
      .statistic = "the largest of the debiased squared errors on 2, 4, 8, ... bins, standardised",
      .law = "outcomes drawn with the confidences",
      .blind_to = "nothing, with enough samples; less power than others against plain shifts",
      .source = "Lee et al., JMLR 2023",
  };
  std::size_t draws = 1000;
  std::uint64_t seed = 0;

  [[nodiscard]] test_result of(const sample& sorted) const {
    if (draws < 19)
      throw option_error(detail::concat("t_cal_test(): expected at least 19 draws, got ", draws));
    test_result r;
    std::vector<double> c;
    std::vector<unsigned char> y;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const double w = sorted.weight(i);
      if (w != 0 && w != 1) {
        r.note = "needs samples that weigh the same";
        return r;
      }
      if (w == 0) continue;
      c.push_back(std::min(1.0, sorted.confidence(i)));
      y.push_back(sorted.hit(i) ? 1 : 0);
    }
    if (c.size() < 3) {
      r.note = "needs at least 3 samples";
      return r;
    }
    const std::vector<std::vector<std::uint32_t>> ends = bin_ends(c);
    const std::size_t levels = ends.size();
    std::vector<double> sums(c.size() + 1), squares(c.size() + 1);
    std::vector<std::vector<double>> drawn(levels, std::vector<double>(draws + 1));
    const auto measure = [&](std::size_t place) {
      for (std::size_t i = 0; i < c.size(); ++i) {
        const double u = c[i] - static_cast<double>(y[i]);
        sums[i + 1] = sums[i] + u;
        squares[i + 1] = squares[i] + u * u;
      }
      for (std::size_t b = 0; b < levels; ++b) drawn[b][place] = statistic(ends[b], sums, squares);
    };
    measure(0);
    for (std::size_t d = 1; d <= draws; ++d) {
      detail::counter_random random(seed, d);
      for (std::size_t i = 0; i < c.size(); ++i) y[i] = random.uniform() < c[i] ? 1 : 0;
      measure(d);
    }
    // The furthest out of all levels, in standard deviations: of the sample, and of every draw.
    std::vector<double> furthest(draws + 1, 0.0);
    for (const std::vector<double>& level : drawn) {
      double mean = 0, spread = 0;
      const auto all = static_cast<double>(draws + 1);
      for (const double x : level) mean += x / all;
      for (const double x : level) spread += (x - mean) * (x - mean);
      if (!(spread > 0)) continue;
      const double deviation = std::sqrt(spread / all);
      for (std::size_t d = 0; d <= draws; ++d)
        furthest[d] = std::max(furthest[d], (level[d] - mean) / deviation);
    }
    constexpr double rounding = 1e-9;  // samples that are tied are summed in any order
    const auto as_far = std::count_if(furthest.begin(), furthest.end(),
                                      [&](double x) { return x >= furthest[0] - rounding; });
    r.statistic = furthest[0];
    r.p = static_cast<double>(as_far) / static_cast<double>(draws + 1);
    r.note = detail::concat(levels, " numbers of bins, ", draws, " draws");
    return r;
  }

 private:
  static double most_levels(std::size_t n) {
    const auto count = static_cast<double>(n);
    return std::clamp(2 * std::log2(count / std::sqrt(std::log(count))), 1.0, 30.0);
  }
  /// For each level where its bins begin and end in the ascending confidences, those of several
  /// samples; no level with fewer than 100 pairs, but for the first.
  static std::vector<std::vector<std::uint32_t>> bin_ends(const std::vector<double>& c) {
    constexpr double few = 100;
    std::vector<std::vector<std::uint32_t>> ends;
    for (int b = 1; b <= most_levels(c.size()); ++b) {
      const double bins = std::ldexp(1.0, b);
      const auto bin = [&](std::size_t i) { return std::min(std::floor(c[i] * bins), bins - 1); };
      std::vector<std::uint32_t> own;
      double pairs = 0;
      for (std::size_t first = 0; first < c.size();) {
        std::size_t last = first + 1;
        while (last < c.size() && bin(last) == bin(first)) ++last;
        if (last - first > 1) {
          own.push_back(static_cast<std::uint32_t>(first));
          own.push_back(static_cast<std::uint32_t>(last));
        }
        const auto n = static_cast<double>(last - first);
        pairs += n * (n - 1) / 2;
        first = last;
      }
      if (!ends.empty() && pairs < few) break;
      ends.push_back(std::move(own));
    }
    return ends;
  }
  static double statistic(const std::vector<std::uint32_t>& ends, const std::vector<double>& sums,
                          const std::vector<double>& squares) {
    double total = 0;
    for (std::size_t i = 0; i < ends.size(); i += 2) {
      const double s = sums[ends[i + 1]] - sums[ends[i]];
      const double q = squares[ends[i + 1]] - squares[ends[i]];
      total += (s * s - q) / static_cast<double>(ends[i + 1] - ends[i]);
    }
    return total;
  }
};

}  // namespace hypothesis

inline constexpr calibration_test<hypothesis::t_cal> t_cal_test{};

}  // namespace calibra
