// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

/// Drawn scores, labels, weights and proximities.
template<class T>
struct drawn {
  std::vector<std::vector<T>> z;
  std::vector<int> labels;
  std::vector<double> weights, proximity;

  drawn(std::size_t rows, std::size_t classes, unsigned seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::uniform_int_distribution<int> label(0, static_cast<int>(classes) - 1);
    for (std::size_t i = 0; i < rows; ++i) {
      const int y = label(random);
      std::vector<T> row(classes);
      for (T& x : row) x = static_cast<T>(2 * normal(random));
      row[static_cast<std::size_t>(y)] += T{2};
      z.push_back(row);
      labels.push_back(y);
      weights.push_back(static_cast<double>(random() % 5) / 2);
      proximity.push_back(std::exp(normal(random)));
    }
  }
  /// Rows [first, last).
  drawn part(std::size_t first, std::size_t last) const {
    drawn d = *this;
    const auto cut = [&](auto& v) {
      v = {v.begin() + static_cast<std::ptrdiff_t>(first),
           v.begin() + static_cast<std::ptrdiff_t>(last)};
    };
    cut(d.z);
    cut(d.labels);
    cut(d.weights);
    cut(d.proximity);
    return d;
  }
};
