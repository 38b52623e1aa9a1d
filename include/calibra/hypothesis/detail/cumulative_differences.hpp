// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/table/sample.hpp"

namespace calibra::detail {

/// How far the sum of (hit - confidence) wanders, in ascending order of confidence, over the
/// standard deviation that it ends with under calibration. Pairs of equal confidence enter
/// together.
class cumulative_differences {
 public:
  explicit cumulative_differences(const sample& sorted) {
    double sum = 0, variance = 0, tied = 0;
    std::size_t counted = 0;
    const std::size_t n = sorted.size();
    for (std::size_t i = 0; i < n; ++i) {
      const double c = sorted.confidence(i), w = sorted.weight(i);
      sum += w * ((sorted.hit(i) ? 1.0 : 0.0) - c);
      tied += w * w * c * (1 - c);
      weight_ += w;
      counted += w > 0 ? 1U : 0U;
      if (i + 1 < n && sorted.confidence(i + 1) == c) continue;
      variance += tied;
      if (tied > 0) steps_.push_back(std::sqrt(tied));
      tied = 0;
      lowest_ = std::min(lowest_, sum);
      highest_ = std::max(highest_, sum);
    }
    if (counted == 0) return;
    sigma_ = std::sqrt(std::max(0.0, variance));
    several_ties_ = steps_.size() < counted / 2;
    for (double& step : steps_) step /= sigma_;
  }

  /// How far apart the sum's extremes lie, 0 among them; its largest distance from 0. NaN without
  /// samples.
  [[nodiscard]] double range() const { return scaled(highest_ - lowest_); }
  [[nodiscard]] double maximum() const { return scaled(std::max(highest_, -lowest_)); }

  /// P of a statistic like `found` or further out, `of(lowest, highest)` of a walk with such steps.
  /// `ends`: at how many ends the statistic is taken. `tail`: its law for a Brownian motion, which
  /// is looked at after steps alone and so falls short of its extremes by -zeta(1/2) / sqrt(2 pi)
  /// steps at each (Siegmund 1979; Chernoff 1965). Few steps of unlike size are walked.
  template<class Of, class Tail>
  [[nodiscard]] double p(double found, double ends, const Of& of, const Tail& tail) const {
    if (found == 0) return 1;
    constexpr std::size_t few = 2000, walks = 10000, enough = 20;
    if (several_ties_ && steps_.size() < few && found < std::numeric_limits<double>::infinity()) {
      std::size_t as_far = 0;
      for (std::size_t w = 0; w < walks; ++w) as_far += walked(w, of) >= found ? 1U : 0U;
      if (as_far >= enough) return static_cast<double>(as_far) / walks;
      // Too far out to count: no more than either.
      return std::min(tail(found), static_cast<double>(enough) / walks);
    }
    double step = 0;  // weighed by the time that it takes
    for (const double s : steps_) step += s * s * s;
    return tail(found + ends * 0.58259715793901068 * step);
  }

 private:
  /// Infinite where confidences of 0 and 1 are not certain.
  [[nodiscard]] double scaled(double distance) const {
    if (sigma_ != 0) return distance / sigma_;
    return distance > 1e-12 * weight_ ? std::numeric_limits<double>::infinity() : 0;
  }
  template<class Of>
  [[nodiscard]] double walked(std::size_t number, const Of& of) const {
    counter_random random(0, number);
    double sum = 0, lowest = 0, highest = 0, spare = 0;
    bool has_spare = false;
    for (const double step : steps_) {
      if (!has_spare) {  // two normal numbers at a time (Box and Muller)
        const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
        const double angle = static_cast<double>(random() >> 11) * 0x1p-52 * std::numbers::pi;
        const double radius = std::sqrt(-2 * std::log(u));
        sum += step * radius * std::cos(angle);
        spare = radius * std::sin(angle);
      } else {
        sum += step * spare;
      }
      has_spare = !has_spare;
      lowest = std::min(lowest, sum);
      highest = std::max(highest, sum);
    }
    return of(lowest, highest);
  }

  double lowest_ = 0, highest_ = 0, weight_ = 0;
  double sigma_ = std::numeric_limits<double>::quiet_NaN();
  bool several_ties_ = false;
  std::vector<double> steps_;  // standard deviation of what enters together, in units of sigma
};

}  // namespace calibra::detail
