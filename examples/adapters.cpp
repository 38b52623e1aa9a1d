// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <calibra/adapters/eigen.hpp>
#include <calibra/adapters/xtensor.hpp>
#include <calibra/calibra.hpp>
#include <cstdio>

// The same four samples in the arrays of three libraries.
double of_the_standard_library() {
  //[ standard
  std::vector<std::array<float, 2>> p{{0.9f, 0.1f}, {0.2f, 0.8f}, {0.6f, 0.4f}, {0.3f, 0.7f}};
  std::vector<int> labels{0, 1, 1, 1};
  return calibra::ece(calibra::probabilities(p), labels);
  //]
}

double of_eigen() {
  //[ eigen
  Eigen::MatrixX2f p{{0.9f, 0.1f}, {0.2f, 0.8f}, {0.6f, 0.4f}, {0.3f, 0.7f}};
  Eigen::VectorXi labels{{0, 1, 1, 1}};
  return calibra::ece(calibra::probabilities(p), labels);
  //]
}

double of_xtensor() {
  //[ xtensor
  xt::xtensor<float, 2> p{{0.9f, 0.1f}, {0.2f, 0.8f}, {0.6f, 0.4f}, {0.3f, 0.7f}};
  xt::xtensor<int, 1> labels{0, 1, 1, 1};
  return calibra::ece(calibra::probabilities(p), labels);
  //]
}

int main() {
  std::printf("standard library %.6f\n", of_the_standard_library());
  std::printf("Eigen            %.6f\n", of_eigen());
  std::printf("xtensor          %.6f\n", of_xtensor());
}

// Output:
// standard library 0.300000
// Eigen            0.300000
// xtensor          0.300000
