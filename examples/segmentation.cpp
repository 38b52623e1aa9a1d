// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Pixels as samples: a void label, a mask and weights.
#include <calibra/calibra.hpp>
#include <cstdio>
#include <vector>

int main() {
  const std::vector<std::vector<float>> z = {{2, 0, 0}, {0, 3, 0}, {1, 0, 1}, {0, 0, 4}, {0, 1, 0}};
  const std::vector<unsigned char> labels = {0, 1, 255, 2, 2};
  const std::vector<double> weights = {1.0, 0.5, 1.0, 2.0, 1.0};
  const std::vector<bool> valid = {true, true, true, true, false};
  //[ options
  const calibra::reliability_table table = calibra::tabulate(
      calibra::logits(z), labels, {.weights = weights, .ignore_label = 255, .valid = valid});
  //]
  std::printf("%llu samples of weight %.1f, ECE %.4f\n",
              static_cast<unsigned long long>(table.count()), table.total_weight(),
              calibra::ece(table));
}

// Output:
// 3 samples of weight 3.5, ECE 0.0940
