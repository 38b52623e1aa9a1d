// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/output_array.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

// What every transform() of host arrays does around its map.
namespace calibra::detail {

/// An output for scores where the caller gives none: a std::vector<C> for the binary kinds, else a
/// matrix<C>.
template<class S>
auto output_for(const S& scores) {
  const auto in = score_view(scores);
  using C = compute_type<typename decltype(in)::value_type>;
  if constexpr (is_binary_kind<S::kind>)
    return std::vector<C>(in.rows());
  else
    return matrix<C>(in.rows(), in.cols());
}

/// Checks scores and output: check(rows, cols) throws unless the former are taken. Then calls
/// map(rows of double, write), which calls write(row, numbers) for every row.
template<class S, class Out, class Check, class Map>
void write_rows(std::string_view where, const S& scores, const row_options& o, Out&& out,
                const Check& check, const Map& map) {
  const auto held = hold<score_use<S::kind>>(std::forward<Out>(out));
  const auto in = score_view(scores);
  check(in.rows(), in.cols());
  const auto target = output_rows<S::kind>(where, held.view(), in.rows(), in.cols());
  check_output_shape(where, in.rows(), in.cols(), target.rows(), target.cols());
  using E = typename std::remove_cvref_t<decltype(target)>::element_type;
  with_double_rows(where, scores, o, [&](const score_rows<double>& rows) {
    map(rows, [&](std::size_t row, const double* numbers) {
      E* to = target.data() + static_cast<std::ptrdiff_t>(row) * target.row_stride();
      for (std::size_t k = 0; k < target.cols(); ++k) {
        *to = to_scalar<E>(numbers[k]);
        to += target.col_stride();
      }
    });
  });
}

}  // namespace calibra::detail
