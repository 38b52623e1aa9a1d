// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

#include "calibra/array/matrix.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/feature_rows.hpp"

// The rows of a table of features that lie nearest to a row.
namespace calibra::detail {

/// The rows divided by their norms.
template<class T>
matrix<double> unit_rows(std::string_view where, std::string_view name, matrix_view<T> features) {
  matrix<double> units(features.rows(), features.cols());
  for (std::size_t i = 0; i < features.rows(); ++i) {
    const double norm = direction_norm(where, name, features, i);
    for (std::size_t j = 0; j < features.cols(); ++j) units(i, j) = feature(features, i, j) / norm;
  }
  return units;
}

inline double squared_distance(const double* a, const double* b, std::size_t size) {
  double sums[4] = {0, 0, 0, 0};
  std::size_t j = 0;
  for (; j + 4 <= size; j += 4)
    for (std::size_t k = 0; k < 4; ++k) sums[k] += (a[j + k] - b[j + k]) * (a[j + k] - b[j + k]);
  for (; j < size; ++j) sums[0] += (a[j] - b[j]) * (a[j] - b[j]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Keeps the smallest values in ascending order, the largest falling out of the end.
inline void keep_smallest(double* first, double* last, double value) {
  if (!(value < last[-1])) return;
  double* const place = std::upper_bound(first, last, value);
  std::move_backward(place, last - 1, last);
  *place = value;
}

/// Writes the distances from rows first, ..., last - 1 to the nearest of `others`, as many as `out`
/// has columns, ascending. `same`: the others are the rows themselves, and none is its own
/// neighbour. There have to be as many others.
inline void nearest_distances(const matrix<double>& rows, std::size_t first, std::size_t last,
                              const matrix<double>& others, bool same, matrix<double>& out) {
  constexpr std::size_t cached = 16;  // rows that the others pass by at a time
  const std::size_t m = out.cols();
  double* const nearest = out.data();
  std::fill(nearest + first * m, nearest + last * m, std::numeric_limits<double>::max());
  for (std::size_t begin = first; begin < last; begin += cached) {
    const std::size_t end = std::min(begin + cached, last);
    for (std::size_t j = 0; j < others.rows(); ++j)
      for (std::size_t i = begin; i < end; ++i)
        if (!same || i != j)
          keep_smallest(nearest + i * m, nearest + (i + 1) * m,
                        squared_distance(&rows(i, 0), &others(j, 0), rows.cols()));
  }
  for (double* d = nearest + first * m; d != nearest + last * m; ++d) *d = std::sqrt(*d);
}

/// exp(-mean) of a row of distances.
inline double proximity_of(const matrix<double>& distances, std::size_t row) {
  double sum = 0;
  for (std::size_t j = 0; j < distances.cols(); ++j) sum += distances(row, j);
  return std::exp(-sum / static_cast<double>(distances.cols()));
}

}  // namespace calibra::detail
