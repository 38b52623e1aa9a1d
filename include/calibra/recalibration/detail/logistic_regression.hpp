// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra::detail {

/// Samples of a logistic regression on D features, the first of which may be 1.
template<std::size_t D>
struct logistic_problem {
  using vector = std::array<double, D>;
  struct row {
    vector feature;
    double weight;
    bool hit;
  };
  std::vector<row> rows;  // those with a weight
  double hits = 0;        // sum of the weights of hits
  double weight = 0;
  /// What a hit and a miss are fitted to.
  double target_of_hit = 1;
  double target_of_miss = 0;

  /// Platt's targets: (n1 + 1) / (n1 + 2) and 1 / (n0 + 2). The optimum is finite.
  void smooth_targets() {
    target_of_hit = (hits + 1) / (hits + 2);
    target_of_miss = 1 / (weight - hits + 2);
  }
};

template<std::size_t D, class Features>
logistic_problem<D> make_logistic_problem(const binary_samples& samples, const Features& features) {
  logistic_problem<D> p;
  p.rows.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double w = samples.pairs.weight(i);
    if (w == 0) continue;
    const bool hit = samples.pairs.hit(i);
    p.rows.push_back({features(i), w, hit});
    p.weight += w;
    if (hit) p.hits += w;
  }
  return p;
}

/// Value, slope and curvature of the mean cross-entropy, and the curvature of a quadratic function
/// that touches it from above (Jaakkola and Jordan's bound): a step by that never overshoots.
template<std::size_t D>
struct logistic_sums {
  using vector = std::array<double, D>;
  double value = 0;
  vector gradient{};
  std::array<vector, D> curvature{};
  std::array<vector, D> bound{};
  bool separates = true;  ///< every sample lies on its side

  double largest_slope() const {
    double most = 0;
    for (const double g : gradient) most = std::max(most, std::abs(g));
    return most;
  }
};

template<std::size_t D>
logistic_sums<D> logistic_at(const logistic_problem<D>& p, const std::array<double, D>& theta) {
  logistic_sums<D> s;
  compensated_sum value;
  std::array<compensated_sum, D> gradient;
  std::array<std::array<compensated_sum, D>, D> curvature;
  for (const auto& row : p.rows) {
    double z = 0;
    for (std::size_t d = 0; d < D; ++d) z += theta[d] * row.feature[d];
    const double target = row.hit ? p.target_of_hit : p.target_of_miss;
    const double size = std::abs(z), e = std::exp(-size);
    const double q = z >= 0 ? 1 / (1 + e) : e / (1 + e);
    // log(1 + exp(z)) - t z
    value += row.weight * (std::max(z, 0.0) + std::log1p(e) - target * z);
    const double slope = row.weight * (q - target);
    const double curved = row.weight * (e / ((1 + e) * (1 + e)));
    const double bound = row.weight * (size < 1e-4 ? 0.25 : std::tanh(size / 2) / (2 * size));
    for (std::size_t d = 0; d < D; ++d) {
      gradient[d] += slope * row.feature[d];
      for (std::size_t f = 0; f <= d; ++f) {
        const double product = row.feature[d] * row.feature[f];
        curvature[d][f] += curved * product;
        s.bound[d][f] += bound * product;
      }
    }
    s.separates = s.separates && (row.hit ? z > 0 : z < 0);
  }
  s.value = value.value() / p.weight;
  for (std::size_t d = 0; d < D; ++d) {
    s.gradient[d] = gradient[d].value() / p.weight;
    for (std::size_t f = 0; f <= d; ++f) {
      s.curvature[f][d] = s.curvature[d][f] = curvature[d][f].value() / p.weight;
      s.bound[f][d] = s.bound[d][f] /= p.weight;
    }
  }
  return s;
}

/// Whether moving along -step takes no sample towards the wrong side, and some towards the right
/// one: then the likelihood has no maximum.
template<std::size_t D>
bool recedes(const logistic_problem<D>& p, const std::array<double, D>& step) {
  double most = 0, least = 0;
  for (const auto& row : p.rows) {
    double z = 0, terms = 0;
    for (std::size_t d = 0; d < D; ++d) {
      z -= step[d] * row.feature[d];
      terms += std::abs(step[d] * row.feature[d]);
    }
    if (std::abs(z) < 1e-13 * terms) continue;  // rounding
    const double side = row.hit ? z : -z;
    most = std::max(most, side);
    least = std::min(least, side);
  }
  return most > 0 && least >= -1e-9 * most;
}

