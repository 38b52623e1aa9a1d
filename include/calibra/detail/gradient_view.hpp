// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "calibra/array/access.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"

// The array that a caller hands over for a gradient.
namespace calibra::detail {

/// Throws shape_error unless `a` and `b` have one shape with at least one column.
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

/// A view of the elements of `gradient`. `Use`: as_matrix, or as_vector for the gradient by binary
/// scores.
template<class Use = as_matrix, class Gradient>
auto gradient_view(Gradient& gradient) {
  const auto view = Use::of(view_of(array_access<std::remove_cv_t<Gradient>>::view(gradient)));
  using array = std::remove_cvref_t<decltype(view)>;
  using element = typename array::element_type;
  constexpr bool right_shape = std::is_same_v<Use, as_matrix> ? view_traits<array>::is_matrix
                                                              : view_traits<array>::is_vector;
  static_assert(right_shape && std::floating_point<element> && !std::is_const_v<element>,
                "calibra: a gradient is written to an array of mutable float or double elements "
                "with as many dimensions as the scores or features have");
  return view;
}

}  // namespace calibra::detail
