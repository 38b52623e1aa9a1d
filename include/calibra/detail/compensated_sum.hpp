// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

namespace calibra::detail {

/// A sum that keeps its rounding errors (Knuth's two-sum): about twice the digits of a double, so
/// that neither the order of the terms nor the way they were split over threads shows in the
/// result.
class compensated_sum {
 public:
  compensated_sum() = default;
  explicit compensated_sum(double x) : high_(x) {}
  compensated_sum(double high, double low) : high_(high), low_(low) {}

  compensated_sum& operator+=(double x) {
    const double s = high_ + x;
    const double t = s - high_;
    low_ += (high_ - (s - t)) + (x - t);
    high_ = s;
    return *this;
  }
  compensated_sum& operator+=(const compensated_sum& other) {
    *this += other.high_;
    low_ += other.low_;
    return *this;
  }
  double value() const { return high_ + low_; }
  double high() const { return high_; }
  double low() const { return low_; }
  bool operator==(const compensated_sum& other) const { return value() == other.value(); }

 private:
  double high_ = 0;
  double low_ = 0;
};

}  // namespace calibra::detail
