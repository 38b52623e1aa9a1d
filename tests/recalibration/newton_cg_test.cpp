// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// newton_cg() against plain Newton's method with all of the curvature.
#include <calibra/recalibration/detail/newton_cg.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

using namespace calibra;
using vec = std::vector<double>;

namespace {

/// theta' A theta / 2 - b' theta + sum theta^4 / 4 + 10, A with eigenvalues from 1 down to `least`.
class quartic final : public detail::convex_objective {
 public:
  quartic(std::size_t n, double least, bool preconditioned, bool rough, unsigned seed)
      : n_(n), a_(n * n), b_(n), preconditioned_(preconditioned), rough_(rough) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    for (std::size_t r = 0; r < n; ++r) {  // a sum of n matrices of rank one
      vec v(n);
      double length = 0;
      for (double& x : v) {
        x = normal(random);
        length += x * x;
      }
      const double weight =
          std::pow(least, n == 1 ? 0 : static_cast<double>(r) / static_cast<double>(n - 1));
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) a_[i * n + j] += weight * v[i] * v[j] / length;
    }
    for (double& x : b_) x = normal(random);
  }

  bool has_rough() const override { return rough_; }
  double at(const vec& theta, vec& gradient, bool rough) override {
    ++evaluations[rough];
    theta_ = theta;
    const auto part = [&](double x) {
      return rough ? static_cast<double>(static_cast<float>(x)) : x;
    };
    double value = 10;
    for (std::size_t i = 0; i < n_; ++i) {
      double row = 0;
      for (std::size_t j = 0; j < n_; ++j) row += a_[i * n_ + j] * theta[j];
      const double cube = theta[i] * theta[i] * theta[i];
      gradient[i] = part(row - b_[i] + cube);
      value += theta[i] * (row / 2 - b_[i] + cube / 4);
    }
    return part(value);
  }
  void curve(const vec& theta, const vec& direction, vec& product, bool rough) override {
    CHECK(theta == theta_);
    ++products[rough];
    for (std::size_t i = 0; i < n_; ++i) {
      product[i] = 3 * theta[i] * theta[i] * direction[i];
      for (std::size_t j = 0; j < n_; ++j) product[i] += a_[i * n_ + j] * direction[j];
      if (rough) product[i] = static_cast<float>(rough_curvature * product[i]);
    }
  }
  void precondition(const vec& x, vec& y) const override {
    if (searched != nullptr) CHECK(*searched == theta_);
    for (std::size_t i = 0; i < n_; ++i)
      y[i] = preconditioned_ ? x[i] / (a_[i * n_ + i] + 3 * theta_[i] * theta_[i]) : x[i];
  }

  /// Newton's method with halvings; the system by Gauss's elimination (the curvature is definite).
  vec optimum() {
    vec theta(n_), gradient(n_), next(n_), scrap(n_);
    for (int iteration = 0; iteration < 200; ++iteration) {
      const double value = at(theta, gradient, false);
      vec h = a_, d = gradient;
      for (std::size_t i = 0; i < n_; ++i) h[i * n_ + i] += 3 * theta[i] * theta[i];
      for (std::size_t p = 0; p < n_; ++p)
        for (std::size_t i = p + 1; i < n_; ++i) {
          const double factor = h[i * n_ + p] / h[p * n_ + p];
          for (std::size_t j = p; j < n_; ++j) h[i * n_ + j] -= factor * h[p * n_ + j];
          d[i] -= factor * d[p];
        }
      for (std::size_t i = n_; i-- > 0;) {
        for (std::size_t j = i + 1; j < n_; ++j) d[i] -= h[i * n_ + j] * d[j];
        d[i] /= h[i * n_ + i];
      }
      double part = 1;
      for (int halving = 0; halving < 40; ++halving, part /= 2) {
        for (std::size_t i = 0; i < n_; ++i) next[i] = theta[i] - part * d[i];
        if (at(next, scrap, false) <= value) break;
      }
      theta = next;
    }
    evaluations[0] = evaluations[1] = 0;
    return theta;
  }

  std::size_t evaluations[2] = {}, products[2] = {};  ///< exact and rough
  double rough_curvature = 1;                         ///< by what it is off
  const vec* searched = nullptr;                      ///< where the search is

 private:
  std::size_t n_;
  vec a_, b_, theta_;
  bool preconditioned_, rough_;
};

