// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Bad input is an exception that names the place.
#include <calibra/calibra.hpp>
#include <cstdio>
#include <limits>
#include <vector>

int main() {
  std::vector<std::vector<float>> z = {{2.0f, 0.0f}, {0.0f, 1.0f}};
  //[ catch
  try {
    std::printf("%.4f\n", calibra::ece(calibra::logits(z), std::vector<int>{0, 2}));
  } catch (const calibra::error& e) {  // the base of all of them
    std::printf("%s\n", e.what());
  }
  //]
  try {
    std::printf("%.4f\n", calibra::ece(calibra::probabilities(z), std::vector<int>{0, 1}));
  } catch (const calibra::value_error& e) {
    std::printf("%s\n", e.what());
  }
  z[1][0] = std::numeric_limits<float>::quiet_NaN();
  try {
    std::printf("%.4f\n", calibra::ece(calibra::logits(z), std::vector<int>{0, 1}));
  } catch (const calibra::value_error& e) {
    std::printf("%s\n", e.what());
  }
  //[ count
  const calibra::evaluation e = calibra::evaluate(calibra::logits(z), std::vector<int>{0, 1},
                                                  {.nan = calibra::nan_policy::count});
  std::printf("%d sample, %d skipped\n", static_cast<int>(e.samples), static_cast<int>(e.skipped));
  //]
}

// clang-format off
// Output:
// ece(): label 2 at row 1 is not in [0, 2)
// ece(): probability 2 at row 0, column 0 is not in [0, 1]; if these are logits, give them as logits
// ece(): score nan at row 1, column 0; expected a finite number or -inf
// 1 sample, 1 skipped
