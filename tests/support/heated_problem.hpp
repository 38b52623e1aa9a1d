// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibra/array/matrix.hpp"

namespace calibra::test {

/// 300 samples of 3 classes: logits that are `heat` times those of a calibrated model, and labels.
struct heated_problem {
  static constexpr std::size_t samples = 300;
  matrix<double> z{samples, 3};
  std::vector<std::int64_t> y;
  explicit heated_problem(double heat) {
    for (std::size_t i = 0; i < samples; ++i) {
      double sum = 0;
      std::vector<double> p;
      for (std::size_t c = 0; c < 3; ++c) {
        const double x = 2 * std::sin(static_cast<double>(i * 31 + c * 7));
        z(i, c) = heat * x;
        sum += std::exp(x);
        p.push_back(std::exp(x));
      }
      double u = std::fmod(static_cast<double>(i) * 0.6180339887498949, 1.0) * sum;
      std::size_t label = 0;
      while (label < 2 && (u -= p[label]) > 0) ++label;
      y.push_back(static_cast<std::int64_t>(label));
    }
  }
};

}  // namespace calibra::test
