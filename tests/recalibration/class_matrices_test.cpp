// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators with a matrix, sms, matrix_scaling and dirichlet, against their objectives written
// down in long double.
#include <calibra/evaluate.hpp>
#include <calibra/recalibration/dirichlet.hpp>
#include <calibra/recalibration/matrix_scaling.hpp>
#include <calibra/recalibration/recalibrated.hpp>
#include <calibra/recalibration/sms.hpp>
#include <calibra/recalibration/temperature.hpp>
#include <calibra/recalibration/vector_scaling.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;
using real_row = std::vector<real>;

/// log softmax(beta z), mixed with the uniform distribution.
real_row log_probabilities(const matrix<double>& z, std::size_t i, real beta, real share) {
  real_row p(z.cols());
  real max = -std::numeric_limits<real>::infinity(), sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) max = std::max<real>(max, z(i, k));
  for (std::size_t k = 0; k < p.size(); ++k) sum += p[k] = std::exp(beta * (z(i, k) - max));
  for (real& x : p) x = std::log((1 - share) * x / sum + share / static_cast<real>(p.size()));
  return p;
}

/// What one of the recalibrators minimises.
struct naive_objective {
  std::vector<real_row> x;
  std::vector<std::int64_t> labels;
  std::vector<double> weights;
  real diagonal = 0, off_diagonal = 0, intercept = 0;

  real total() const {
    real n = 0;
    for (const double w : weights) n += w;
    return n;
  }
  /// W row after row, then b.
  real at(const real_row& theta) const {
    const std::size_t k = x[0].size();
    real value = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      real_row u(theta.end() - static_cast<std::ptrdiff_t>(k), theta.end());
      for (std::size_t j = 0; j < k; ++j)
        for (std::size_t l = 0; l < k; ++l) u[j] += theta[j * k + l] * x[i][l];
      const real max = *std::max_element(u.begin(), u.end());
      real sum = 0;
      for (const real e : u) sum += std::exp(e - max);
      value += weights[i] * (max + std::log(sum) - u[static_cast<std::size_t>(labels[i])]);
    }
    value /= total();
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t l = 0; l < k; ++l) {
        const real w = theta[j * k + l];
        value += j == l ? diagonal * (w - 1) * (w - 1) : off_diagonal * w * w;
      }
      const real b = theta[k * k + j];
      value += intercept * b * b;
    }
    return value;
  }
  /// The largest slope, by central differences.
  real slope(real_row theta) const {
    constexpr real step = 1e-5L;
    real most = 0;
    for (real& t : theta) {
      const real middle = t;
      t = middle + step;
      const real above = at(theta);
      t = middle - step;
      const real below = at(theta);
      t = middle;
      most = std::max(most, std::abs(above - below) / (2 * step));
    }
    return most;
  }
};

template<class R>
naive_objective objective_of(const R& r, const problem<double>& x, const matrix<double>& z,
                             const typename R::options& o = {}) {
  naive_objective f{{}, x.labels, x.weights};
  real beta = 1, share = 0;
  if constexpr (std::is_same_v<R, sms>) {
    beta = r.beta();
    share = r.share();
    const auto k = static_cast<real>(z.cols());
    f.diagonal = f.intercept = k / f.total();
    f.off_diagonal = k * (k - 1) / f.total();
  } else {
    f.off_diagonal = o.off_diagonal;
    f.intercept = o.intercept;
  }
  for (std::size_t i = 0; i < z.rows(); ++i) {
    if constexpr (std::is_same_v<R, matrix_scaling>) {
      f.x.emplace_back();
      for (std::size_t k = 0; k < z.cols(); ++k) f.x[i].push_back(z(i, k));
    } else {
      f.x.push_back(log_probabilities(z, i, beta, share));
    }
  }
  return f;
}

template<class R>
real_row parameters_of(const R& r) {
  real_row theta(r.matrix().begin(), r.matrix().end());
  theta.insert(theta.end(), r.intercepts().begin(), r.intercepts().end());
  return theta;
}

template<class R>
real_row unchanged(const R& r) {
  const std::size_t k = r.classes();
  real_row theta(k * (k + 1));
  for (std::size_t j = 0; j < k; ++j) theta[j * k + j] = 1;
  return theta;
}

double relative(double got, real expected) {
  return static_cast<double>(std::abs(got - expected) / expected);
}

}  // namespace

