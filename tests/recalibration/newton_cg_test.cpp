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
    ++evaluations;
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
  void curve(const vec& theta, const vec& direction, vec& product, bool) override {
    ++products;
    for (std::size_t i = 0; i < n_; ++i) {
      product[i] = 3 * theta[i] * theta[i] * direction[i];
      for (std::size_t j = 0; j < n_; ++j) product[i] += a_[i * n_ + j] * direction[j];
    }
  }
  void precondition(const vec& x, vec& y) const override {
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
    evaluations = 0;
    return theta;
  }

  std::size_t evaluations = 0, products = 0;

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

}  // namespace

TEST_CASE("newton_cg: finds the optimum, however round the function is") {
  unsigned seed = 0;
  for (const std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{40}})
    for (const double least : {1.0, 1e-2, 1e-5})
      for (const bool preconditioned : {false, true})
        for (const bool rough : {false, true}) {
          CAPTURE(n, least, preconditioned, rough);
          quartic f(n, least, preconditioned, rough, ++seed);
          vec gradient(n), at_start(n);
          const double best = f.at(f.optimum(), gradient, false);
          const double before = f.at(vec(n), at_start, rough);
          f.evaluations = f.products = 0;
          vec theta(n);
          fit_report report;
          const double start = detail::newton_cg(f, theta, 100, report);
          CHECK(start == before);
          CHECK(report.converged);
          CHECK(report.passes == f.evaluations + f.products);
          CHECK(detail::largest(gradient) <= 1e-8);  // the oracle's
          CHECK(report.objective_after == f.at(theta, gradient, false));
          CHECK(report.gradient == detail::largest(gradient));
          CHECK(report.gradient <= std::max(1e-10, 5e-9 * report.objective_after));
          CHECK(report.objective_after - best <= 1e-9);
        }
}

TEST_CASE("newton_cg: quick steps where the preconditioner is good") {
  // The curvature differs from its diagonal by little: no product with it is needed.
  quartic f(1, 1, true, false, 5);
  vec theta(1);
  fit_report report;
  detail::newton_cg(f, theta, 100, report);
  CHECK(report.converged);
  CHECK(f.products == 0);
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
