// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

// -ffast-math must not cancel what the sum is about: high + x - high is not x.
#if defined(__clang__)
#define CALIBRA_DETAIL_IN_ORDER _Pragma("clang fp reassociate(off)")
#define CALIBRA_DETAIL_ROUNDED(x) (x)
#elif defined(__GNUC__) && __GNUC__ >= 12
#define CALIBRA_DETAIL_IN_ORDER
#define CALIBRA_DETAIL_ROUNDED(x) __builtin_assoc_barrier(x)
#else
#if defined(__FAST_MATH__)
#error "calibra: with -ffast-math this compiler takes compensated sums apart; leave the flag out"
#endif
#define CALIBRA_DETAIL_IN_ORDER
#define CALIBRA_DETAIL_ROUNDED(x) (x)
#endif

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
    CALIBRA_DETAIL_IN_ORDER
    const double s = CALIBRA_DETAIL_ROUNDED(high_ + x);
    const double t = CALIBRA_DETAIL_ROUNDED(s - high_);
    const double back = CALIBRA_DETAIL_ROUNDED(s - t);
    low_ += CALIBRA_DETAIL_ROUNDED(high_ - back) + CALIBRA_DETAIL_ROUNDED(x - t);
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

#undef CALIBRA_DETAIL_IN_ORDER
#undef CALIBRA_DETAIL_ROUNDED