/// log(1 + exp(-theta)): falls for ever.
class falling final : public detail::convex_objective {
 public:
  double at(const vec& theta, vec& gradient, bool) override {
    p_ = 1 / (1 + std::exp(theta[0]));
    gradient[0] = -p_;
    return std::log1p(std::exp(-theta[0]));
  }
  void curve(const vec&, const vec& direction, vec& product, bool) override {
    product[0] = p_ * (1 - p_) * direction[0];
  }
  void precondition(const vec& x, vec& y) const override { y[0] = x[0] / (p_ * (1 - p_)); }

 private:
  double p_ = 0.5;
};

/// log cosh(theta - centre): far from the centre no curvature is left.
class valley final : public detail::convex_objective {
 public:
  explicit valley(double centre) : centre_(centre) {}
  double at(const vec& theta, vec& gradient, bool) override {
    const double x = theta[0] - centre_, away = std::abs(x);
    gradient[0] = std::tanh(x);
    curvature_ = 1 / (std::cosh(x) * std::cosh(x));
    return away + std::log1p(std::exp(-2 * away)) - std::log(2.0);
  }
  void curve(const vec&, const vec& direction, vec& product, bool) override {
    product[0] = curvature_ * direction[0];
  }
  void precondition(const vec& x, vec& y) const override { y[0] = x[0] / curvature_; }

 private:
  double centre_, curvature_ = 1;
};

/// -weight (log theta + log(width - theta)): a step of 1 leads out of where it is defined.
class gorge final : public detail::convex_objective {
 public:
  bool has_rough() const override { return rough; }
  double at(const vec& theta, vec& gradient, bool) override {
    theta_ = theta[0];
    const double rest = width - theta_;
    gradient[0] = weight * (1 / rest - 1 / theta_);
    return -weight * (std::log(theta_) + std::log(rest));
  }
  void curve(const vec& theta, const vec& direction, vec& product, bool with_rough) override {
    CHECK(theta[0] == theta_);
    const double rest = width - theta_;
    product[0] = (with_rough ? 1e-12 : 1) * weight * (1 / (theta_ * theta_) + 1 / (rest * rest)) *
                 direction[0];
  }
  void precondition(const vec& x, vec& y) const override {
    CHECK((*searched)[0] == theta_);
    y = x;
  }

  static constexpr double width = 1e-10, weight = 1e-6;
  bool rough = false;  ///< and the rough curvature by far too small
  const vec* searched = nullptr;

 private:
  double theta_ = 0;
};

}  // namespace

TEST_CASE("newton_cg: finds the optimum, however round the function is, in few passes") {
  unsigned seed = 0;
  std::size_t exact = 0, rounded = 0, last = 0;
  for (const std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{40}})
    for (const double least : {1.0, 1e-2, 1e-5})
      for (const bool preconditioned : {false, true})
        for (const bool rough : {false, true}) {
          CAPTURE(n, least, preconditioned, rough);
          quartic f(n, least, preconditioned, rough, ++seed);
          vec gradient(n), at_start(n);
          const double best = f.at(f.optimum(), gradient, false);
          const double before = f.at(vec(n), at_start, rough);
          f.evaluations[0] = f.evaluations[1] = 0;
          vec theta(n);
          f.searched = &theta;
          fit_report report;
          const double start = detail::newton_cg(f, theta, 100, report);
          f.searched = nullptr;
          CHECK(start == before);
          CHECK(report.converged);
          CHECK(report.passes ==
                f.evaluations[0] + f.evaluations[1] + f.products[0] + f.products[1]);
          CHECK(report.iterations == report.passes);
          (rough ? rounded : exact) += report.passes;
          if (rough) last += f.evaluations[0] + f.products[0];
          CHECK((f.evaluations[1] > 0) == rough);
          CHECK(detail::largest(gradient) <= 1e-8);  // the oracle's
          CHECK(report.objective_after == f.at(theta, gradient, false));
          CHECK(report.gradient == detail::largest(gradient));
          CHECK(report.gradient <=
                std::max(1e-10, (rough ? 9e-9 : 1e-10) * report.objective_after));
          CHECK(report.objective_after - best <= 1e-9);
        }
  CHECK(exact <= 790);    // 775 when it was written
  CHECK(rounded <= 630);  // 618
  CHECK(last <= 30);      // 24: one for each
}