TEMPLATE_TEST_CASE("matrices: the slope at the fit is 0, and the report says what was reached", "",
                   sms, matrix_scaling, dirichlet) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    const bool few = std::is_same_v<TestType, sms> && seed % 4 == 0;
    const std::size_t classes = 2 + seed % 4, n = few ? 4 : 120;
    problem<double> x = random_problem<double>(n, classes, 1.7, 2, seed);
    if (seed % 2 == 0) std::fill(x.weights.begin(), x.weights.end(), 1.0);
    const TestType r = fit<TestType>(logits(x.z), x.labels, {.weights = x.weights});
    const naive_objective f = objective_of(r, x, x.z);
    INFO(seed);
    const double reached = r.report().objective_after;
    CHECK(r.report().converged);
    CHECK(r.report().note.empty());
    CHECK(relative(reached, f.at(parameters_of(r))) <= 1e-12);
    CHECK(f.slope(parameters_of(r)) <= 1e-8 * reached);
    CHECK(r.report().gradient <= 1e-8 * reached);
    CHECK(reached <= r.report().objective_before);

    const auto penalty = f.at(parameters_of(r)) - [&] {
      naive_objective plain = f;
      plain.diagonal = plain.off_diagonal = plain.intercept = 0;
      return plain.at(parameters_of(r));
    }();
    const double fitted = nll(recalibrated(r, logits(x.z)), x.labels, {.weights = x.weights});
    CHECK(relative(reached, static_cast<real>(fitted) + penalty) <= 1e-12);
    // As they came: with sms the scores before the temperature.
    CHECK(relative(nll(logits(x.z), x.labels, {.weights = x.weights}),
                   r.report().objective_before) <= 1e-12);
    if constexpr (std::is_same_v<TestType, sms>) {
      CHECK(relative(r.share(), 1 / (f.total() + 1)) <= 1e-15);
      const auto t = fit<temperature_scaling>(logits(x.z), x.labels, {.weights = x.weights});
      if (t.report().converged) CHECK(std::abs(r.beta() * t.temperature() - 1) <= 1e-7);
    } else {
      CHECK(relative(r.report().objective_before, f.at(unchanged(r))) <= 1e-12);
    }
  }
}

TEST_CASE("sms: few passes over many samples; weights are repetitions") {
  constexpr std::size_t n = 2000, classes = 40;
  problem<float> x = random_problem<float>(n, classes, 1.7, 2, 3);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < n; ++i) {
    x.weights[i] = static_cast<double>(i % 3);
    rows.insert(rows.end(), i % 3, i);
  }
  matrix<float> z(rows.size(), classes);
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    labels.push_back(x.labels[rows[i]]);
    for (std::size_t k = 0; k < classes; ++k) z(i, k) = x.z(rows[i], k);
  }
  const fit_report weighted = fit<sms>(logits(x.z), x.labels, {.weights = x.weights}).report();
  const fit_report repeated = fit<sms>(logits(z), labels).report();
  for (const fit_report& report : {weighted, repeated}) {
    CHECK(report.converged);
    CHECK(report.gradient <= 9e-9 * report.objective_after);
    CHECK(report.passes <= 16);  // 13 when it was written
  }
  CHECK(relative(weighted.objective_after, repeated.objective_after) <= 1e-12);
}

TEMPLATE_TEST_CASE("matrices: the weights of the penalty are options", "", matrix_scaling,
                   dirichlet) {
  const problem<double> x = random_problem<double>(100, 3, 1.7, 2, 3);
  for (const double off_diagonal : {0.0, 1e-2, 10.0})
    for (const double intercept : {0.0, 1e-5, 3.0}) {
      const typename TestType::options o{.off_diagonal = off_diagonal, .intercept = intercept};
      const TestType r = fit<TestType>(logits(x.z), x.labels, {.weights = x.weights}, o);
      const naive_objective f = objective_of(r, x, x.z, o);
      INFO(off_diagonal << " " << intercept);
      CHECK(r.report().converged);
      CHECK(relative(r.report().objective_after, f.at(parameters_of(r))) <= 1e-12);
      CHECK(f.slope(parameters_of(r)) <= 1e-8);
    }
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(fit<TestType>(logits(x.z), x.labels, {}, {.off_diagonal = bad}), option_error);
    CHECK_THROWS_WITH(fit<TestType>(logits(x.z), x.labels, {}, {.intercept = bad}),
                      Catch::Contains("::fit(): expected finite weights of the penalty"));
  }
  const TestType stopped = fit<TestType>(logits(x.z), x.labels, {}, {.max_iterations = 0});
  CHECK_FALSE(stopped.report().converged);
  CHECK(stopped.report().note == "out of iterations, or no lower point was found");
}

TEMPLATE_TEST_CASE("matrices: samples that can be told apart have no optimum", "", vector_scaling,
                   matrix_scaling, dirichlet) {
  matrix<double> z(6, 3);
  std::vector<std::int64_t> y(6);
  for (std::size_t i = 0; i < 6; ++i) {
    y[i] = static_cast<std::int64_t>(i % 3);
    z(i, i % 3) = 1 + static_cast<double>(i);
  }
  const TestType r = fit<TestType>(logits(z), y);
  CHECK_FALSE(r.report().converged);
  CHECK_THAT(r.report().note, Catch::Contains("told apart"));
  CHECK(r.report().objective_after < 1e-7);
  // With a penalty there is one.
  CHECK(fit<sms>(logits(z), y).report().converged);
  // The same scores with two labels.
  for (std::size_t k = 0; k < 3; ++k) z(0, k) = z(1, k);
  CHECK(fit<TestType>(logits(z), y).report().converged);
}

