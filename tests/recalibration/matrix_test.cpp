// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/array/matrix.hpp>
#include <calibra/evaluate.hpp>

#include <catch2/catch.hpp>
#include <vector>

using calibra::matrix;

TEST_CASE("a matrix is dense rows") {
  matrix<float> m(2, 3);
  REQUIRE(m.rows() == 2);
  REQUIRE(m.cols() == 3);
  for (std::size_t i = 0; i < 6; ++i) CHECK(m.data()[i] == 0);
  m(1, 2) = 5;
  CHECK(m.data()[5] == 5);
  CHECK(m.view()(1, 2) == 5);
  matrix<float> copy = m;
  copy(1, 2) = 6;
  CHECK(m(1, 2) == 5);
  const matrix<float> moved = std::move(copy);
  CHECK(moved(1, 2) == 6);
  CHECK(matrix<double>().rows() == 0);
}

TEST_CASE("a matrix is an array that functions take") {
  matrix<double> z(2, 2);
  z(0, 1) = 1;
  z(1, 0) = 1;
  const std::vector<int> y{1, 1};
  CHECK(calibra::accuracy(calibra::logits(z), y) == 0.5);
  CHECK(calibra::accuracy(calibra::logits(matrix<double>(z)), y) == 0.5);
}
