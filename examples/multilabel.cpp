// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Samples x labels, each label a yes or no of its own.
#include <array>
#include <calibra/calibra.hpp>
#include <cstdio>
#include <vector>

int main() {
  const std::vector<std::array<double, 3>> p = {
      {0.9, 0.2, 0.6}, {0.8, 0.1, 0.3}, {0.3, 0.7, 0.9}, {0.6, 0.4, 0.2}};
  const std::vector<std::array<int, 3>> present = {{1, 0, 1}, {1, 0, 0}, {0, 1, 1}, {0, 1, -1}};
  //[ tables
  const calibra::classwise_table tables = calibra::tabulate_classes(
      calibra::multilabel_probabilities(p), present, {.bins = 5, .ignore_label = -1});
  const double macro = calibra::classwise_ece(tables);  // the mean over labels
  const double micro = calibra::pooled_ece(tables);     // of all entries in one table
  //]
  std::printf("macro %.4f, micro %.4f\n", macro, micro);
  for (const double ece : calibra::ece_per_class(tables)) std::printf("%.4f\n", ece);
}

// Output:
// macro 0.2889, micro 0.1091
// 0.3000
// 0.3000
// 0.2667
