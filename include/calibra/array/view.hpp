// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

#include "calibra/version.hpp"

namespace calibra {

/// Non-owning strided view of a column of numbers: element i lies at `data + i * stride`.
/// Strides count elements and may be zero or negative. Trivially copyable; nothing is checked.
template<class T>
class vector_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  constexpr vector_view() = default;
  constexpr vector_view(T* data, std::size_t size, std::ptrdiff_t stride = 1)
      : data_(data), size_(size), stride_(stride) {}

  /// A view of mutable elements is also a view of constant ones.
  template<class U>
  requires std::is_convertible_v<U (*)[], T (*)[]> &&
      (!std::is_same_v<U, T>)constexpr vector_view(const vector_view<U>& other)
      : vector_view(other.data(), other.size(), other.stride()) {}

  constexpr T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr std::ptrdiff_t stride() const { return stride_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T& operator[](std::size_t i) const {
    return data_[static_cast<std::ptrdiff_t>(i) * stride_];
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::ptrdiff_t stride_ = 1;
};

/// Non-owning strided view of a table of numbers: element (i, j) lies at
/// `data + i * row_stride + j * col_stride`. Strides count elements and may be zero or negative.
template<class T>
class matrix_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  constexpr matrix_view() = default;
  constexpr matrix_view(T* data, std::size_t rows, std::size_t cols, std::ptrdiff_t row_stride,
                        std::ptrdiff_t col_stride)
      : data_(data), rows_(rows), cols_(cols), row_stride_(row_stride), col_stride_(col_stride) {}
  /// Dense rows, one after the other.
  constexpr matrix_view(T* data, std::size_t rows, std::size_t cols)
      : matrix_view(data, rows, cols, static_cast<std::ptrdiff_t>(cols), 1) {}

  /// A view of mutable elements is also a view of constant ones.
  template<class U>
  requires std::is_convertible_v<U (*)[], T (*)[]> &&
      (!std::is_same_v<U, T>)constexpr matrix_view(const matrix_view<U>& other)
      : matrix_view(other.data(), other.rows(), other.cols(), other.row_stride(),
                    other.col_stride()) {}

  constexpr T* data() const { return data_; }
  constexpr std::size_t rows() const { return rows_; }
  constexpr std::size_t cols() const { return cols_; }
  constexpr std::ptrdiff_t row_stride() const { return row_stride_; }
  constexpr std::ptrdiff_t col_stride() const { return col_stride_; }
  constexpr bool empty() const { return rows_ == 0 || cols_ == 0; }
  constexpr T& operator()(std::size_t row, std::size_t col) const {
    return data_[static_cast<std::ptrdiff_t>(row) * row_stride_ +
                 static_cast<std::ptrdiff_t>(col) * col_stride_];
  }

  /// Rows [first, first + count).
  constexpr matrix_view rows(std::size_t first, std::size_t count) const {
    return {data_ + static_cast<std::ptrdiff_t>(first) * row_stride_, count, cols_, row_stride_,
            col_stride_};
  }
  constexpr vector_view<T> row(std::size_t i) const {
    return {data_ + static_cast<std::ptrdiff_t>(i) * row_stride_, cols_, col_stride_};
  }
  constexpr vector_view<T> col(std::size_t j) const {
    return {data_ + static_cast<std::ptrdiff_t>(j) * col_stride_, rows_, row_stride_};
  }

 private:
  T* data_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::ptrdiff_t row_stride_ = 0;
  std::ptrdiff_t col_stride_ = 1;
};

}  // namespace calibra
