// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"

// One minus the mean cosine of the rows of two feature tables, with its gradient: what DOR and
// KgCoOp have in common.
namespace calibra::detail {

/// Shorter rows are divided by this instead of by their norm.
inline constexpr double norm_floor = 1e-8;

template<class T>
double feature(matrix_view<T> features, std::size_t row, std::size_t col) {
  return static_cast<double>(scalar_traits<std::remove_cv_t<T>>::load(features(row, col)));
}

/// The norm of row `row`. Throws value_error where an element or the norm is not finite.
template<class T>
double feature_norm(std::string_view where, std::string_view name, matrix_view<T> features,
                    std::size_t row) {
  double squares = 0;
  for (std::size_t j = 0; j < features.cols(); ++j) {
    const double x = feature(features, row, j);
    squares += x * x;
  }
  if (is_finite(squares)) return std::sqrt(squares);
  for (std::size_t j = 0; j < features.cols(); ++j) {
    const double x = feature(features, row, j);
    if (!is_finite(x))
      throw value_error(concat(where, ": row ", row, ", column ", j, " of ", name, " is ", x,
                               "; expected finite features"));
  }
  throw value_error(concat(where, ": the norm of row ", row, " of ", name, " overflows"));
}

/// As feature_norm, for a row that must have a direction.
template<class T>
double direction_norm(std::string_view where, std::string_view name, matrix_view<T> features,
                      std::size_t row) {
  const double norm = feature_norm(where, name, features, row);
  if (norm == 0)
    throw value_error(concat(where, ": row ", row, " of ", name,
                             " has norm 0; expected a feature that has a direction"));
  return norm;
}

template<class A, class B>
void check_same_shape(std::string_view where, std::string_view name, matrix_view<A> a,
                      std::string_view other, matrix_view<B> b) {
  if (a.rows() != b.rows() || a.cols() != b.cols())
    throw shape_error(concat(where, ": ", name, " is ", a.rows(), " x ", a.cols(), ", ", other,
                             " is ", b.rows(), " x ", b.cols(), "; expected the same shape"));
  if (a.cols() == 0)
    throw shape_error(
        concat(where, ": ", name, " is ", a.rows(), " x 0; expected at least one column"));
}

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

/// The table that a gradient is written to.
template<class Gradient>
auto gradient_view(Gradient& gradient) {
  const auto view =
      as_matrix::of(view_of(array_access<std::remove_cv_t<Gradient>>::view(gradient)));
  using table = std::remove_cvref_t<decltype(view)>;
  using element = typename table::element_type;
  static_assert(
      view_traits<table>::is_matrix && std::floating_point<element> && !std::is_const_v<element>,
      "calibra: a gradient is written to a two-dimensional array of mutable float or "
      "double elements");
  return view;
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
