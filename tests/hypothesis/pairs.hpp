// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "calibra/table/sample.hpp"

// Pairs and rows that the tests of calibration are tested on.

using real = long double;

/// A pair with its weight.
struct row {
  double c;
  bool hit;
  double w = 1;
};

struct drawn_as {
  std::size_t levels = 0;  ///< different confidences; 0: all differ
  bool weights = false;    ///< 0, 1/2, 1, 3/2, 2 in turn, else all 1
  bool zeros = false;      ///< weights of 0 and 1
  double power = 1;        ///< a hit comes with probability c^power: above 1 overconfident
};

/// n pairs in no order, confidences in (0.02, 0.98). `Float`: as floats.
template<class Float = double>
std::vector<row> drawn_rows(std::size_t n, unsigned seed, const drawn_as& as = {}) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform;
  std::vector<row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    double u = uniform(random);
    if (as.levels > 0)
      u = (std::floor(u * static_cast<double>(as.levels)) + 0.5) / static_cast<double>(as.levels);
    const auto c = static_cast<double>(static_cast<Float>(0.02 + 0.96 * u));
    const bool hit = uniform(random) < std::pow(c, as.power);
    const double w = as.weights ? static_cast<double>(i % 5) / 2 : as.zeros && i % 3 == 0 ? 0 : 1;
    rows.push_back({c, hit, w});
  }
  return rows;
}

template<class Float = double>
calibra::sample sample_of(const std::vector<row>& rows, bool weighted = true) {
  calibra::sample s(sizeof(Float) == 4 ? calibra::precision::float32 : calibra::precision::float64);
  for (const row& r : rows)
    if (weighted)
      s.push_back(r.c, r.hit, r.w);
    else
      s.push_back(r.c, r.hit);
  return s;
}

inline std::vector<row> ascending(std::vector<row> rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const row& a, const row& b) { return a.c < b.c; });
  return rows;
}
inline std::vector<row> shuffled(std::vector<row> rows, unsigned seed) {
  std::mt19937_64 random(seed);
  std::shuffle(rows.begin(), rows.end(), random);
  return rows;
}

/// Rows of K probabilities, softmax(z / temperature) of what a model gives as z, with labels that
/// are drawn with them: at temperature 1 the model is calibrated, above it is overconfident.
struct drawn_classes {
  std::vector<std::vector<double>> z;
  std::vector<int> labels;

  /// `different`: so many different rows; 0: all differ.
  drawn_classes(std::size_t rows, std::size_t classes, unsigned seed, std::size_t different = 0,
                double temperature = 1) {
    std::mt19937_64 random(seed), fixed(7);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    std::vector<std::vector<double>> kinds(different, std::vector<double>(classes));
    for (auto& kind : kinds)
      for (double& x : kind) x = 1.5 * normal(fixed);
    for (std::size_t i = 0; i < rows; ++i) {
      std::vector<double> x(classes);
      if (different > 0)
        x = kinds[random() % different];
      else
        for (double& v : x) v = 1.5 * normal(random);
      double sum = 0;
      for (const double v : x) sum += std::exp(v / temperature);
      double left = uniform(random) * sum;
      std::size_t k = 0;
      while (k + 1 < classes && (left -= std::exp(x[k] / temperature)) >= 0) ++k;
      z.push_back(x);
      labels.push_back(static_cast<int>(k));
    }
  }
};

/// Four standard errors of a share that is p on average, of n.
inline double four_errors(double p, double n) {
  return 4 * std::sqrt(p * (1 - p) / n);
}
