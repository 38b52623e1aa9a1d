// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/feature_rows.hpp"
#include "calibra/detail/gradient_view.hpp"

// One minus the mean cosine of the rows of two feature tables, with its gradient: what DOR and
// KgCoOp have in common.
namespace calibra::detail {

/// 1 - mean_b cos(tuned_b, zero_shot_b), and the gradient by `tuned` times `scale` where `gradient`
/// is given. Every check comes before the gradient's first element is written.
template<class T, class Z, class G>
double cosine_distance(std::string_view where, matrix_view<T> tuned, matrix_view<Z> zero_shot,
                       const matrix_view<G>* gradient, double scale) {
  check_same_shape(where, "tuned", tuned, "zero_shot", zero_shot);
  if (gradient) check_same_shape(where, "gradient", *gradient, "tuned", tuned);
  struct row {
    double norm, zero_shot_norm, cosine;
  };
  std::vector<row> rows(tuned.rows());
  double cosines = 0;
  for (std::size_t b = 0; b < rows.size(); ++b) {
    row& r = rows[b];
    r.norm = feature_norm(where, "tuned", tuned, b);
    r.zero_shot_norm = std::max(direction_norm(where, "zero_shot", zero_shot, b), norm_floor);
    double dot = 0;
    for (std::size_t j = 0; j < tuned.cols(); ++j)
      dot += feature(tuned, b, j) * feature(zero_shot, b, j);
    r.cosine = dot / r.zero_shot_norm / std::max(r.norm, norm_floor);
    cosines += r.cosine;
  }
  const double n = static_cast<double>(rows.size());
  for (std::size_t b = 0; gradient && b < rows.size(); ++b) {
    const row& r = rows[b];
    const double length = std::max(r.norm, norm_floor);
    const double along_zero_shot = -scale / n / length / r.zero_shot_norm;
    // Below the floor the divisor is constant, and so is the cosine's slope.
    const double along_tuned = r.norm >= norm_floor ? scale / n / length * r.cosine / length : 0;
    for (std::size_t j = 0; j < tuned.cols(); ++j)
      (*gradient)(b, j) = static_cast<G>(along_zero_shot * feature(zero_shot, b, j) +
                                         along_tuned * feature(tuned, b, j));
  }
  return rows.empty() ? std::numeric_limits<double>::quiet_NaN() : 1 - cosines / n;
}

template<class Tuned, class ZeroShot>
double cosine_distance(std::string_view where, const Tuned& tuned, const ZeroShot& zero_shot) {
  const auto t = hold<as_matrix>(tuned);
  const auto z = hold<as_matrix>(zero_shot);
  const matrix_view<double>* none = nullptr;
  return cosine_distance(where, t.view(), z.view(), none, 1);
}

template<class Tuned, class ZeroShot, class Gradient>
double cosine_distance(std::string_view where, const Tuned& tuned, const ZeroShot& zero_shot,
                       Gradient& gradient, double scale = 1) {
  const auto t = hold<as_matrix>(tuned);
  const auto z = hold<as_matrix>(zero_shot);
  const auto g = gradient_view(gradient);
  return cosine_distance(where, t.view(), z.view(), &g, scale);
}

}  // namespace calibra::detail
