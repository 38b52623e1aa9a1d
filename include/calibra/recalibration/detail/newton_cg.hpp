// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "calibra/recalibration/fit_report.hpp"

namespace calibra::detail {

/// A convex function of many parameters that is walked over at every evaluation.
class convex_objective {
 public:
  convex_objective(const convex_objective&) = delete;
  convex_objective& operator=(const convex_objective&) = delete;
  virtual ~convex_objective() = default;

  /// Whether there is a rough, faster version for all but the last steps.
  virtual bool has_rough() const { return false; }
  /// The slope, relative to the value, where the exact one takes over from it.
  virtual double rough_enough() const { return 9e-9; }
  /// The value and the gradient at theta; remembers what precondition() needs.
  virtual double at(const std::vector<double>& theta, std::vector<double>& gradient,
                    bool rough) = 0;
  /// The curvature at theta times a direction.
  virtual void curve(const std::vector<double>& theta, const std::vector<double>& direction,
                     std::vector<double>& product, bool rough) = 0;
  /// Something near the inverse of the curvature where at() was last, or not far from there, times
  /// a vector.
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
                                            bool rough, std::size_t& products) {
  const std::size_t n = theta.size();
  std::vector<double> d(n), r(n), z(n), p, q(n);
  for (std::size_t i = 0; i < n; ++i) r[i] = -gradient[i];
  f.precondition(r, z);
  p = z;
  double rz = dot(r, z);
  const double stop = accuracy * accuracy * rz;
  for (int iteration = 0; iteration < 60 && rz > stop; ++iteration) {
    f.curve(theta, p, q, rough);
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

/// Shortens a step that leads further out than the curvature where it starts can tell; whether it
/// did.
inline bool shorten(std::vector<double>& step, const std::vector<double>& theta) {
  const double length = largest(step), most = 10 * (1 + largest(theta));
  if (!(length > most)) return false;
  for (double& x : step) x *= most / length;
  return true;
}

/// Quasi-Newton directions from the last steps (L-BFGS), on top of the objective's own
/// preconditioner: a pass each, where a Newton direction takes several.
class quasi_newton {
 public:
  std::vector<double> direction(const convex_objective& f, const std::vector<double>& gradient) {
    std::vector<double> q = gradient, z(gradient.size());
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      step->share = dot(step->moved, q) / step->along;
      for (std::size_t i = 0; i < q.size(); ++i) q[i] -= step->share * step->turned[i];
    }
    f.precondition(q, z);
    for (const step_taken& step : steps_) {
      const double share = step.share - dot(step.turned, z) / step.along;
      for (std::size_t i = 0; i < z.size(); ++i) z[i] += share * step.moved[i];
    }
    for (double& x : z) x = -x;
    return z;
  }
  /// From one point and its gradient to another.
  void remember(const std::vector<double>& theta, const std::vector<double>& gradient,
                const std::vector<double>& next, const std::vector<double>& next_gradient) {
    step_taken step{next, next_gradient};
    for (std::size_t i = 0; i < next.size(); ++i) {
      step.moved[i] -= theta[i];
      step.turned[i] -= gradient[i];
    }
    step.along = dot(step.moved, step.turned);
    if (!(step.along > 0)) return;
    constexpr std::size_t most = 8;
    if (steps_.size() == most) steps_.pop_front();
    steps_.push_back(std::move(step));
  }

 private:
  struct step_taken {
    std::vector<double> moved, turned;  ///< by how much the point and the gradient changed
    double along = 0;                   ///< their product
    double share = 0;
  };
  std::deque<step_taken> steps_;
};

/// Minimises a convex function from theta on: by quasi-Newton steps while every two leave half
/// of the slope or less, then by Newton's method with inexact steps.
class newton_search {
 public:
  newton_search(convex_objective& f, std::vector<double>& theta)
      : f_(f),
        theta_(theta),
        gradient_(theta.size()),
        next_(theta.size()),
        next_gradient_(theta.size()) {}

  /// Until the largest slope is 1e-10 or, relative to the value, `tolerance`; whether it got there.
  /// A rough run takes its last step, which should lead there and lower the value by little,
  /// without a look at where it ends. `noise`: relative differences of values below this tell
  /// nothing. `max_steps` counts steps of both kinds, and those that led nowhere.
  bool run(bool rough, double tolerance, double noise, std::size_t max_steps) {
    value_ = at(theta_, gradient_, rough);
    if (!start_) start_ = value_;
    double care = 1;  // less: the curvature is exact, and a Newton step follows it further
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double before = infinity;  // the slope a step ago
    for (std::size_t step = 0;; ++step) {
      const double slope = largest(gradient_), scale = std::max(1.0, value_);
      const double enough = std::max(1e-10, tolerance * value_);
      if (slope <= enough) return true;
      if (step == max_steps) return false;
      // An exact evaluation is dear where there is a rough one: aim at the end.
      const double aim = f_.has_rough() && !rough ? enough / slope : std::sqrt(slope);
      const double accuracy = std::max(care * std::clamp(aim, 1e-4, 0.1), 1e-6);
      const bool quick = quick_, rough_curvature = f_.has_rough() && (rough || care == 1);
      std::vector<double> d =
          quick ? quick_steps_.direction(f_, gradient_)
                : newton_direction(f_, theta_, gradient_, accuracy, rough_curvature, products_);
      const bool shortened = shorten(d, theta_);
      const double descent = dot(d, gradient_);
      const double shrinks = !quick ? accuracy : before < infinity ? slope / before : 1;
      constexpr double little = 1e-4;
      if (rough && !shortened && slope * std::min(1.0, shrinks) <= enough &&
          -descent <= little * scale) {
        for (std::size_t i = 0; i < theta_.size(); ++i) theta_[i] += d[i];
        return true;
      }
      if (!go(d, descent, rough, noise * scale)) {
        const bool good_enough = slope <= 1e-8 * scale;
        // What is left to try: Newton's step after a quick one, exact curvature after a rough one.
        const bool follow_exact = !quick && !rough && rough_curvature;
        if (!quick && (good_enough || !follow_exact)) return good_enough;
        if (follow_exact) care = 0.1;
        stop_quick_steps();
        value_ = at(theta_, gradient_, rough);  // precondition() knows the point of the last at()
        continue;
      }
      const double left = largest(next_gradient_);
      // What is left along flat directions shows in the slope last.
      care = 2 * left <= slope || quick || rough ? 1 : care / 10;
      if (quick && 2 * left <= before)
        quick_steps_.remember(theta_, gradient_, next_, next_gradient_);
      else if (quick)
        stop_quick_steps();
      before = slope;
      theta_.swap(next_);
      gradient_.swap(next_gradient_);
      value_ = reached_;
    }
  }

  double value() const { return value_; }
  /// The value where the first run began.
  double start() const { return *start_; }
  /// The largest slope.
  double slope() const { return largest(gradient_); }
  std::size_t passes() const { return evaluations_ + products_; }

 private:
  double at(const std::vector<double>& theta, std::vector<double>& gradient, bool rough) {
    ++evaluations_;
    return f_.at(theta, gradient, rough);
  }
  /// Goes the step, half of it and so on, until the value is lower there; whether it was.
  bool go(const std::vector<double>& step, double descent, bool rough, double noise) {
    double part = 1;
    for (int halving = 0; halving < 30; ++halving, part /= 2) {
      for (std::size_t i = 0; i < theta_.size(); ++i) next_[i] = theta_[i] + part * step[i];
      reached_ = at(next_, next_gradient_, rough);
      if (reached_ <= value_ + 1e-4 * part * descent) return true;
      // Where rounding hides the descent, the gradient tells.
      if (-descent < noise && largest(next_gradient_) < largest(gradient_)) return true;
      if (-part * descent < 1e-3 * noise) return false;
    }
    return false;
  }
  void stop_quick_steps() {
    quick_ = false;
    quick_steps_ = {};  // they take room
  }

  convex_objective& f_;
  std::vector<double>& theta_;
  std::vector<double> gradient_;
  std::vector<double> next_, next_gradient_;  ///< where a step leads
  double value_ = 0, reached_ = 0;
  std::optional<double> start_;
  quasi_newton quick_steps_;
  bool quick_ = true;
  std::size_t evaluations_ = 0, products_ = 0;
};

/// Minimises a convex function from theta on: roughly first, where it can be had roughly. Fills the
/// objective after, the gradient and the counts of the report; returns the value at the start.
/// Each of the two runs takes max_steps steps at most.
inline double newton_cg(convex_objective& f, std::vector<double>& theta, std::size_t max_steps,
                        fit_report& report) {
  newton_search search(f, theta);
  const double tolerance = f.has_rough() ? 9e-9 : 1e-10;
  if (f.has_rough()) search.run(true, f.rough_enough(), 1e-6, max_steps);
  report.converged = search.run(false, tolerance, 1e-13, max_steps);
  report.objective_after = search.value();
  report.gradient = search.slope();
  report.iterations += search.passes();
  report.passes += search.passes();
  report.note = report.converged ? "" : "out of iterations, or no lower point was found";
  return search.start();
}

/// Says so in the report of a fit without a penalty, or with one that leaves some parameters free,
/// where the mean NLL only falls towards 0, which no parameters reach.
inline void note_told_apart(fit_report& report) {
  constexpr double none_wrong = 1e-7;
  if (!report.converged || report.objective_after >= none_wrong || report.gradient == 0) return;
  report.converged = false;
  report.note = "the samples can be told apart without error: there is no optimum";
}

}  // namespace calibra::detail
