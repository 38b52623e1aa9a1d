// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/array/view.hpp"

#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <vector>

#include "calibra/array/unranked_view.hpp"

using calibra::matrix_view;
using calibra::unranked_view;
using calibra::vector_view;

TEST_CASE("views are small values", "[view]") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<vector_view<float>>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<matrix_view<const double>>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<unranked_view<int>>);
  STATIC_REQUIRE(sizeof(vector_view<float>) == 3 * sizeof(void*));
  STATIC_REQUIRE(sizeof(matrix_view<float>) == 5 * sizeof(void*));
  // Constant elements can be had of mutable ones, never the reverse, and never of another type.
  STATIC_REQUIRE(std::is_convertible_v<vector_view<float>, vector_view<const float>>);
  STATIC_REQUIRE(!std::is_convertible_v<vector_view<const float>, vector_view<float>>);
  STATIC_REQUIRE(!std::is_constructible_v<vector_view<const double>, vector_view<float>>);
  STATIC_REQUIRE(std::is_convertible_v<matrix_view<int>, matrix_view<const int>>);
  STATIC_REQUIRE(!std::is_constructible_v<matrix_view<int>, matrix_view<const int>>);
  STATIC_REQUIRE(std::is_same_v<vector_view<const float>::value_type, float>);
  STATIC_REQUIRE(std::is_same_v<matrix_view<const float>::element_type, const float>);
}

TEST_CASE("views can be used by the compiler", "[view]") {
  static constexpr int numbers[] = {0, 1, 2, 3, 4, 5};
  constexpr matrix_view<const int> m(numbers, 2, 3);
  STATIC_REQUIRE(m(1, 2) == 5);
  STATIC_REQUIRE(m.row(1)[0] == 3);
  STATIC_REQUIRE(m.col(2).stride() == 3);
  STATIC_REQUIRE(m.rows(1, 1).rows() == 1);
  STATIC_REQUIRE(vector_view<const int>(numbers + 5, 6, -1)[5] == 0);
  STATIC_REQUIRE(vector_view<const int>().empty());
  STATIC_REQUIRE(matrix_view<const int>().empty());
  STATIC_REQUIRE(matrix_view<const int>(numbers, 6, 0).empty());
}

TEST_CASE("every element of a strided matrix is where its strides say", "[view]") {
  std::mt19937 random(7);
  std::vector<int> memory(4096);
  std::iota(memory.begin(), memory.end(), 0);
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int round = 0; round < 100; ++round) {
    const auto rows = static_cast<std::size_t>(draw(1, 9));
    const auto cols = static_cast<std::size_t>(draw(1, 9));
    const std::ptrdiff_t row_stride = draw(-100, 100);
    const std::ptrdiff_t col_stride = draw(-100, 100);
    const int* const middle = memory.data() + 2048;
    const matrix_view<const int> m(middle, rows, cols, row_stride, col_stride);
    const auto place = [&](std::size_t i, std::size_t j) {
      return 2048 + static_cast<int>(i) * static_cast<int>(row_stride) +
             static_cast<int>(j) * static_cast<int>(col_stride);
    };
    const std::size_t first = rows / 2;
    const auto part = m.rows(first, rows - first);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < cols; ++j) {
        REQUIRE(m(i, j) == place(i, j));
        REQUIRE(m.row(i)[j] == place(i, j));
        REQUIRE(m.col(j)[i] == place(i, j));
        if (i >= first) REQUIRE(part(i - first, j) == place(i, j));
      }
    REQUIRE(part.rows() == rows - first);
    REQUIRE(m.row(0).size() == cols);
    REQUIRE(m.col(0).size() == rows);
  }
}

TEST_CASE("a view of mutable elements writes through", "[view]") {
  std::vector<double> memory(6, 0.0);
  const matrix_view<double> m(memory.data(), 2, 3);
  m(1, 0) = 4.0;
  m.row(0)[2] = 5.0;
  CHECK(memory == std::vector<double>{0, 0, 5, 4, 0, 0});
}

TEST_CASE("an unranked view becomes what it is used as, or throws", "[view]") {
  std::vector<float> memory{0, 1, 2, 3, 4, 5};
  const std::vector<long> shape{2, 3};
  const std::vector<int> strides{1, 2};
  const unranked_view<float> table(memory.data(), shape, strides);
  CHECK(table.rank() == 2);
  CHECK(table.matrix()(1, 2) == 5.0f);
  CHECK(table.matrix()(0, 1) == 2.0f);
  CHECK_THROWS_AS(table.vector(), calibra::shape_error);
  CHECK_THROWS_WITH(table.vector(), "calibra: expected an array of 1 dimension, got one of 2");

  const std::vector<std::size_t> three{3};
  const std::vector<int> backward{-2};
  const unranked_view<float> line(memory.data() + 5, three, backward);
  CHECK(line.vector().size() == 3);
  CHECK(line.vector()[2] == 1.0f);
  CHECK_THROWS_WITH(line.matrix(), "calibra: expected an array of 2 dimensions, got one of 1");

  const std::vector<int> many{1, 1, 2, 3};
  CHECK_THROWS_WITH(unranked_view<float>(memory.data(), many, many).matrix(),
                    "calibra: expected an array of 2 dimensions, got one of 4");
  CHECK_THROWS_AS(unranked_view<float>().vector(), calibra::shape_error);
}
