// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/scores.hpp"

/// The same numbers, asked of every kind of array: each adapter's test fills its arrays with
/// `suite::score(i, j)` and `suite::label(i)` and hands them to the checks below.
namespace suite {

inline constexpr std::size_t rows = 7;
inline constexpr std::size_t cols = 5;

/// Exact in every scalar type from bfloat16 to double, different at each place.
constexpr float score(std::size_t i, std::size_t j) {
  return static_cast<float>((i * 11 + j * 3) % 37) * 0.5f - 8.0f;
}
constexpr int label(std::size_t i) {
  return static_cast<int>((i * 3 + 1) % cols);
}

/// Fills anything indexed by (row, column).
template<class Array>
void fill_scores(Array& z) {
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) {
      using element = std::remove_cvref_t<decltype(z(i, j))>;
      z(i, j) = static_cast<element>(score(i, j));
    }
}
/// Fills anything indexed by (place).
template<class Array>
void fill_labels(Array& y) {
  for (std::size_t i = 0; i < rows; ++i) {
    using element = std::remove_cvref_t<decltype(y(i))>;
    y(i) = static_cast<element>(label(i));
  }
}

/// `get(i, j)` of every element, and the sizes.
template<class T, class Get>
void check_elements(calibra::matrix_view<T> v, const Get& get) {
  REQUIRE(v.rows() == rows);
  REQUIRE(v.cols() == cols);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) {
      INFO("row " << i << ", column " << j);
      REQUIRE(static_cast<float>(v(i, j)) == get(i, j));
    }
}
template<class T, class Get>
void check_elements(calibra::vector_view<T> v, const Get& get) {
  REQUIRE(v.size() == rows);
  for (std::size_t i = 0; i < rows; ++i) {
    INFO("place " << i);
    REQUIRE(static_cast<int>(v[i]) == get(i));
  }
}

/// The error of the scores and labels above, by way of plain vectors.
template<class Compute>
double expected_ece() {
  std::vector<std::array<Compute, cols>> z(rows);
  std::vector<int> y(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) z[i][j] = static_cast<Compute>(score(i, j));
    y[i] = label(i);
  }
  return calibra::ece(calibra::logits(z), y);
}

/// The same metric of an array's scores and another's labels, to the rounding of the row kernels.
template<class S, class L>
void check_ece(const S& scores, L&& labels) {
  using compute = calibra::compute_type<typename decltype(scores.view())::value_type>;
  const double expected = expected_ece<compute>();
  const double tolerance = 8 * double{std::numeric_limits<compute>::epsilon()};
  REQUIRE(expected > 0.1);
  REQUIRE(std::abs(calibra::ece(scores, std::forward<L>(labels)) - expected) <= tolerance);
}

/// Scores as an array gives them; `first` is where element (0, 0) must lie if nothing may be
/// copied.
template<class X, class Pointer = std::nullptr_t>
void check_scores(X&& z, Pointer first = nullptr) {
  const auto wrapped = calibra::logits(std::forward<X>(z));
  const auto copy = wrapped;  // a copy of the wrapper sees the same elements
  check_elements(copy.view(), score);
  check_elements(wrapped.view(), score);
  if constexpr (!std::is_null_pointer_v<Pointer>)
    REQUIRE(static_cast<const void*>(wrapped.view().data()) == static_cast<const void*>(first));
  std::vector<int> y(rows);
  for (std::size_t i = 0; i < rows; ++i) y[i] = label(i);
  check_ece(wrapped, y);
}

template<class X, class Pointer = std::nullptr_t>
void check_labels(X&& y, Pointer first = nullptr) {
  static_assert(calibra::label_vector<X>);
  const auto held = calibra::detail::hold(std::forward<X>(y));
  check_elements(held.view(), label);
  if constexpr (!std::is_null_pointer_v<Pointer>)
    REQUIRE(static_cast<const void*>(held.view().data()) == static_cast<const void*>(first));
  std::vector<std::array<double, cols>> z(rows);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) z[i][j] = score(i, j);
  check_ece(calibra::logits(z), held.view());
}

/// Writes through the mutable view and reads the array back by `get(i, j)`.
template<class X, class Get>
void check_written(X& z, const Get& get) {
  const auto view = calibra::array_access<X>::view(z);
  using element = typename decltype(calibra::detail::as_matrix::of(view))::element_type;
  static_assert(!std::is_const_v<element>);
  const auto out = calibra::detail::as_matrix::of(view);
  for (std::size_t i = 0; i < out.rows(); ++i)
    for (std::size_t j = 0; j < out.cols(); ++j) out(i, j) = static_cast<element>(score(i, j) + 1);
  for (std::size_t i = 0; i < out.rows(); ++i)
    for (std::size_t j = 0; j < out.cols(); ++j)
      REQUIRE(static_cast<float>(get(i, j)) == score(i, j) + 1);
}

}  // namespace suite