TEST_CASE("matrices: of probabilities matrix_scaling is dirichlet") {
  const problem<double> x = random_problem<double>(150, 4, 1.7, 2, 8);
  matrix<double> p = temperature_scaling(1).transform(logits(x.z));
  const auto check = [&] {
    const auto d = fit<dirichlet>(probabilities(p), x.labels, {.weights = x.weights});
    const auto m = fit<matrix_scaling>(probabilities(p), x.labels, {.weights = x.weights});
    CHECK(d.report().converged);
    double most = 0;
    for (std::size_t j = 0; j < 16; ++j)
      most = std::max(most, std::abs(d.matrix()[j] - m.matrix()[j]));
    CHECK(most <= 1e-12);
    // A fit and what is made with it see the same numbers.
    const double penalty = d.report().objective_after -
                           nll(recalibrated(d, probabilities(p)), x.labels, {.weights = x.weights});
    real expected = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      expected += 1e-3L * d.intercepts()[j] * d.intercepts()[j];
      for (std::size_t l = 0; l < 4; ++l)
        if (j != l) expected += 1e-3L * d.matrix()[j * 4 + l] * d.matrix()[j * 4 + l];
    }
    CHECK(std::abs(penalty - expected) <= 1e-13);
    return d;
  };
  SECTION("they sum to 1: as the logits") {
    const dirichlet d = check(),
                    of_logits = fit<dirichlet>(logits(x.z), x.labels, {.weights = x.weights});
    for (std::size_t j = 0; j < 16; ++j)
      CHECK(std::abs(d.matrix()[j] - of_logits.matrix()[j]) <= 1e-7);
  }
  SECTION("they sum to 1 as nearly as they must") {
    for (std::size_t i = 0; i < p.rows(); ++i)
      for (std::size_t k = 0; k < 4; ++k) p(i, k) *= 1 + (i % 2 == 0 ? 1 : -1) * 4e-7;
    check();
  }
  SECTION("zeros among them") {
    for (std::size_t i = 0; i < p.rows(); i += 3) {
      const std::size_t k = (static_cast<std::size_t>(x.labels[i]) + 1) % 4;
      p(i, static_cast<std::size_t>(x.labels[i])) += p(i, k);
      p(i, k) = 0;
    }
    check();
  }
}

TEMPLATE_TEST_CASE("matrices: what parameters they take", "", matrix_scaling, dirichlet) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(TestType({}, {}), value_error);
  CHECK_THROWS_WITH(TestType({1, 0, 0}, {0, 0}),
                    Catch::Contains("(): expected K intercepts and K x K numbers, got 2 and 3"));
  CHECK_THROWS_WITH(TestType({1, 0, nan, 1}, {0, 0}),
                    Catch::Contains("in row 1, column 0 of the matrix is not finite"));
  CHECK_THROWS_WITH(TestType({1, 0, 0, 1}, {0, nan}), Catch::Contains("of class 1 is not finite"));
  // Row j is class j: class 0 is given what class 1 scored.
  const TestType r({0, 1, 0, 0}, {0, 0});
  matrix<double> z(1, 2);
  z(0, 1) = 2;
  const real_row logs = log_probabilities(z, 0, 1, 0);
  const real u = std::is_same_v<TestType, dirichlet> ? logs[1] : 2;
  CHECK(std::abs(r.transform(logits(z))(0, 0) - 1 / (1 + std::exp(-u))) <= 1e-15);
}

TEST_CASE("sms: what parameters it takes") {
  CHECK_THROWS_WITH(sms(1, 0, {1, 0, 0}, {0, 0}),
                    Catch::Contains("sms(): expected K intercepts and K x K numbers, got 2 and 3"));
  for (const double beta : {0.0, -1.0, std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(sms(beta, 0, {1}, {0}), value_error);
  for (const double share : {-0.1, 1.1}) CHECK_THROWS_AS(sms(1, share, {1}, {0}), value_error);
  const sms r(0.5, 0.2, {0, 1, 0, 0}, {0.1, 0});
  matrix<double> z(1, 2);
  z(0, 1) = 2;
  const real u = log_probabilities(z, 0, 0.5L, 0.2L)[1] + 0.1L;
  CHECK(std::abs(r.transform(logits(z))(0, 0) - 1 / (1 + std::exp(-u))) <= 1e-15);
}
