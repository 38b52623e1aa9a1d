// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "calibra/diagram/curve_diagrams.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/metrics/smooth_ece.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// A point of a smoothed reliability curve.
struct smooth_point {
  double confidence = 0;  ///< the mean around here
  double frequency = 0;   ///< of hits around here
  double deviation = 0;   ///< the standard deviation of that frequency, of a calibrated model
};

/// The frequency of hits around each confidence: means with Gaussian weights of width sigma,
/// reflected at 0 and 1, at `points` confidences; those further than about a sigma from every
/// sample are left out. The gap between frequency and confidence is, but for further reflections of
/// wide kernels, what smooth_ece() averages.
///
/// Formula: at t, sum_i w_i K(t, c_i) x_i / sum_i w_i K(t, c_i) for x = c and x = hit; deviation:
///   the root of sum_i w_i^2 K^2 c_i (1 - c_i), over that sum. A point is left out where no K, 1 at
///   its peak, is above exp(-1/2).
/// Pairs are first gathered on 4,096 steps of [0, 1]. Cost: O(N + 4096 points). No samples, or a
/// sigma below 1e-5: nothing. Ref: Blasiok and Nakkiran 2024 (arXiv 2309.12236).
[[nodiscard]] inline std::vector<smooth_point> smooth_curve(const sample& pairs, double sigma,
                                                            std::size_t points = 200) {
  struct step {
    double weight = 0, confidence = 0, hits = 0, variance = 0;
  };
  constexpr std::size_t steps = 4096;
  std::vector<step> grid(steps);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double c = std::clamp(pairs.confidence(i), 0.0, 1.0), w = pairs.weight(i);
    step& s = grid[std::min(steps - 1, static_cast<std::size_t>(c * steps))];
    s.weight += w;
    s.confidence += w * c;
    s.hits += pairs.hit(i) ? w : 0;
    s.variance += w * w * c * (1 - c);
  }
  std::vector<smooth_point> curve;
  if (!(sigma >= 1e-5)) return curve;
  const auto bell = [&](double away) {
    const double x = away / sigma;
    return std::exp(-0.5 * x * x);
  };
  for (std::size_t p = 0; p < points; ++p) {
    const double t = points == 1 ? 0.5 : static_cast<double>(p) / static_cast<double>(points - 1);
    step all;
    double nearest = 0;
    for (const step& s : grid) {
      if (s.weight == 0) continue;
      const double c = s.confidence / s.weight;
      const double k = bell(t - c) + bell(t + c) + bell(2 - t - c);
      nearest = std::max(nearest, k);
      all.weight += k * s.weight;
      all.confidence += k * s.confidence;
      all.hits += k * s.hits;
      all.variance += k * k * s.variance;
    }
    if (nearest < bell(sigma)) continue;
    curve.push_back(
        {all.confidence / all.weight, all.hits / all.weight, std::sqrt(all.variance) / all.weight});
  }
  return curve;
}

/// The smoothed reliability curve at the bandwidth that smooth_ece() finds, with the band in which
/// 95 % of calibrated models lie at each point, and below how many samples there are. No samples:
/// an empty frame. Ref: Blasiok and Nakkiran 2024 (arXiv 2309.12236).
[[nodiscard]] inline picture smooth_diagram(const sample& pairs, const std::string& title = {}) {
  using namespace detail;
  const smooth_ece_result found = smooth_ece.details(pairs);
  const double z = two_sided("smooth_diagram()", 0.95);
  std::vector<point> low, high, curve;
  for (const smooth_point& s : smooth_curve(pairs, found.bandwidth)) {
    low.push_back({s.confidence, std::max(0.0, s.confidence - z * s.deviation)});
    high.push_back({s.confidence, std::min(1.0, s.confidence + z * s.deviation)});
    curve.push_back({s.confidence, s.frequency});
  }
  return frequency_curve(
      pairs, title, {"smoothed", std::move(curve)},
      {"95 % of calibrated models", std::move(low), std::move(high)}, "Smoothed reliability curve",
      is_nan(found.value) ? ""
                          : concat("Smooth ECE ", fixed_text(found.value, 4), ", bandwidth ",
                                   fixed_text(found.bandwidth, 3), "."));
}

}  // namespace calibra
