// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

// Samples of several classes that leave a fit little or nothing to go by.
#include <calibra/array/matrix.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "temperature_oracle.hpp"

namespace calibra::test {

struct degenerate_case {
  std::string name;
  matrix<double> z;
  std::vector<std::int64_t> labels;
};

/// `wide`: the classes of the case that has more of them than samples, which are 5.
inline std::vector<degenerate_case> degenerate_classes(std::size_t wide) {
  const problem<double> x = random_problem<double>(40, 3, 1.7, 2, 9);
  const problem<double> few = random_problem<double>(5, wide, 1.7, 2, 4);
  std::vector<std::int64_t> without = x.labels;
  for (std::int64_t& label : without) label = label == 2 ? 0 : label;
  matrix<double> masked = x.z;
  for (std::size_t i = 0; i < masked.rows(); ++i) {
    masked(i, (static_cast<std::size_t>(x.labels[i]) + 1) % 3) =
        -std::numeric_limits<double>::infinity();
    if (i % 5 == 0) masked(i, static_cast<std::size_t>(x.labels[i])) = 400;
  }
  return {{"one class has all samples", x.z, std::vector<std::int64_t>(40, 1)},
          {"a class has no samples", x.z, without},
          {"constant scores", matrix<double>(20, 3), std::vector<std::int64_t>(20, 2)},
          {"one sample", matrix<double>(1, 3), {1}},
          {"more classes than samples", few.z, few.labels},
          {"one class", matrix<double>(4, 1), {0, 0, 0, 0}},
          {"masked classes and far logits", masked, x.labels}};
}

}  // namespace calibra::test
