// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Two readings of a binary classifier: of P(y = 1), and of the class that it would choose.
#include <calibra/calibra.hpp>
#include <cstdio>
#include <vector>

int main() {
  const std::vector<double> p = {0.05, 0.10, 0.20, 0.40, 0.60, 0.70, 0.90, 0.95};
  const std::vector<int> y = {0, 0, 1, 0, 1, 1, 1, 0};
  //[ targets
  const auto scores = calibra::binary_probabilities(p);
  const double positive = calibra::ece(scores, y, {.bins = 5});
  const double top =
      calibra::ece(scores, y, {.bins = 5, .binary = calibra::binary_target::top_label});
  //]
  std::printf("ECE of P(y = 1)     %.4f\n", positive);
  std::printf("ECE of the decision %.4f\n", top);

  // Where the scores were not kept: confidences with their hits.
  const std::vector<int> hit = {1, 1, 0, 1, 1, 1, 1, 0};
  const std::vector<double> confidence = {0.95, 0.90, 0.80, 0.60, 0.60, 0.70, 0.90, 0.95};
  std::printf("ECE of the pairs    %.4f\n",
              calibra::ece(calibra::confidences(confidence, hit), {.bins = 5}));
}

// Output:
// ECE of P(y = 1)     0.3250
// ECE of the decision 0.2500
// ECE of the pairs    0.2500
