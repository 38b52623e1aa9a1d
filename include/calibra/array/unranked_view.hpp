// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "calibra/array/view.hpp"
#include "calibra/error.hpp"

namespace calibra {

/// The most dimensions that an array may have.
inline constexpr std::size_t most_dimensions = 8;

/// Non-owning strided view of an array whose number of dimensions is known at run time only. The
/// place where it is used says which number it must be: `vector()` and `matrix()` check it;
/// class_axis() takes any up to most_dimensions. Strides count elements and may be zero or
/// negative. Trivially copyable.
template<class T>
class unranked_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  constexpr unranked_view() = default;
  /// `shape` and `strides`: sequences of one integer a dimension, outermost first.
  template<class Shape, class Strides>
  constexpr unranked_view(T* data, const Shape& shape, const Strides& strides)
      : data_(data), rank_(shape.size()) {
    auto size = shape.begin();
    auto stride = strides.begin();
    for (std::size_t d = 0; d < rank_ && d < sizes_.size(); ++d, ++size, ++stride) {
      sizes_[d] = static_cast<std::size_t>(*size);
      strides_[d] = static_cast<std::ptrdiff_t>(*stride);
    }
  }

  constexpr T* data() const { return data_; }
  constexpr std::size_t rank() const { return rank_; }
  /// One number a dimension, outermost first; those beyond most_dimensions are left out.
  constexpr std::span<const std::size_t> shape() const { return {sizes_.data(), kept()}; }
  constexpr std::span<const std::ptrdiff_t> strides() const { return {strides_.data(), kept()}; }

  /// Throws shape_error unless there is one dimension.
  constexpr vector_view<T> vector() const {
    require(1);
    return {data_, sizes_[0], strides_[0]};
  }
  /// Throws shape_error unless there are two dimensions.
  constexpr matrix_view<T> matrix() const {
    require(2);
    return {data_, sizes_[0], sizes_[1], strides_[0], strides_[1]};
  }

 private:
  constexpr std::size_t kept() const { return rank_ < most_dimensions ? rank_ : most_dimensions; }
  constexpr void require(std::size_t rank) const {
    if (rank_ != rank)
      throw shape_error(detail::concat("calibra: expected an array of ", rank,
                                       rank == 1 ? " dimension" : " dimensions", ", got one of ",
                                       rank_));
  }

  T* data_ = nullptr;
  std::size_t rank_ = 0;
  std::array<std::size_t, most_dimensions> sizes_{};
  std::array<std::ptrdiff_t, most_dimensions> strides_{};
};

}  // namespace calibra
