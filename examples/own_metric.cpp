// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// A metric of one's own, beside the library's.
#include <calibra/calibra.hpp>
#include <cmath>
#include <cstdio>
#include <vector>

//[ metric
struct in_the_large {
  static constexpr calibra::metric_info info{.name = "in_the_large"};
  double of(const calibra::reliability_table& table) const {
    return std::abs(calibra::accuracy(table) - calibra::mean_confidence(table));
  }
};
//]

int main() {
  const std::vector<std::vector<float>> z = {{4, 1, 0}, {0, 2, 0}, {1, 1.2F, 1}, {3, 0, 2}};
  const std::vector<int> labels = {0, 1, 0, 2};
  //[ list
  const calibra::evaluation e =
      calibra::evaluate(calibra::logits(z), labels, {calibra::ece, in_the_large{}});
  for (const calibra::metric_value& m : e) std::printf("%-12s %.4f\n", m.name.c_str(), m.value);
  //]
}

// Output:
// ece          0.3403
// in_the_large 0.2019
