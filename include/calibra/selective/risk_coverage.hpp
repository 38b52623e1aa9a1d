// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/metrics/over_coverage.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// A model that answers where its confidence is at least the threshold.
struct coverage_point {
  double threshold = 0;
  double coverage = 0;  ///< the share of samples that it answers
  double risk = 0;      ///< the share of misses among them
};

/// The risk-coverage curve: a point for each confidence that occurs, the greatest first. Samples of
/// one confidence are answered together, so that every point is a model that one can have. The area
/// under it: aurc.
///
/// Weights: take the place of counts; those of 0 are no samples. No samples: no points. Cost:
/// O(n log n). Not mergeable: pairs are. Ref: El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017.
[[nodiscard]] inline std::vector<coverage_point> risk_coverage(const sample& pairs) {
  return detail::with_sorted(pairs, [](const sample& sorted) {
    std::vector<coverage_point> curve;
    double weight = 0, misses = 0;
    for_each_tie_down(sorted, [&](const tied_pairs& t) {
      weight += t.weight;
      misses += t.misses;
      curve.push_back({t.confidence, weight, misses / weight});
    });
    for (coverage_point& p : curve) p.coverage /= weight;
    return curve;
  });
}
/// Of scores and labels: of the pairs that collect() gives. Of binary scores it asks for
/// options::binary to be binary_target::top_label: hits are then right predictions.
template<wrapped_scores S, class L>
[[nodiscard]] std::vector<coverage_point> risk_coverage(const S& scores, const L& labels,
                                                        const options& o = {}) {
  return risk_coverage(collect(scores, labels, o));
}

/// The greatest share of samples that can be answered at this risk or less, as a
/// point of the curve; coverage 0 and an infinite threshold where there is none. O(points). Throws
/// option_error for a risk outside [0, 1].
[[nodiscard]] inline coverage_point coverage_at_risk(const std::vector<coverage_point>& curve,
                                                     double risk) {
  if (!(risk >= 0 && risk <= 1))
    throw option_error(detail::concat("coverage_at_risk(): expected a risk in [0, 1], got ", risk));
  coverage_point best{std::numeric_limits<double>::infinity(), 0, 0};
  for (const coverage_point& p : curve)
    if (p.risk <= risk) best = p;
  return best;
}

/// The point of the curve with the least coverage that is at least this one, to 12 digits.
/// O(points). Throws
/// option_error for a coverage outside (0, 1], and for a curve without points.
[[nodiscard]] inline coverage_point risk_at_coverage(const std::vector<coverage_point>& curve,
                                                     double coverage) {
  if (!(coverage > 0 && coverage <= 1))
    throw option_error(
        detail::concat("risk_at_coverage(): expected a coverage in (0, 1], got ", coverage));
  if (curve.empty()) throw option_error("risk_at_coverage(): the curve has no points");
  const auto at = std::find_if(curve.begin(), curve.end(), [&](const coverage_point& p) {
    return p.coverage >= coverage * (1 - 1e-12);
  });
  return at == curve.end() ? curve.back() : *at;
}

}  // namespace calibra