/// A x = b for symmetric A that is not negative; directions in which A is flat get 0.
template<std::size_t D>
std::array<double, D> solve_flat(std::array<std::array<double, D>, D> a, std::array<double, D> b) {
  std::array<bool, D> used{};
  std::array<double, D> scale{};
  for (std::size_t d = 0; d < D; ++d) scale[d] = a[d][d];
  for (std::size_t step = 0; step < D; ++step) {
    std::size_t pivot = D;  // the least reduced of those left
    for (std::size_t d = 0; d < D; ++d)
      if (!used[d] && a[d][d] > 1e-13 * scale[d] &&
          (pivot == D || a[d][d] * scale[pivot] > a[pivot][pivot] * scale[d]))
        pivot = d;
    if (pivot == D) break;
    used[pivot] = true;
    for (std::size_t r = 0; r < D; ++r) {
      if (r == pivot) continue;
      const double factor = a[r][pivot] / a[pivot][pivot];
      for (std::size_t c = 0; c < D; ++c) a[r][c] -= factor * a[pivot][c];
      b[r] -= factor * b[pivot];
    }
  }
  std::array<double, D> x{};
  for (std::size_t d = 0; d < D; ++d)
    if (used[d]) x[d] = b[d] / a[d][d];
  return x;
}

template<std::size_t D>
struct logistic_fit {
  std::array<double, D> theta{};
  fit_report report;
};

/// Newton's method from `start`. Where its step does not lower the objective, the better of a part
/// of it and of the step by the bound, which always does.
template<std::size_t D>
logistic_fit<D> newton_logistic(const logistic_problem<D>& p, std::array<double, D> start,
                                bool stop_where_separable) {
  using vector = std::array<double, D>;
  const auto product = [](const vector& a, const vector& b) {
    double sum = 0;
    for (std::size_t d = 0; d < D; ++d) sum += a[d] * b[d];
    return sum;
  };
  logistic_fit<D> out;
  out.theta = start;
  logistic_sums<D> now = logistic_at(p, out.theta);
  std::size_t evaluations = 1;
  vector theta;
  const auto moved = [&](const vector& step, double part) {
    for (std::size_t d = 0; d < D; ++d) theta[d] = out.theta[d] - part * step[d];
    ++evaluations;
    return logistic_at(p, theta);
  };
  bool bounded = true;
  for (int iteration = 0; iteration < 1000 && !out.report.converged; ++iteration) {
    const vector step = solve_flat<D>(now.curvature, now.gradient);
    if (stop_where_separable && (now.separates || recedes(p, step))) {
      bounded = false;
      break;
    }
    const vector sure = solve_flat<D>(now.bound, now.gradient);
    const double decrease = std::max(product(step, now.gradient), product(sure, now.gradient));
    logistic_sums<D> next = moved(step, 1);
    if (!(decrease > 1e-9 * now.value)) {
      // The value hardly tells any more: steps that make the slope smaller, while they do.
      for (int more = 0; more < 5 && next.largest_slope() < now.largest_slope(); ++more) {
        out.theta = theta;
        now = next;
        next = moved(solve_flat<D>(now.curvature, now.gradient), 1);
      }
      out.report.converged = true;
      break;
    }
    double part = 1;
    for (int halving = 0; halving < 40 && !(next.value < now.value); ++halving)
      next = moved(step, part /= 2);
    if (part < 1) {
      const vector of_step = theta;
      const logistic_sums<D> other = moved(sure, 1);
      if (next.value < other.value)
        theta = of_step;
      else
        next = other;
    }
    if (!(next.value < now.value)) {  // as low as rounding lets it
      out.report.converged = true;
      break;
    }
    out.theta = theta;
    now = next;
  }
  out.report.iterations = evaluations;
  out.report.objective_after = now.value;
  out.report.gradient = now.largest_slope();
  if (!bounded) out.report.converged = false;
  return out;
}

/// The maximum-likelihood fit. Where the likelihood has no maximum, the samples being separable,
/// that to smoothed targets, whose slope the report then has.
template<std::size_t D>
logistic_fit<D> fit_logistic(logistic_problem<D> p, const std::array<double, D>& identity,
                             bool smooth) {
  logistic_fit<D> out;
  if (p.rows.empty()) {
    out.theta = identity;
    out.report.note = nothing_to_fit;
    return out;
  }
  if (smooth) p.smooth_targets();
  const double before = logistic_at(p, identity).value;
  out = newton_logistic(p, identity, !smooth);
  out.report.note.clear();
  if (!smooth && !out.report.converged) {
    logistic_problem<D> smoothed = p;
    smoothed.smooth_targets();
    const std::size_t evaluations = out.report.iterations;
    out = newton_logistic(smoothed, identity, false);
    out.report.iterations += evaluations;
    out.report.objective_after = logistic_at(p, out.theta).value;
    out.report.converged = false;
    out.report.note =
        "the likelihood has no maximum (separable samples): fitted to Platt's targets";
  } else if (!out.report.converged) {
    out.report.note = "out of iterations";
  }
  out.report.objective_before = before;
  out.report.passes = 1;
  return out;
}

}  // namespace calibra::detail
