// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/feature_loss.hpp"

namespace calibra {

namespace detail {

struct orthogonality_loss_form {
  static constexpr std::string_view where = "orthogonality_loss()";

  static double compute(const matrix<double>& units, matrix<double>* gradient) {
    matrix<double> excess = row_products(units, units);
    double sum = 0;
    for (std::size_t i = 0; i < units.rows(); ++i) {
      excess(i, i) -= 1;
      for (std::size_t j = 0; j < units.rows(); ++j) sum += excess(i, j) * excess(i, j);
    }
    if (gradient == nullptr) return sum;
    for (std::size_t i = 0; i < units.rows(); ++i)
      for (std::size_t j = 0; j < units.rows(); ++j)
        for (std::size_t k = 0; k < units.cols(); ++k)
          (*gradient)(i, k) += 4 * excess(i, j) * units(j, k);
    return sum;
  }
};

}  // namespace detail

/// The loss of O-TPT: how far the class texts' features are from being orthogonal.
///
/// Formula: L = |U U^T - I|_F^2 = sum_ij (u_i.u_j - [i = j])^2, u_c = t_c / max(|t_c|, e),
///   e = 1e-8; t_c is row c of `features`. A sum over all C^2 pairs, both orders, and not their
///   mean: divide the weight by C^2 for that.
/// Shapes: C x D, of any real type: a row a class. Range: [0, C (C - 1)] for rows that are not
///   shorter than e; a row of zeros adds 1. At least C^2/D - C, so above 0 for C > D.
/// Edges: C = 1 gives 0 up to rounding.
/// Empty: C = 0 gives NaN. Cost: O(C^2 D) time, O(C (C + D)) memory; sums in double.
/// Mergeable: no, it needs every feature.
/// Throws: as dispersion_loss.
/// Ref: Sharifdeen et al., "O-TPT: Orthogonality Constraints for Calibrating Test-time Prompt
/// Tuning
///   in Vision-Language Models", CVPR 2025 (arXiv 2503.12096). Its scale was not compared with the
///   published code.
template<score_matrix Features>
[[nodiscard]] double orthogonality_loss(const Features& features) {
  return detail::feature_loss<detail::orthogonality_loss_form>(features);
}

/// The same, and its gradient by `features`, written to `gradient`: a mutable C x D array of float
/// or double, which may be `features` itself.
///
/// Formula: dL/dU = 4 (U U^T - I) U; to dL/dt_c as for dispersion_loss.
/// Throws: as the form above, and shape_error for a gradient of another shape, before an element of
///   `gradient` is written.
template<score_matrix Features, readable_array Gradient>
double orthogonality_loss(const Features& features, Gradient&& gradient) {
  return detail::feature_loss<detail::orthogonality_loss_form>(features, gradient);
}

}  // namespace calibra