TEST_CASE("newton_cg: what the rough curvature cannot do the exact one does") {
  // Too large by so much that steps are slow, or lost in the rounding.
  for (const double off : {30.0, 1e12}) {
    CAPTURE(off);
    quartic f(7, 1e-2, true, true, 5);
    vec gradient(7);
    const double best = f.at(f.optimum(), gradient, false);
    f.rough_curvature = off;
    vec theta(7);
    f.searched = &theta;
    fit_report report;
    detail::newton_cg(f, theta, 100, report);
    CHECK(report.converged);
    CHECK(report.objective_after - best <= 1e-9);
    CHECK(f.products[0] > 0);
    CHECK(f.evaluations[0] <= 12);
  }
}

TEST_CASE("newton_cg: steps from where the curvature vanishes, and where a step leads nowhere") {
  for (const double centre : {-300.0, 1.0, 20.0, 300.0}) {
    CAPTURE(centre);
    valley f(centre);
    vec theta(1);
    fit_report report;
    detail::newton_cg(f, theta, 30, report);
    CHECK(report.converged);
    CHECK(std::abs(theta[0] - centre) <= 1e-9);
  }
  for (const double start : {1e-12, 3e-11, 9.9e-11})
    for (const bool rough : {false, true}) {
      CAPTURE(start, rough);
      gorge f;
      f.rough = rough;
      vec theta{start};
      f.searched = &theta;
      fit_report report;
      detail::newton_cg(f, theta, 30, report);
      CHECK(report.converged);
      CHECK(std::abs(theta[0] / gorge::width - 0.5) <= 1e-6);
    }
}

TEST_CASE("quasi_newton: the directions of BFGS from the last eight steps") {
  for (const std::size_t steps :
       {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{12}}) {
    CAPTURE(steps);
    const std::size_t n = 6;
    quartic f(n, 1e-2, true, false, 3);
    std::mt19937_64 random(steps);
    std::normal_distribution<double> normal;
    const auto draw = [&] {
      vec x(n);
      for (double& v : x) v = normal(random);
      return x;
    };
    vec theta = draw(), gradient(n), next_gradient(n), diagonal(n), unit(n);
    f.at(theta, gradient, false);
    detail::quasi_newton quick;
    std::vector<vec> moved, turned;
    for (std::size_t s = 0; s < steps; ++s) {
      const vec next = draw();
      f.at(next, next_gradient, false);
      quick.remember(theta, gradient, next, next_gradient);
      moved.push_back(next);
      turned.push_back(next_gradient);
      for (std::size_t i = 0; i < n; ++i) {
        moved[s][i] -= theta[i];
        turned[s][i] -= gradient[i];
      }
      theta = next;
      gradient = next_gradient;
    }
    // The inverse curvature h, turned into (1 - s y' / s'y) h (1 - y s' / s'y) + s s' / s'y.
    std::vector<vec> h(n, vec(n));
    for (std::size_t i = 0; i < n; ++i) {
      unit.assign(n, 1);
      f.precondition(unit, diagonal);
      h[i][i] = diagonal[i];
    }
    for (std::size_t s = steps > 8 ? steps - 8 : 0; s < steps; ++s) {
      const double along = detail::dot(moved[s], turned[s]);
      vec hy(n);
      for (std::size_t i = 0; i < n; ++i) hy[i] = detail::dot(h[i], turned[s]);
      const double yhy = detail::dot(turned[s], hy);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
          h[i][j] += ((1 + yhy / along) * moved[s][i] * moved[s][j] - hy[i] * moved[s][j] -
                      moved[s][i] * hy[j]) /
                     along;
    }
    const vec g = draw(), d = quick.direction(f, g);
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = -detail::dot(h[i], g);
      CHECK(std::abs(d[i] - expected) <= 1e-9 * (1 + std::abs(expected)));
    }
  }
}

TEST_CASE("newton_cg: says where there is no optimum") {
  falling f;
  vec theta(1);
  fit_report report;
  detail::newton_cg(f, theta, 5, report);
  CHECK_FALSE(report.converged);
  CHECK(report.note.find("out of iterations") != std::string::npos);
  CHECK(std::isfinite(theta[0]));
  CHECK(theta[0] > 1);
  CHECK(report.objective_after < std::log(2.0));
}
