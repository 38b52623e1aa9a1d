// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/adapters/eigen.hpp>
#include <calibra/metrics/ece.hpp>
#include <cstdio>

int main() {
  Eigen::MatrixXf p(2, 2);
  p << 0.75f, 0.25f, 0.75f, 0.25f;
  const double ece = calibra::ece(calibra::probabilities(p), Eigen::Vector2i(0, 1));
  std::printf("ece %g\n", ece);
  return ece == 0.25 ? 0 : 1;
}
