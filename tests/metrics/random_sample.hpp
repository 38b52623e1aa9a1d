// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "calibra/table/sample.hpp"

namespace calibra::test {

template<class C>
inline constexpr precision precision_for = sizeof(C) == 4 ? precision::float32 : precision::float64;

/// n pairs in random order. Confidences lie in [0.2, 1]; with `levels` > 0 only on that many
/// values, so that there are ties. A confidence c is hit with probability c^2: overconfident.
template<class C>
sample random_sample(std::size_t n, unsigned seed, int levels = 0) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform;
  sample s(precision_for<C>);
  s.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    double u = uniform(generator);
    if (levels > 0) u = std::floor(u * levels) / levels;
    const double c = 0.2 + 0.8 * u;
    s.push_back(c, uniform(generator) < c * c);
  }
  return s;
}

/// The same pairs with the weights 0, 1, 2, 3 in turn, and each pair as often as its weight says.
struct weighted_and_copied {
  sample weighted;
  sample copied;

  explicit weighted_and_copied(const sample& s) {
    for (std::size_t i = 0; i < s.size(); ++i) {
      const std::size_t copies = i % 4;
      weighted.push_back(s.confidence(i), s.hit(i), static_cast<double>(copies));
      for (std::size_t k = 0; k < copies; ++k) copied.push_back(s.confidence(i), s.hit(i));
    }
  }
};

inline sample reversed(const sample& s) {
  sample r(s.precision());
  for (std::size_t i = s.size(); i-- > 0;) r.push_back(s.confidence(i), s.hit(i));
  return r;
}

inline double residual(const sample& s, std::size_t i) {
  return (s.hit(i) ? 1.0 : 0.0) - s.confidence(i);
}

}  // namespace calibra::test
