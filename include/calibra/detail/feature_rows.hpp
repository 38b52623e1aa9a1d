// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"

// Elements and norms of a table of features, a row a feature.
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

}  // namespace calibra::detail
