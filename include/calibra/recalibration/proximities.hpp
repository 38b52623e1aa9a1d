// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/nearest_rows.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/parallel.hpp"

namespace calibra {

/// Options of proximities().
struct proximity_options {
  std::size_t neighbours = 10;     ///< K; fewer where there are fewer
  bool unit_norm = true;           ///< features are brought to norm 1 first
  calibra::threads threads = {1};  ///< see row_options
};

namespace detail {

template<class Features>
matrix<double> proximity_rows(std::string_view where, std::string_view name,
                              const Features& features, const proximity_options& o) {
  const auto held = hold<as_matrix>(features);
  const auto view = held.view();
  if (o.neighbours == 0) throw option_error(concat(where, ": expected neighbours >= 1, got 0"));
  if (view.cols() == 0)
    throw shape_error(
        concat(where, ": ", name, " is ", view.rows(), " x 0; expected at least one column"));
  if (o.unit_norm) return unit_rows(where, name, view);
  matrix<double> rows(view.rows(), view.cols());
  for (std::size_t i = 0; i < view.rows(); ++i) {
    static_cast<void>(feature_norm(where, name, view, i));
    for (std::size_t j = 0; j < view.cols(); ++j) rows(i, j) = feature(view, i, j);
  }
  return rows;
}

inline std::vector<double> proximities_to(const matrix<double>& rows, const matrix<double>& others,
                                          bool same, const proximity_options& o) {
  const std::size_t n = rows.rows(), most = others.rows() - (same ? 1 : 0);
  std::vector<double> found(n, std::numeric_limits<double>::quiet_NaN());
  if (most == 0) return found;
  matrix<double> nearest(n, std::min(o.neighbours, most));
  worker_team team(o.threads.n);
  for_each_part(team, n, part_count(n, o.threads.n, 64),
                [&](std::size_t, std::size_t first, std::size_t last) {
                  nearest_distances(rows, first, last, others, same, nearest);
                  for (std::size_t i = first; i < last; ++i) found[i] = proximity_of(nearest, i);
                });
  return found;
}

}  // namespace detail

/// The proximity of each feature to its nearest in a reference, the samples that a recalibrator is
/// fitted to for instance: what options::proximity of piece, procal_density_ratio and
/// procal_bin_mean_shift take.
///
/// Formula: exp(-mean over the m nearest j of |x_i - r_j|), m = min(K, M).
/// Shapes: N x D and M x D, a row a sample; N numbers. Range: (0, 1]; at least exp(-2) with
///   unit_norm. No row is left out, even where both arrays are the same: see the other overload.
/// Cost: O(N M D) time, exact, on threads; O((N + M) D) memory, in double.
/// Throws: option_error for K = 0; shape_error for D = 0, another D, or M = 0; value_error with the
///   row (and column) for a NaN, an infinity, a norm that overflows, and with unit_norm a row of
///   zeros.
/// Ref: Xiong et al., NeurIPS 2023 (arXiv 2306.04590). Their published code has another
///   definition: the mean of exp(-|x_i - r_j|^2).
template<score_matrix Features, score_matrix Reference>
[[nodiscard]] std::vector<double> proximities(const Features& features, const Reference& reference,
                                              const proximity_options& o = {}) {
  const matrix<double> rows = detail::proximity_rows("proximities()", "features", features, o);
  const matrix<double> others = detail::proximity_rows("proximities()", "reference", reference, o);
  if (others.rows() == 0)
    throw shape_error("proximities(): reference has 0 rows; expected at least one");
  if (rows.cols() != others.cols())
    throw shape_error(detail::concat("proximities(): features has ", rows.cols(),
                                     " columns, reference has ", others.cols(),
                                     "; expected as many of both"));
  return detail::proximities_to(rows, others, false, o);
}
/// The same among the features themselves: none is its own neighbour, m = min(K, N - 1). NaN for a
/// single one.
template<score_matrix Features>
[[nodiscard]] std::vector<double> proximities(const Features& features,
                                              const proximity_options& o = {}) {
  const matrix<double> rows = detail::proximity_rows("proximities()", "features", features, o);
  if (rows.rows() == 0) return {};
  return detail::proximities_to(rows, rows, true, o);
}

}  // namespace calibra
