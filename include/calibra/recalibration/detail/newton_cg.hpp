// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "calibra/recalibration/fit_report.hpp"

namespace calibra::detail {

/// A convex function of many parameters that is walked over at every evaluation.
class convex_objective {
 public:
  convex_objective(const convex_objective&) = delete;
  convex_objective& operator=(const convex_objective&) = delete;
  virtual ~convex_objective() = default;

  /// The value and the gradient at theta; remembers what precondition() needs.
  virtual double at(const std::vector<double>& theta, std::vector<double>& gradient) = 0;
  /// The curvature at theta times a direction.
  virtual void curve(const std::vector<double>& theta, const std::vector<double>& direction,
                     std::vector<double>& product) = 0;
  /// Something near the inverse of the curvature where at() was last, times a vector.
  virtual void precondition(const std::vector<double>& x, std::vector<double>& y) const = 0;

 protected:
  convex_objective() = default;
};

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
inline double largest(const std::vector<double>& a) {
  double most = 0;
  for (const double x : a) most = std::max(most, std::abs(x));
  return most;
}

/// The direction of Newton's step by preconditioned conjugate gradients, to `accuracy` of the
/// gradient. Stops at a direction that is flat.
inline std::vector<double> newton_direction(convex_objective& f, const std::vector<double>& theta,
                                            const std::vector<double>& gradient, double accuracy,
                                            std::size_t& products) {
  const std::size_t n = theta.size();
  std::vector<double> d(n), r(n), z(n), p, q(n);
  for (std::size_t i = 0; i < n; ++i) r[i] = -gradient[i];
  f.precondition(r, z);
  p = z;
  double rz = dot(r, z);
  const double stop = accuracy * accuracy * rz;
  for (int iteration = 0; iteration < 60 && rz > stop; ++iteration) {
    f.curve(theta, p, q);
    ++products;
    const double curvature = dot(p, q);
    if (!(curvature > 1e-16 * dot(p, p))) {
      if (iteration == 0) d = p;
      break;
    }
    const double step = rz / curvature;
    for (std::size_t i = 0; i < n; ++i) {
      d[i] += step * p[i];
      r[i] -= step * q[i];
    }
    f.precondition(r, z);
    const double next = dot(r, z), ratio = next / rz;
    rz = next;
    for (std::size_t i = 0; i < n; ++i) p[i] = z[i] + ratio * p[i];
  }
  return d;
}

/// Minimises a convex function from theta on: Newton's method with inexact steps. Fills the
/// objective after, the gradient and the counts of the report; returns the value at the start.
inline double newton_cg(convex_objective& f, std::vector<double>& theta, std::size_t max_iterations,
                        fit_report& report) {
  constexpr double tolerance = 1e-10;
  std::vector<double> gradient(theta.size()), next_gradient(theta.size());
  double value = f.at(theta, gradient);
  const double start = value;
  std::size_t passes = 1, products = 0;
  report.converged = false;
  for (std::size_t iteration = 0; iteration < max_iterations; ++iteration) {
    const double slope = largest(gradient);
    if (slope <= tolerance * std::max(1.0, value)) {
      report.converged = true;
      break;
    }
    const double accuracy = std::min(0.1, std::sqrt(slope));
    const std::vector<double> d = newton_direction(f, theta, gradient, accuracy, products);
    const double descent = dot(d, gradient);
    std::vector<double> next(theta.size());
    double part = 1, reached = value;
    bool lower = false;
    for (int halving = 0; halving < 30 && !lower; ++halving, part /= 2) {
      for (std::size_t i = 0; i < theta.size(); ++i) next[i] = theta[i] + part * d[i];
      reached = f.at(next, next_gradient);
      ++passes;
      lower = reached <= value + 1e-4 * part * descent;
      // Where rounding hides the descent, the gradient tells.
      if (!lower && -descent < 1e-13 * std::max(1.0, value))
        lower = largest(next_gradient) < largest(gradient);
      if (!lower && -part * descent < 1e-16 * std::max(1.0, value)) break;
    }
    if (!lower) {
      report.converged = slope <= 1e-8 * std::max(1.0, value);
      break;
    }
    theta = std::move(next);
    gradient.swap(next_gradient);
    value = reached;
  }
  report.objective_after = value;
  report.gradient = largest(gradient);
  report.iterations += passes + products;
  report.passes += passes + products;
  report.note = report.converged ? "" : "out of iterations, or no lower point was found";
  return start;
}

}  // namespace calibra::detail
