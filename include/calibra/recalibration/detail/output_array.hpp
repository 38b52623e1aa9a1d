// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/scores.hpp"

// Arrays that recalibrated scores are written to.
namespace calibra::detail {

/// A scalar that results can be written as. Integers are none: probabilities would become 0.
template<class E>
concept writable_scalar = !std::is_const_v<E> && !label_scalar<std::remove_cv_t<E>> &&
                          (std::floating_point<E> || std::constructible_from<E, float>);

template<class E>
E to_scalar(double x) {
  if constexpr (std::floating_point<E>)
    return static_cast<E>(x);
  else
    return E(static_cast<float>(x));
}

/// An output of the shape of the scores as a matrix: that of the binary kinds is one column wide,
/// that of the others may be flat, row after row.
template<score_kind Kind, class E>
matrix_view<E> output_rows(std::string_view where, vector_view<E> v, std::size_t rows,
                           std::size_t cols) {
  if constexpr (is_binary_kind<Kind>) {
    return {v.data(), v.size(), 1, v.stride(), 1};
  } else {
    if (v.size() != rows * cols)
      throw shape_error(concat(where, ": expected an output of ", rows, " x ", cols, ", or of ",
                               rows * cols, " numbers, to match the scores, got ", v.size(),
                               " numbers"));
    return {v.data(), rows, cols, static_cast<std::ptrdiff_t>(cols) * v.stride(), v.stride()};
  }
}
template<score_kind Kind, class E>
matrix_view<E> output_rows(std::string_view, matrix_view<E> m, std::size_t, std::size_t) {
  return m;
}

[[noreturn]] inline void throw_output_shape(std::string_view where, std::size_t rows,
                                            std::size_t cols, std::size_t out_rows,
                                            std::size_t out_cols) {
  if (cols == 0)
    throw shape_error(concat(where, ": expected at least 1 class, got scores of ", rows, " x 0"));
  throw shape_error(concat(where, ": expected an output of ", rows, " x ", cols,
                           " to match the scores, got ", out_rows, " x ", out_cols));
}
/// Throws shape_error unless the scores have a class and the output is of their shape.
inline void check_output_shape(std::string_view where, std::size_t rows, std::size_t cols,
                               std::size_t out_rows, std::size_t out_cols) {
  if (cols == 0 || out_rows != rows || out_cols != cols)
    throw_output_shape(where, rows, cols, out_rows, out_cols);
}

/// A mutable array to write scores of a kind to, or a sentence.
template<score_kind Kind, class Out>
constexpr bool usable_output() {
  static_assert(readable_array<Out>,
                "calibra: the output is an array with a size, as std::vector or std::span: of a "
                "pointer std::span(pointer, size)");
  if constexpr (readable_array<Out>) {
    using view = decltype(hold<score_use<Kind>>(std::declval<Out>()).view());
    constexpr bool writable = writable_scalar<typename view::element_type>;
    static_assert(writable,
                  "calibra: the output has to be a mutable array of floating-point numbers");
    return writable;
  }
  return false;
}

}  // namespace calibra::detail
