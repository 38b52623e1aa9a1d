// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

/// Two models' logits of the same samples.
template<class T = double>
struct two_models {
  std::vector<std::vector<T>> a, b;
  std::vector<int> labels;
  std::vector<double> weights;  ///< 1/4 to 5/4
  std::vector<std::int64_t> cluster, stratum;

  /// Both are `common` of the same numbers and noise of their own; b's logits are `scale` as large.
  two_models(std::size_t rows, std::size_t classes, unsigned seed, double common = 1,
             double scale = 1) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::uniform_int_distribution<int> label(0, static_cast<int>(classes) - 1);
    for (std::size_t i = 0; i < rows; ++i) {
      const int y = label(random);
      labels.push_back(y);
      std::vector<T> x(classes), z(classes);
      for (std::size_t k = 0; k < classes; ++k) {
        const double base = common * (2 * normal(random) + (static_cast<int>(k) == y ? 2 : 0));
        x[k] = static_cast<T>(base + normal(random));
        z[k] = static_cast<T>(scale * (base + normal(random)));
      }
      a.push_back(x);
      b.push_back(z);
      weights.push_back(0.25 + static_cast<double>(random() % 5) / 4);
      stratum.push_back(static_cast<std::int64_t>(i % 17 < 3 ? 4 : y));
      cluster.push_back(100 * stratum.back() + static_cast<std::int64_t>(random() % 9));
    }
  }
};

/// 0, 1, 2, ...
inline std::vector<std::int64_t> numbers(std::size_t n) {
  std::vector<std::int64_t> all(n);
  for (std::size_t i = 0; i < n; ++i) all[i] = static_cast<std::int64_t>(i);
  return all;
}
