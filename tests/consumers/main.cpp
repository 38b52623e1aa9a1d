// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The smallest program that somebody who found calibra could write.
#include <array>
#include <calibra/evaluate.hpp>
#include <calibra/version.hpp>
#include <cstdio>
#include <vector>

int main() {
  const std::vector<std::array<float, 2>> p{{0.75f, 0.25f}, {0.75f, 0.25f}};
  const std::vector<int> labels{0, 1};
  const double ece = calibra::ece(calibra::probabilities(p), labels);
  std::printf("calibra %s: ece %g\n", CALIBRA_VERSION, ece);
  return ece == 0.25 ? 0 : 1;
}
