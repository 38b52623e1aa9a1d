// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/recalibration/fit_report.hpp"

// Convex functions of a few parameters, each of which lies between the same two bounds.
namespace calibra::detail {

struct bounds {
  double lower, upper;
};

/// A convex function at a point.
struct dense_point {
  double value = 0;
  std::vector<double> gradient;
  std::vector<double> curvature;  ///< row after row
};

/// What theta lacks to be the minimum: the largest slope, of a parameter at a bound only one along
/// which the function falls into the bounds. 0 at the minimum (the conditions of Karush, Kuhn and
/// Tucker).
inline double largest_violation(const std::vector<double>& theta,
                                const std::vector<double>& gradient, bounds b) {
  double most = 0;
  for (std::size_t j = 0; j < theta.size(); ++j) {
    const double g = gradient[j];
    if ((theta[j] <= b.lower && g > 0) || (theta[j] >= b.upper && g < 0)) continue;
    most = std::max(most, std::abs(g));
  }
  return most;
}

/// A x = b for positive definite A, restricted to the parameters that are free; others get 0.
inline std::vector<double> solve_free(const std::vector<double>& a, const std::vector<double>& b,
                                      const std::vector<bool>& fixed) {
  const std::size_t n = b.size();
  std::vector<double> l(n * n), x(n);
  for (std::size_t i = 0; i < n; ++i) {  // Cholesky's decomposition
    if (fixed[i]) continue;
    for (std::size_t j = 0; j <= i; ++j) {
      if (fixed[j]) continue;
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i * n + k] * l[j * n + k];
      l[i * n + j] = i == j ? std::sqrt(std::max(sum, 1e-14 * a[i * n + i])) : sum / l[j * n + j];
    }
    x[i] = b[i];
    for (std::size_t k = 0; k < i; ++k) x[i] -= l[i * n + k] * x[k];
    x[i] /= l[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    if (fixed[i]) continue;
    for (std::size_t k = i + 1; k < n; ++k) x[i] -= l[k * n + i] * x[k];
    x[i] /= l[i * n + i];
  }
  return x;
}

/// The step to the minimum within the bounds of the quadratic function that touches f at theta, by
/// an active set: bounds that block are taken in, those that hold nothing back are let go.
inline std::vector<double> bounded_step(const dense_point& f, const std::vector<double>& theta,
                                        bounds b) {
  const std::size_t n = theta.size();
  std::vector<double> a = f.curvature, d(n);
  double most = 0;
  for (std::size_t j = 0; j < n; ++j) most = std::max(most, a[j * n + j]);
  for (std::size_t j = 0; j < n; ++j) a[j * n + j] += 1e-12 * a[j * n + j] + 1e-15 * most + 1e-300;
  std::vector<bool> fixed(n);
  for (std::size_t j = 0; j < n; ++j)
    fixed[j] =
        (theta[j] <= b.lower && f.gradient[j] > 0) || (theta[j] >= b.upper && f.gradient[j] < 0);
  const auto slopes = [&] {
    std::vector<double> r = f.gradient;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) r[i] += a[i * n + j] * d[j];
    return r;
  };
  for (std::size_t round = 0; round < 20 * n; ++round) {
    std::vector<double> r = slopes();
    for (double& x : r) x = -x;
    const std::vector<double> more = solve_free(a, r, fixed);
    double part = 1;
    std::size_t blocking = n;
    for (std::size_t j = 0; j < n; ++j) {
      if (fixed[j]) continue;
      const double room = (more[j] < 0 ? b.lower : b.upper) - (theta[j] + d[j]);
      if (std::abs(part * more[j]) > std::abs(room)) {
        part = room / more[j];
        blocking = j;
      }
    }
    for (std::size_t j = 0; j < n; ++j) d[j] += part * more[j];
    if (blocking < n) {
      d[blocking] = (more[blocking] < 0 ? b.lower : b.upper) - theta[blocking];
      fixed[blocking] = true;
      continue;
    }
    r = slopes();
    std::size_t let_go = n;
    for (std::size_t j = 0; j < n; ++j) {
      if (!fixed[j]) continue;
      const bool at_lower = theta[j] + d[j] < (b.lower + b.upper) / 2;
      if ((at_lower ? r[j] < 0 : r[j] > 0) && (let_go == n || std::abs(r[j]) > std::abs(r[let_go])))
        let_go = j;
    }
    if (let_go == n) break;
    fixed[let_go] = false;
  }
  return d;
}

/// Minimises a convex function, evaluate(theta) -> dense_point, within the bounds: Newton's method,
/// each step that of the quadratic within the bounds, shortened until the function falls. Fills the
/// objective after, the gradient (the largest violation), counts and note of the report.
template<class F>
std::vector<double> bounded_newton(const F& evaluate, std::vector<double> theta, bounds b,
                                   std::size_t max_iterations, fit_report& report) {
  dense_point now = evaluate(theta);
  ++report.iterations;
  double lacks = largest_violation(theta, now.gradient, b);
  bool done = false;
  for (std::size_t iteration = 0; iteration < max_iterations && !done; ++iteration) {
    const double scale = std::max(1.0, now.value);
    done = lacks <= 1e-14 * scale;
    if (done) break;
    const std::vector<double> d = bounded_step(now, theta, b);
    double descent = 0;
    for (std::size_t j = 0; j < d.size(); ++j) descent += d[j] * now.gradient[j];
    double part = 1;
    done = true;  // unless there is a lower point
    for (int halving = 0; halving < 40; ++halving, part /= 2) {
      std::vector<double> next(theta.size());
      for (std::size_t j = 0; j < next.size(); ++j)
        next[j] = std::clamp(theta[j] + part * d[j], b.lower, b.upper);
      dense_point there = evaluate(next);
      ++report.iterations;
      const double lacks_there = largest_violation(next, there.gradient, b);
      // Where rounding hides the descent, the slopes tell.
      const bool hidden = -part * descent < 1e-12 * scale;
      if (hidden ? lacks_there < lacks / 2 : there.value <= now.value + 1e-4 * part * descent) {
        theta = std::move(next);
        now = std::move(there);
        lacks = lacks_there;
        done = false;
        break;
      }
      if (hidden) break;
    }
  }
  report.objective_after = now.value;
  report.gradient = lacks;
  report.converged = done && lacks <= 1e-8 * std::max(1.0, now.value);
  report.note = report.converged ? "" : "out of iterations, or no lower point was found";
  return theta;
}

}  // namespace calibra::detail
