// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "calibra/detail/float_bits.hpp"

namespace calibra::detail {

/// A convex function of one variable around a point.
struct slope {
  double at = 0;  ///< where it was evaluated: the point asked for, or one a rounding away
  double value = 0;
  double gradient = 0;
  double curvature = 0;
  double noise = 0;  ///< a gradient below this is rounding
};

enum class newton_end {
  converged,
  at_lower,  ///< the function still falls towards the lower bound
  at_upper,  ///< the function still falls towards the upper bound
  flat,      ///< the function is the same at every point between the bounds
  gave_up,   ///< out of evaluations
};

struct newton_rules {
  double lower = 0;  ///< > 0
  double upper = 0;
  double tolerance = 1e-8;  ///< a relative step of Newton below this ends the search
  std::size_t evaluations = 64;
};

struct newton_result {
  newton_end end = newton_end::gave_up;
  double x = 0;
  double value = 0;      ///< at x, to second order from the last evaluation
  double gradient = 0;   ///< at the last evaluation, from which x is one step away
  double curvature = 0;  ///< at the same
  std::size_t evaluations = 0;
};

/// The minimum of a convex function of x > 0 by Newton's method, kept inside a bracket, one
/// evaluation at a time: whoever searches for several minima at once evaluates all in one pass.
/// From the second evaluation on, a step goes to the root of the gradient by cubic Hermite
/// interpolation of x as a function of the gradient (order 2.7 instead of 2). No step is longer
/// than a factor of 16; what leaves the bracket or does not shrink is replaced by the geometric
/// mean of the bracket.
class stepwise_newton {
 public:
  /// `known`, where given, is an evaluation made before; it is not counted.
  stepwise_newton(const newton_rules& rules, double start, const std::optional<slope>& known = {})
      : rules_(rules), low_(rules.lower), high_(rules.upper) {
    if (known) {
      if (known->gradient == 0 && known->curvature == 0) {
        begin_plateau(known->at);
        return;
      }
      last_ = known;
      narrow(*known);
    }
    x_ = std::clamp(start, low_, high_);
    if (known && outside(x_)) x_ = inside(newton(*known), known->at);
    if (known && rules_.evaluations == 0) end(newton_end::gave_up, *known, known->at);
  }

  /// The verdict where the function does not rise anywhere above x: it falls towards the upper
  /// bound, or is flat.
  static stepwise_newton plateau(const newton_rules& rules, double x) {
    stepwise_newton search(rules, x);
    search.begin_plateau(x);
    return search;
  }

  bool ended() const { return ended_; }
  /// Where to evaluate next.
  double at() const { return x_; }
  /// The evaluation there.
  void take(const slope& here) {
    ++result_.evaluations;
    if (stage_ == stage::lower_end) {
      if (here.gradient == 0 && here.curvature == 0)
        return end(newton_end::flat, here, plateau_at_);
      stage_ = stage::upper_end;
      x_ = rules_.upper;
    } else if (stage_ == stage::upper_end) {
      end(newton_end::at_upper, here, rules_.upper);
    } else {
      step(here);
    }
  }
  const newton_result& result() const { return result_; }

 private:
  enum class stage { inside, lower_end, upper_end };

  void begin_plateau(double x) {
    stage_ = stage::lower_end;
    plateau_at_ = x;
    x_ = rules_.lower;
  }

