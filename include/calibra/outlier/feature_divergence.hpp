// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/nearest_rows.hpp"
#include "calibra/error.hpp"

namespace calibra {

/// Feature divergence: the mean Euclidean distance from each feature, brought to norm 1, to its M
/// nearest other features. Large where the class texts lie far apart, which goes with
/// overconfidence on new classes in the paper below.
///
/// Formula: (1/N) sum_i (1/m) sum_{j in the m nearest of i, j != i} |u_i - u_j|,
///   m = min(M, N - 1), u_i = row i / |row i|.
/// Shapes: N x D, a row a text feature. `nearest`: M, at least 1. Range: [0, 2].
/// Undefined: NaN for N < 2. Mergeable: no, it needs every feature.
/// Cost: O(N^2 D) time and O(N (D + M)) memory, in double.
/// Throws: option_error for M = 0; shape_error for D = 0; value_error with the row (and column) for
///   a NaN, an infinity, a row of zeros, or a norm that overflows.
/// Ref: Wang, Li, Wei, ICML 2025 (arXiv 2410.02681).
template<score_matrix Features>
[[nodiscard]] double feature_divergence(const Features& features, std::size_t nearest = 5) {
  const auto held = detail::hold<detail::as_matrix>(features);
  const auto view = held.view();
  if (nearest == 0) throw option_error("feature_divergence(): expected nearest >= 1, got 0");
  const std::size_t n = view.rows();
  if (view.cols() == 0)
    throw shape_error(detail::concat("feature_divergence(): features is ", n,
                                     " x 0; expected at least one column"));
  const matrix<double> units = detail::unit_rows("feature_divergence()", "features", view);
  if (n < 2) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t m = std::min(nearest, n - 1);
  std::vector<double> smallest(n * m, std::numeric_limits<double>::max());
  const auto keep = [&](std::size_t row, double distance) {
    double* const first = smallest.data() + row * m;
    detail::keep_smallest(first, first + m, distance);
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double d = std::sqrt(detail::squared_distance(&units(i, 0), &units(j, 0), view.cols()));
      keep(i, d);
      keep(j, d);
    }
  }
  double sum = 0;
  for (const double d : smallest) sum += d;
  return sum / static_cast<double>(smallest.size());
}

}  // namespace calibra
