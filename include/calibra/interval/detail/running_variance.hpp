// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/interval/detail/row_units.hpp"

namespace calibra::detail {

/// The variance of the sum of numbers that come one by one, n / (n - 1) sum (x - mean)^2.
class running_variance {
 public:
  void add(double x) {
    const double move = x - mean_;
    mean_ += move / ++n_;
    squares_ += move * (x - mean_);
  }
  double of_sum() const {
    return n_ > 1 ? squares_ * n_ / (n_ - 1) : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  double n_ = 0, mean_ = 0, squares_ = 0;
};

/// The variance of the sum of a number a unit, each stratum by itself. NaN where a stratum has one
/// unit.
inline double variance_of_sum(const row_units& units, const std::vector<double>& of_unit) {
  double variance = 0;
  for (const auto& [first, last] : units.strata()) {
    running_variance stratum;
    for (std::size_t u = first; u < last; ++u) stratum.add(of_unit[u]);
    variance += stratum.of_sum();
  }
  return variance;
}

}  // namespace calibra::detail
