// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/feature_loss.hpp"

namespace calibra {

namespace detail {

struct angular_separation_loss_form {
  static constexpr std::string_view where = "angular_separation_loss()";
  /// The largest cosine that has a slope; the smallest is minus this.
  static constexpr double most_cosine = 1 - 1e-6;

  static double compute(const matrix<double>& units, matrix<double>* gradient) {
    const std::size_t rows = units.rows(), cols = units.cols();
    const double n = static_cast<double>(rows);
    if (rows < 2) {
      constexpr double none = std::numeric_limits<double>::quiet_NaN();
      for (std::size_t k = 0; gradient != nullptr && k < cols; ++k) (*gradient)(0, k) = none;
      return none;
    }
    const matrix<double> cosines = row_products(units, units);
    double sum = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      std::size_t nearest = i == 0 ? 1 : 0;
      for (std::size_t j = nearest + 1; j < rows; ++j)
        if (j != i && cosines(i, j) > cosines(i, nearest)) nearest = j;
      const double cosine = std::clamp(cosines(i, nearest), -most_cosine, most_cosine);
      sum += std::acos(cosine);
      if (gradient == nullptr || cosine != cosines(i, nearest)) continue;
      const double slope = 1 / (n * std::sqrt((1 - cosine) * (1 + cosine)));
      for (std::size_t k = 0; k < cols; ++k) {
        (*gradient)(i, k) += slope * units(nearest, k);
        (*gradient)(nearest, k) += slope * units(i, k);
      }
    }
    return -sum / n;
  }
};

}  // namespace detail

/// The loss of A-TPT: the mean angle from each class text's feature to its nearest other, with a
/// minus.
///
/// Formula: L = -(1/C) sum_i min_{j != i} arccos(clamp(u_i.u_j, -c, c)), c = 1 - 1e-6,
///   u_c = t_c / max(|t_c|, e), e = 1e-8; t_c is row c of `features`.
/// Shapes: C x D, of any real type: a row a class. Range: [-3.1401788, -0.0014142]: the angles, in
///   radians, of c and -c.
/// Edges: among equally near features the first is the nearest, and the one that has a slope.
///   Beyond c or -c, where the arc cosine's slope would be without bound, the loss is constant:
///   equal features have slope 0.
/// Undefined: NaN for C < 2, with a gradient of NaN. Cost: O(C^2 D) time, O(C (C + D)) memory; sums
///   in double. Mergeable: no, it needs every feature.
/// Throws: as dispersion_loss.
/// Ref: Ahamed et al., "A-TPT: Angular Diversity Calibration Properties for Test-Time Prompt Tuning
///   of Vision-Language Models", 2025 (arXiv 2510.26441). The clamp is calibra's.
template<score_matrix Features>
[[nodiscard]] double angular_separation_loss(const Features& features) {
  return detail::feature_loss<detail::angular_separation_loss_form>(features);
}

/// The same, and its gradient by `features`, written to `gradient`: a mutable C x D array of float
/// or double, which may be `features` itself.
///
/// Formula: each i adds u_j / (C sin a) to dL/du_i and u_i / (C sin a) to dL/du_j, where j is its
///   nearest and a the angle between them; to dL/dt_c as for dispersion_loss.
/// Throws: as the form above, and shape_error for a gradient of another shape, before an element of
///   `gradient` is written.
template<score_matrix Features, readable_array Gradient>
double angular_separation_loss(const Features& features, Gradient&& gradient) {
  return detail::feature_loss<detail::angular_separation_loss_form>(features, gradient);
}

}  // namespace calibra
