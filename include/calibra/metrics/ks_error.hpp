// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "calibra/table/sample.hpp"

namespace calibra {

/// Kolmogorov-Smirnov calibration error: the largest distance between the cumulative accuracy and
/// the cumulative confidence, max_k |sum_{i <= k} w_i (hit_i - confidence_i)| / W over the sample
/// in ascending order of confidence, with W the total weight (w_i = 1 if unweighted). It needs no
/// bins.
///
/// Pairs of equal confidence enter together, so k runs over the ends of ties only and the order of
/// the rows does not matter.
/// Range: [0, 1] for confidences in [0, 1]. NaN if the sample is empty or its weights sum to 0.
/// Cost: O(n) for a sorted sample; otherwise a sorted copy is made, O(n) as well.
/// Not mergeable: append samples instead.
/// Source: Gupta et al., "Calibration of Neural Networks using Splines", ICLR 2021
/// (arXiv:2006.12800).
template<class C>
double ks_error(const sample<C>& s) {
  return detail::with_sorted(s, [](const sample<C>& sorted) {
    const double total = sorted.total_weight();
    if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
    const std::size_t n = sorted.size();
    double sum = 0, largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double c = sorted.confidence(i);
      sum += sorted.weight(i) * ((sorted.hit(i) ? 1.0 : 0.0) - c);
      if (i + 1 == n || sorted.confidence(i + 1) != c) largest = std::max(largest, std::abs(sum));
    }
    return largest / total;
  });
}

}  // namespace calibra
