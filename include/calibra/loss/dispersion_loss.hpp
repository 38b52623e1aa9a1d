// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/feature_loss.hpp"

namespace calibra {

namespace detail {

struct dispersion_loss_form {
  static constexpr std::string_view where = "dispersion_loss()";

  static double compute(const matrix<double>& units, matrix<double>* gradient) {
    const std::size_t rows = units.rows(), cols = units.cols();
    const double n = static_cast<double>(rows);
    // From the first row on, so that the distances of equal rows are exactly 0.
    std::vector<double> mean(cols);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < cols; ++j) mean[j] += (units(i, j) - units(0, j)) / n;
    const auto apart = [&](std::size_t i, std::size_t j) {
      return units(i, j) - units(0, j) - mean[j];
    };
    double sum = 0;
    std::vector<double> slopes(cols);  // the mean of the directions from the centre
    for (std::size_t i = 0; i < rows; ++i) {
      double squares = 0;
      for (std::size_t j = 0; j < cols; ++j) squares += apart(i, j) * apart(i, j);
      const double distance = std::sqrt(squares);
      sum += distance;
      if (gradient == nullptr || distance == 0) continue;
      for (std::size_t j = 0; j < cols; ++j) {
        const double slope = apart(i, j) / distance / n;
        (*gradient)(i, j) -= slope;
        slopes[j] += slope / n;
      }
    }
    if (gradient != nullptr)
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j) (*gradient)(i, j) += slopes[j];
    return -sum / n;
  }
};

}  // namespace detail

/// The loss of C-TPT: the average distance of the class texts' features from their mean, with a
/// minus. A trainer that adds it spreads the features.
///
/// Formula: L = -(1/C) sum_c |u_c - m|, m = (1/C) sum_c u_c, u_c = t_c / max(|t_c|, e), e = 1e-8;
///   t_c is row c of `features`. For rows of norm 1 it is the published one.
/// Shapes: C x D, of any real type: a row a class. Range: [-1, 0].
/// Edges: a feature at the mean has distance and slope 0; so have all for C = 1 and for equal rows.
/// Empty: C = 0 gives NaN. Cost: O(C D) time and memory; sums in double.
/// Mergeable: no, it needs every feature.
/// Throws: shape_error for D = 0; value_error with the row (and column) for a NaN, an infinity or a
///   norm that overflows.
/// Ref: Yoon et al., "C-TPT: Calibrated Test-Time Prompt Tuning for Vision-Language Models via Text
///   Feature Dispersion", ICLR 2024, the average text feature dispersion (ATFD).
template<score_matrix Features>
[[nodiscard]] double dispersion_loss(const Features& features) {
  return detail::feature_loss<detail::dispersion_loss_form>(features);
}

/// The same, and its gradient by `features`, written to `gradient`: a mutable C x D array of float
/// or double, which may be `features` itself.
///
/// Formula: dL/du_c = -(q_c - (1/C) sum_k q_k) / C, q_c = (u_c - m)/|u_c - m|, or 0 where u_c is m;
///   dL/dt_c = (g - (g.u_c) u_c) / |t_c| of g = dL/du_c, or g/e where |t_c| < e.
/// Throws: as the form above, and shape_error for a gradient of another shape, before an element of
///   `gradient` is written.
template<score_matrix Features, readable_array Gradient>
double dispersion_loss(const Features& features, Gradient&& gradient) {
  return detail::feature_loss<detail::dispersion_loss_form>(features, gradient);
}

}  // namespace calibra
