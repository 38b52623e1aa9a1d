// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/view.hpp"

namespace calibra {

/// A table that owns its elements: dense rows, one after the other. What functions return that make
/// N x K numbers; itself an array that every function takes.
template<class T>
class matrix {
 public:
  using value_type = T;

  matrix() = default;
  /// rows x cols elements, all T{}. Throws std::bad_alloc or std::length_error.
  matrix(std::size_t rows, std::size_t cols) : elements_(rows * cols), rows_(rows), cols_(cols) {}

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  T* data() { return elements_.data(); }
  const T* data() const { return elements_.data(); }
  /// Element (row, col); not checked.
  T& operator()(std::size_t row, std::size_t col) { return elements_[row * cols_ + col]; }
  const T& operator()(std::size_t row, std::size_t col) const {
    return elements_[row * cols_ + col];
  }
  matrix_view<T> view() { return {data(), rows_, cols_}; }
  matrix_view<const T> view() const { return {data(), rows_, cols_}; }

 private:
  std::vector<T> elements_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

template<class T>
struct array_access<matrix<T>> {
  static matrix_view<const T> view(const matrix<T>& m) { return m.view(); }
  static matrix_view<T> view(matrix<T>& m) { return m.view(); }
};

}  // namespace calibra
