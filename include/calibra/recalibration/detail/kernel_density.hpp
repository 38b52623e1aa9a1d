// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "calibra/rows/row_kernels.hpp"

// Densities in the plane.
namespace calibra::detail {

/// The standard deviation of values with weights (none: 1 each), with the weights' sum as divisor;
/// exactly 0 for equal values and for none.
inline double standard_deviation(const std::vector<double>& x, const std::vector<double>& weights) {
  if (x.empty()) return 0;
  const auto mean = [&](const auto& f) {
    double sum = 0, total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double w = weights.empty() ? 1 : weights[i];
      sum += w * f(x[i]);
      total += w;
    }
    return sum / total;
  };
  const double shift = mean([&](double v) { return v - x[0]; });
  return std::sqrt(mean([&](double v) {
    const double d = (v - x[0]) - shift;
    return d * d;
  }));
}

/// A kernel density estimate of points (x, y) with weights (none: 1 each): a product of two
/// Gaussians, bandwidths by the normal reference rule.
class kernel_density {
 public:
  kernel_density() = default;
  /// `spread_x`, `spread_y`: what stands in where the points have no spread of their own. Where
  /// that is none either, the variable is left out.
  kernel_density(std::vector<double> x, std::vector<double> y, std::vector<double> weights,
                 double spread_x, double spread_y)
      : x_(std::move(x)), y_(std::move(y)), share_(std::move(weights)) {
    const double own_x = standard_deviation(x_, share_), own_y = standard_deviation(y_, share_);
    if (share_.empty()) share_.assign(x_.size(), 1);
    weight_ = std::accumulate(share_.begin(), share_.end(), 0.0);
    double factor = 1 / weight_;
    const auto inverse_of = [&](double own, double all) {
      const double spread = own > least_spread ? own : all;
      if (!(spread > least_spread)) return 0.0;
      const double inverse = std::pow(weight_, 1.0 / 6) / (1.06 * spread);
      factor *= inverse / std::sqrt(2 * std::numbers::pi);
      return inverse;
    };
    inverse_x_ = inverse_of(own_x, spread_x);
    inverse_y_ = inverse_of(own_y, spread_y);
    for (double& s : share_) s *= factor;
  }

  /// The sum of the weights.
  double weight() const noexcept { return weight_; }

  double operator()(double x, double y) const {
    constexpr std::size_t block = 512;
    double exponent[block];
    double sum = 0;
    for (std::size_t first = 0; first < x_.size(); first += block) {
      const std::size_t n = std::min(block, x_.size() - first);
      for (std::size_t i = 0; i < n; ++i) {
        const double a = (x - x_[first + i]) * inverse_x_, b = (y - y_[first + i]) * inverse_y_;
        exponent[i] = a * a + b * b;
      }
      kernels_for<double>(best_isa()).exp_row(exponent, n, -0.5, 0.0, 1.0, exponent);
      double sums[4] = {0, 0, 0, 0};
      std::size_t i = 0;
      for (; i + 4 <= n; i += 4)
        for (std::size_t j = 0; j < 4; ++j) sums[j] += share_[first + i + j] * exponent[i + j];
      for (; i < n; ++i) sums[0] += share_[first + i] * exponent[i];
      sum += (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
    return sum;
  }

 private:
  static constexpr double least_spread = 1e-100;

  std::vector<double> x_, y_;
  std::vector<double> share_;  ///< each one's part of the density at its place
  double weight_ = 0;
  double inverse_x_ = 0, inverse_y_ = 0;  ///< 1 / bandwidth
};

}  // namespace calibra::detail
