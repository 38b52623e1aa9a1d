// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

//[ program
#include <calibra/adapters/eigen.hpp>
#include <calibra/calibra.hpp>
#include <cstdio>

int main() {
  Eigen::MatrixXf z(4, 3);  // logits: a row a sample, a column a class
  z << 4.0f, 1.0f, 0.5f, /**/ 0.2f, 2.5f, 0.1f, /**/ 1.0f, 1.2f, 0.9f, /**/ 3.0f, 0.0f, 2.0f;
  const Eigen::Vector4i labels(0, 1, 0, 2);
  const calibra::reliability_table table = calibra::tabulate(calibra::logits(z), labels);
  std::printf("accuracy %.4f\n", calibra::accuracy(table));
  std::printf("ECE      %.4f\n", calibra::ece(table));
  std::printf("MCE      %.4f\n", calibra::mce(table));
}
//]

// Output:
// accuracy 0.5000
// ECE      0.3326
// MCE      0.7054
