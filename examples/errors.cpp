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
    calibra::ece(calibra::logits(z), std::vector<int>{0, 2});
  } catch (const calibra::error& e) {  // the base of all of them
    std::printf("%s\n", e.what());
  }
  //]
  try {
    calibra::ece(calibra::probabilities(z), std::vector<int>{0, 1});
  } catch (const calibra::value_error& e) {
    std::printf("%s\n", e.what());
  }
  z[1][0] = std::numeric_limits<float>::quiet_NaN();
  try {
    calibra::ece(calibra::logits(z), std::vector<int>{0, 1});
  } catch (const calibra::value_error& e) {
    std::printf("%s\n", e.what());
  }
  //[ count
  calibra::evaluate_options wanted;
  wanted.rows.nan = calibra::nan_policy::count;
  const calibra::evaluation e =
      calibra::evaluate(calibra::logits(z), std::vector<int>{0, 1}, wanted);
  std::printf("%d sample, %d skipped\n", static_cast<int>(e.samples), static_cast<int>(e.skipped));
  //]
}

// clang-format off
// Output:
// tabulate(): label 2 at row 1 is not in [0, 2)
// tabulate(): probability 2 at row 0, column 0 is not in [0, 1]; if these are logits, say logits(x)
// tabulate(): score nan at row 1, column 0; expected a finite number or -inf
// 1 sample, 1 skipped
