// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// A cascade that asks the second model where the first is less confident than the threshold.
struct deferral_point {
  double threshold = 0;
  double deferred = 0;  ///< the share of samples that the second model answers
  double accuracy = 0;  ///< of both together
};

struct deferral_curve {
  /// A point for each confidence of the first model, the fewest deferred first; the last one asks
  /// the second model always.
  std::vector<deferral_point> points;
  /// Corners of what nobody can beat: samples are deferred first that the first model alone gets
  /// wrong, then those that both get right or wrong, then those that the second alone gets wrong.
  /// Thresholds are NaN.
  std::vector<deferral_point> oracle;
  /// Area under the line through the points, and under the oracle's.
  double area = std::numeric_limits<double>::quiet_NaN();
  double oracle_area = std::numeric_limits<double>::quiet_NaN();
};

/// The deferral curve of a cascade of two models: pairs of both on the same samples, in the same
/// order. Of the second model the hits alone count.
///
/// Weights: of the first model's pairs; those of the second are not looked at. No samples: no
/// points in either line, areas NaN. Throws shape_error for samples of different sizes. Cost: O(n
/// log n). Ref: Madras, Pitassi and Zemel 2018; confidence cascades: Jitkrittum et al., NeurIPS
/// 2023.
[[nodiscard]] inline deferral_curve deferral(const sample& first, const sample& second) {
  if (first.size() != second.size())
    throw shape_error(detail::concat("deferral(): expected as many pairs of both models, got ",
                                     first.size(), " and ", second.size()));
  struct change {
    double confidence, weight, gain;  // gain: of hits, if the sample is deferred
  };
  std::vector<change> changes;
  double weight = 0, right = 0, gains = 0, losses = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double w = first.weight(i);
    if (w == 0) continue;
    const double gain = (second.hit(i) ? 1.0 : 0.0) - (first.hit(i) ? 1.0 : 0.0);
    changes.push_back({first.confidence(i), w, gain * w});
    weight += w;
    if (first.hit(i)) right += w;
    (gain > 0 ? gains : losses) += w * std::abs(gain);
  }
  deferral_curve out;
  if (changes.empty()) return out;
  std::sort(changes.begin(), changes.end(),
            [](const change& a, const change& b) { return a.confidence < b.confidence; });
  double deferred = 0, hits = right;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i == 0 || changes[i].confidence != changes[i - 1].confidence)
      out.points.push_back({changes[i].confidence, deferred / weight, hits / weight});
    deferred += changes[i].weight;
    hits += changes[i].gain;
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  out.points.push_back({infinity, 1, hits / weight});
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double start = right / weight, most = (right + gains) / weight;
  out.oracle = {{nan, 0, start},
                {nan, gains / weight, most},
                {nan, 1 - losses / weight, most},
                {nan, 1, most - losses / weight}};
  const auto area = [](const std::vector<deferral_point>& line) {
    double sum = 0;
    for (std::size_t i = 1; i < line.size(); ++i)
      sum +=
          (line[i].deferred - line[i - 1].deferred) * (line[i].accuracy + line[i - 1].accuracy) / 2;
    return sum;
  };
  out.area = area(out.points);
  out.oracle_area = area(out.oracle);
  return out;
}

/// Of scores of both models and the labels that they share. Of binary scores it asks for
/// options::binary to be binary_target::top_label. Shapes and errors as collect(); value_error
/// where nan_policy::count left out rows of either.
template<wrapped_scores A, wrapped_scores B, class L>
[[nodiscard]] deferral_curve deferral(const A& first, const B& second, const L& labels,
                                      options o = {}) {
  o.threads = {1};  // in the order of the rows
  const auto pairs_of = [&](const auto& scores) {
    using T = std::remove_cvref_t<decltype(scores)>;
    evidence e = detail::part_of<detail::pairs_alone>("deferral()", {.pairs = true}, o,
                                                      detail::kind_of<T>, scores, labels);
    if (e.skipped != 0)
      throw value_error(detail::concat(
          "deferral(): expected the same samples to count in both, got ", e.skipped,
          " left out by nan_policy::count; leave them out of both by options::valid"));
    return std::move(*e.pairs);
  };
  return deferral(pairs_of(first), pairs_of(second));
}

}  // namespace calibra
