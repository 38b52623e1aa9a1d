#pragma once
#include <calibra/array/access.hpp>
#include <vector>

/// An array type: numbers in one block, with the number of rows beside it.
template<class T>
struct grid {
  std::size_t rows, cols;
  std::vector<T> numbers;
};
template<class T>
struct calibra::array_access<grid<T>> {
  static matrix_view<const T> view(const grid<T>& g) { return {g.numbers.data(), g.rows, g.cols}; }
};
