// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>

#include "calibra/array/matrix.hpp"

// Tables of features for the tests of losses, and central differences of these.
namespace feature_tables {

template<class T>
calibra::matrix<T> random_matrix(std::size_t rows, std::size_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  calibra::matrix<T> m(rows, cols);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) m(i, j) = static_cast<T>(normal(random));
  return m;
}

template<class T>
calibra::matrix<double> widened(const calibra::matrix<T>& m) {
  calibra::matrix<double> wide(m.rows(), m.cols());
  for (std::size_t i = 0; i < m.rows(); ++i)
    for (std::size_t j = 0; j < m.cols(); ++j) wide(i, j) = static_cast<double>(m(i, j));
  return wide;
}

/// The largest difference between a gradient and central differences of the loss.
template<class Loss>
double gradient_error(const Loss& loss, calibra::matrix<double> u,
                      const calibra::matrix<double>& gradient, double step) {
  double error = 0;
  for (std::size_t i = 0; i < u.rows(); ++i) {
    for (std::size_t j = 0; j < u.cols(); ++j) {
      const double x = u(i, j);
      u(i, j) = x + step;
      const double above = loss(u);
      u(i, j) = x - step;
      const double below = loss(u);
      u(i, j) = x;
      error = std::max(error, std::abs((above - below) / (2 * step) - gradient(i, j)));
    }
  }
  return error;
}

}  // namespace feature_tables