  void step(const slope& here) {
    const double x = x_;
    if (is_nan(here.gradient)) return end(newton_end::gave_up, here, x);
    if (here.gradient == 0 && here.curvature == 0) return begin_plateau(x);
    if (x == rules_.lower && here.gradient >= 0) return end(newton_end::at_lower, here, x);
    if (x == rules_.upper && here.gradient <= 0) return end(newton_end::at_upper, here, x);
    narrow(here);
    bool cubic = false;
    double next = last_ ? hermite(here, *last_, cubic) : newton(here);
    double step = std::abs(next - here.at) / here.at;
    // The error after a cubic step is of the order of (step * last step)^2.
    if (step <= rules_.tolerance || (cubic && step * last_step_ <= rules_.tolerance))
      return end(newton_end::converged, here, std::clamp(next, rules_.lower, rules_.upper));
    const double safe = inside(next, here.at);
    if (std::abs(here.gradient) <= here.noise)
      return end(newton_end::converged, here, safe == next ? next : here.at);
    next = safe;
    step = std::abs(next - here.at) / here.at;
    if (result_.evaluations > 3 && low_known_ && high_known_ && step > last_step_ / 2) {
      next = std::sqrt(low_ * high_);
      step = std::abs(next - here.at) / here.at;
    }
    last_step_ = step;
    last_ = here;
    x_ = next;
    if (result_.evaluations >= rules_.evaluations) end(newton_end::gave_up, here, here.at);
  }

  void narrow(const slope& s) {
    if (s.gradient > 0) {
      high_ = std::min(high_, s.at);
      high_known_ = true;
    } else {
      low_ = std::max(low_, s.at);
      low_known_ = true;
    }
  }
  bool outside(double x) const { return (low_known_ && x <= low_) || (high_known_ && x >= high_); }

  static double newton(const slope& s) {
    if (s.curvature > 0) return s.at - s.gradient / s.curvature;
    return s.gradient > 0 ? 0 : std::numeric_limits<double>::infinity();
  }

  /// `cubic` tells whether the two points are close enough for more than Newton's step.
  static double hermite(const slope& here, const slope& last, bool& cubic) {
    const double rise = here.gradient - last.gradient;
    const double t = here.gradient / rise;
    cubic = here.curvature > 0 && last.curvature > 0 && std::abs(t) < 0.5;
    if (!cubic) return newton(here);
    const double back = last.at - here.at;
    const double a = rise / here.curvature, b = rise / last.curvature;
    return here.at - t * a + t * t * (3 * back + 2 * a + b - t * (2 * back + a + b));
  }

  /// A point that may be evaluated next, coming from `from`.
  double inside(double x, double from) const {
    const double limited = std::clamp(x, from / 16, from * 16);
    if (limited <= low_) return low_known_ ? std::sqrt(low_ * std::min(high_, from)) : low_;
    if (limited >= high_) return high_known_ ? std::sqrt(std::max(low_, from) * high_) : high_;
    return limited;
  }

  void end(newton_end how, const slope& here, double x) {
    const double d = x - here.at;
    result_.end = how;
    result_.x = x;
    result_.gradient = here.gradient;
    result_.curvature = here.curvature;
    result_.value = here.value + d * (here.gradient + d * here.curvature / 2);
    ended_ = true;
  }

  newton_rules rules_;
  double low_, high_;
  bool low_known_ = false, high_known_ = false, ended_ = false;
  stage stage_ = stage::inside;
  double x_ = 0, plateau_at_ = 0;
  double last_step_ = std::numeric_limits<double>::infinity();
  std::optional<slope> last_;
  newton_result result_;
};

/// A search of a function that is there to be called.
class bracketed_newton {
 public:
  bracketed_newton(std::function<slope(double)> evaluate, newton_rules rules)
      : evaluate_(std::move(evaluate)), rules_(rules) {}

  /// As stepwise_newton().
  newton_result run(double start, const std::optional<slope>& known = {}) const {
    return finished(stepwise_newton(rules_, start, known));
  }
  /// As stepwise_newton::plateau().
  newton_result plateau(double x) const { return finished(stepwise_newton::plateau(rules_, x)); }

 private:
  newton_result finished(stepwise_newton search) const {
    while (!search.ended()) search.take(evaluate_(search.at()));
    return search.result();
  }

  std::function<slope(double)> evaluate_;
  newton_rules rules_;
};

}  // namespace calibra::detail
