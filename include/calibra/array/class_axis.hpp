// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "calibra/array/access.hpp"
#include "calibra/array/unranked_view.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"

namespace calibra {

/// Non-owning view of an array of several dimensions as samples x classes: one dimension holds the
/// classes, and every place in the others is a sample. Samples are in the order in which their
/// labels lie one after the other: the last of the other dimensions runs fastest. Made by
/// class_axis(). Trivially copyable; nothing is checked.
template<class T>
class class_axis_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  constexpr class_axis_view() = default;
  /// `axis` is one of the dimensions, of which there are at most most_dimensions.
  constexpr class_axis_view(T* data, std::span<const std::size_t> shape,
                            std::span<const std::ptrdiff_t> strides, std::size_t axis)
      : data_(data), rows_(1), classes_(shape[axis]), class_stride_(strides[axis]) {
    for (std::size_t d = 0; d < shape.size(); ++d)
      if (d != axis) append(shape[d], strides[d]);
  }

  /// A view of mutable elements is also a view of constant ones.
  template<class U>
  requires std::is_convertible_v<U (*)[], T (*)[]> &&
      (!std::is_same_v<U, T>)constexpr class_axis_view(const class_axis_view<U>& other)
      : data_(other.data()), rows_(1), classes_(other.cols()), class_stride_(other.col_stride()) {
    for (std::size_t d = 0; d < other.extents().size(); ++d)
      append(other.extents()[d], other.strides()[d]);
    rows_ = other.rows();  // 0 of a view of nothing, which has no extents
  }

  constexpr T* data() const { return data_; }
  constexpr std::size_t rows() const { return rows_; }
  constexpr std::size_t cols() const { return classes_; }
  /// From class to class.
  constexpr std::ptrdiff_t col_stride() const { return class_stride_; }
  /// The dimensions that samples run through, outermost first: neighbours that one stride walks
  /// through are one.
  constexpr std::span<const std::size_t> extents() const { return {sizes_.data(), depth_}; }
  constexpr std::span<const std::ptrdiff_t> strides() const { return {strides_.data(), depth_}; }

  /// Where a sample begins, counted from `data()`.
  constexpr std::ptrdiff_t offset(std::size_t row) const {
    std::ptrdiff_t at = 0;
    for (std::size_t d = depth_; d-- > 0;) {
      at += static_cast<std::ptrdiff_t>(row % sizes_[d]) * strides_[d];
      row /= sizes_[d];
    }
    return at;
  }
  constexpr T& operator()(std::size_t row, std::size_t col) const {
    return data_[offset(row) + static_cast<std::ptrdiff_t>(col) * class_stride_];
  }

 private:
  constexpr void append(std::size_t size, std::ptrdiff_t stride) {
    rows_ *= size;
    if (size == 1 && depth_ > 0) return;
    if (depth_ > 0) {
      std::size_t& last = sizes_[depth_ - 1];
      if (last == 1 || strides_[depth_ - 1] == static_cast<std::ptrdiff_t>(size) * stride) {
        last *= size;
        strides_[depth_ - 1] = stride;
        return;
      }
    }
    sizes_[depth_] = size;
    strides_[depth_++] = stride;
  }

  T* data_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t classes_ = 0;
  std::ptrdiff_t class_stride_ = 1;
  std::size_t depth_ = 0;
  std::array<std::size_t, most_dimensions> sizes_{};
  std::array<std::ptrdiff_t, most_dimensions> strides_{};
};

template<class T>
struct array_access<class_axis_view<T>> {
  static constexpr class_axis_view<T> view(const class_axis_view<T>& v) { return v; }
};

namespace detail {

template<class S>
struct view_traits<class_axis_view<S>> {
  static constexpr bool is_vector = false;
  static constexpr bool is_matrix = true;
};

template<class V>
inline constexpr bool is_class_axis_view = false;
template<class T>
inline constexpr bool is_class_axis_view<class_axis_view<T>> = true;

/// Which of `rank` dimensions `axis` is; negative numbers count from the end. Throws shape_error.
constexpr std::size_t dimension_of(std::size_t rank, std::ptrdiff_t axis) {
  if (rank < 2 || rank > most_dimensions)
    throw shape_error(concat("class_axis(): expected an array of 2 to ", most_dimensions,
                             " dimensions, got one of ", rank));
  const auto n = static_cast<std::ptrdiff_t>(rank);
  if (axis < -n || axis >= n)
    throw shape_error(
        concat("class_axis(): expected an axis from ", -n, " to ", n - 1, ", got ", axis));
  return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

}  // namespace detail

/// The array as samples x classes whose classes are dimension `axis`, counted from 0, or from the
/// end where it is negative: `logits(class_axis(z, 1))` for N x C x H x W segmentation logits,
/// `logits(class_axis(z, -1))` for the N x T x V logits of a language model. Labels, weights and
/// masks are then one number a sample, with the other dimensions in the order of the array: the
/// elements of an N x H x W array, row after row.
///
/// Takes an unranked_view, a matrix_view, and arrays whose array_access gives one of them; these
/// have to outlive the result. No copy: rows are walked through strides, a tile at a time. Every
/// metric equals that of a dense samples x classes copy to the last bit. Throws shape_error for
/// fewer than 2 dimensions or more than most_dimensions, and for an axis that is none.
template<class T>
[[nodiscard]] class_axis_view<T> class_axis(const unranked_view<T>& z, std::ptrdiff_t axis) {
  const std::size_t d = detail::dimension_of(z.rank(), axis);
  return {z.data(), z.shape(), z.strides(), d};
}
template<class T>
[[nodiscard]] class_axis_view<T> class_axis(const matrix_view<T>& z, std::ptrdiff_t axis) {
  const std::array<std::size_t, 2> shape{z.rows(), z.cols()};
  const std::array<std::ptrdiff_t, 2> strides{z.row_stride(), z.col_stride()};
  return class_axis(unranked_view<T>(z.data(), shape, strides), axis);
}
template<class X>
requires(!detail::any_view<X>) [[nodiscard]] auto class_axis(const X& z, std::ptrdiff_t axis) {
  const auto v = array_access<X>::view(z);
  if constexpr (requires { v.all(); }) {  // of a number of dimensions that is no other use
    return class_axis(v.all(), axis);
  } else {
    constexpr bool in_memory = detail::any_view<decltype(array_access<X>::view(z))>;
    static_assert(in_memory, "calibra: class_axis() takes arrays whose elements lie in memory");
    if constexpr (in_memory) return class_axis(v, axis);
  }
}
template<class X>
requires(!detail::any_view<X>) void class_axis(const X&& z, std::ptrdiff_t axis) = delete;

}  // namespace calibra
