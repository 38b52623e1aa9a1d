// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators of N x K scores: vector_scaling, svs and ets against naive sums in long double, and
// what all of them have in common.
#include <calibra/evaluate.hpp>
#include <calibra/json.hpp>
#include <calibra/recalibration/classwise_temperature.hpp>
#include <calibra/recalibration/dirichlet.hpp>
#include <calibra/recalibration/ets.hpp>
#include <calibra/recalibration/irm.hpp>
#include <calibra/recalibration/matrix_scaling.hpp>
#include <calibra/recalibration/order_preserving.hpp>
#include <calibra/recalibration/recalibrated.hpp>
#include <calibra/recalibration/sms.hpp>
#include <calibra/recalibration/svs.hpp>
#include <calibra/recalibration/temperature.hpp>
#include <calibra/recalibration/vector_scaling.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "degenerate_classes.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;
using real_row = std::vector<real>;

real_row softmax(real_row u) {
  const real max = *std::max_element(u.begin(), u.end());
  real sum = 0;
  for (real& x : u) sum += x = std::exp(x - max);
  for (real& x : u) x /= sum;
  return u;
}

template<class T>
std::vector<real_row> rows_of(const matrix<T>& z) {
  std::vector<real_row> rows(z.rows(), real_row(z.cols()));
  for (std::size_t i = 0; i < z.rows(); ++i)
    for (std::size_t k = 0; k < z.cols(); ++k) rows[i][k] = as_double(z(i, k));
  return rows;
}

/// Mean cross-entropy of softmax(a x + b) with a penalty, and its largest slope.
struct naive_lines {
  real value = 0, slope = 0;

  naive_lines(const std::vector<real_row>& x, const std::vector<std::int64_t>& y,
              const std::vector<double>& weights, const std::vector<double>& a,
              const std::vector<double>& b, real penalty) {
    const std::size_t k = a.size();
    real n = 0;
    real_row ga(k), gb(k);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const real w = weights.empty() ? 1 : weights[i];
      n += w;
      real_row u(k);
      for (std::size_t j = 0; j < k; ++j) u[j] = a[j] * x[i][j] + b[j];
      const real_row p = softmax(u);
      const auto label = static_cast<std::size_t>(y[i]);
      value -= w * std::log(p[label]);
      for (std::size_t j = 0; j < k; ++j) {
        const real r = w * (p[j] - (j == label ? 1 : 0));
        ga[j] += r * x[i][j];
        gb[j] += r;
      }
    }
    value /= n;
    for (std::size_t j = 0; j < k; ++j) {
      const real da = a[j] - 1, db = b[j];
      value += penalty * (da * da + db * db);
      slope = std::max(
          {slope, std::abs(ga[j] / n + 2 * penalty * da), std::abs(gb[j] / n + 2 * penalty * db)});
    }
  }
};

/// log p' of svs.
std::vector<real_row> mixed_logs(std::vector<real_row> z, real beta, real share) {
  for (real_row& row : z) {
    for (real& x : row) x *= beta;
    row = softmax(row);
    for (real& p : row) p = std::log((1 - share) * p + share / static_cast<real>(row.size()));
  }
  return z;
}

real naive_brier(const std::vector<real_row>& z, const std::vector<std::int64_t>& y, real t,
                 const std::array<double, 3>& w) {
  real sum = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    real_row hot = z[i];
    for (real& x : hot) x /= t;
    hot = softmax(hot);
    const real_row plain = softmax(z[i]);
    for (std::size_t j = 0; j < hot.size(); ++j) {
      const real q = w[0] * hot[j] + w[1] * plain[j] + w[2] / static_cast<real>(hot.size());
      const real miss = q - (static_cast<std::size_t>(y[i]) == j ? 1 : 0);
      sum += miss * miss;
    }
  }
  return sum / static_cast<real>(z.size());
}

constexpr double certified = 1e-8;

/// Largest difference of two models' probabilities.
template<class R>
double distance(const R& a, const R& b, const matrix<double>& z) {
  const matrix<double> p = a.transform(logits(z)), q = b.transform(logits(z));
  double most = 0;
  for (std::size_t i = 0; i < p.rows(); ++i)
    for (std::size_t k = 0; k < p.cols(); ++k) most = std::max(most, std::abs(p(i, k) - q(i, k)));
  return most;
}

}  // namespace

TEST_CASE("vector_scaling: the slope at the fit is 0, and the report says what was reached") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::size_t classes = 2 + seed % 5;
    const problem<double> x = random_problem<double>(150 + 20 * classes, classes, 1.7, 2, seed);
    const std::vector<real_row> z = rows_of(x.z);
    for (const bool weighted : {false, true}) {
      options o;
      if (weighted) o.weights = x.weights;
      const vector_scaling r = fit<vector_scaling>(logits(x.z), x.labels, o);
      const naive_lines naive(z, x.labels, weighted ? x.weights : std::vector<double>(), r.slopes(),
                              r.intercepts(), 0);
      INFO(seed << " " << weighted);
      CHECK(r.report().converged);
      CHECK(naive.slope <= certified);
      CHECK(r.report().gradient <= certified);
      CHECK(std::abs(static_cast<double>(naive.value) - r.report().objective_after) <= 1e-13);
      CHECK(std::abs(nll(logits(x.z), x.labels, o) - r.report().objective_before) <= 1e-13);
      CHECK(std::abs(nll(recalibrated(r, logits(x.z)), x.labels, o) - r.report().objective_after) <=
            1e-13);
    }
  }
}

TEST_CASE("svs: the temperature of temperature scaling, then the optimum of the penalised lines") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::size_t classes = 2 + seed % 5, n = seed % 4 == 0 ? 4 : 120;
    const problem<double> x = random_problem<double>(n, classes, 1.7, 2, seed);
    const svs r = fit<svs>(logits(x.z), x.labels);
    INFO(seed);
    const temperature_scaling t = fit<temperature_scaling>(logits(x.z), x.labels);
    if (t.report().converged) CHECK(std::abs(r.beta() * t.temperature() - 1) <= 1e-7);
    CHECK(r.share() == 1 / (static_cast<double>(n) + 1));
    const real penalty = static_cast<real>(classes) / static_cast<real>(n);
    const naive_lines naive(mixed_logs(rows_of(x.z), r.beta(), r.share()), x.labels, {}, r.slopes(),
                            r.intercepts(), penalty);
    CHECK(r.report().converged);
    CHECK(naive.slope <= certified);
    CHECK(std::abs(static_cast<double>(naive.value) - r.report().objective_after) <= 1e-13);
  }
}

TEST_CASE("ets: no temperature and no weights nearby have a lower Brier score") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const std::size_t classes = 2 + seed % 4;
    const problem<double> x =
        random_problem<double>(80, classes, seed % 3 == 0 ? 0.5 : 1.7, 2, seed);
    const std::vector<real_row> z = rows_of(x.z);
    const ets r = fit<ets>(logits(x.z), x.labels);
    INFO(seed);
    CHECK(r.report().converged);
    const double reached = r.report().objective_after;
    const auto at = [&](double t, const std::array<double, 3>& w) {
      return static_cast<double>(naive_brier(z, x.labels, t, w));
    };
    CHECK(std::abs(at(r.temperature(), r.weights()) - reached) <= 1e-14);
    CHECK(std::abs(brier(recalibrated(r, logits(x.z)), x.labels) - reached) <= 1e-14);
    CHECK(std::abs(brier(logits(x.z), x.labels) - r.report().objective_before) <= 1e-14);
    const double of_t = at(r.temperature(), {1, 0, 0});
    for (double t = 0.05; t <= 5; t *= 1.02) CHECK(at(t, {1, 0, 0}) >= of_t - 1e-14);
    for (int i = 0; i <= 50; ++i)
      for (int j = 0; i + j <= 50; ++j)
        CHECK(at(r.temperature(), {i / 50.0, j / 50.0, (50 - i - j) / 50.0}) >= reached - 1e-14);
  }
}

TEST_CASE("a quadratic on the simplex: never above a fine grid") {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 10000; ++trial) {
    const int rank = 1 + trial % 3;
    std::array<std::array<double, 3>, 3> g{};
    for (int r = 0; r < rank; ++r) {
      const std::array<double, 3> v{normal(random), normal(random), normal(random)};
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) g[i][j] += v[i] * v[j];
    }
    const std::array<double, 3> c{normal(random), normal(random), normal(random)};
    const auto value = [&](const std::array<double, 3>& w) {
      double sum = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        sum -= 2 * w[i] * c[i];
        for (std::size_t j = 0; j < 3; ++j) sum += w[i] * w[j] * g[i][j];
      }
      return sum;
    };
    const std::array<double, 3> w = detail::minimise_on_simplex(g, c);
    REQUIRE(std::min({w[0], w[1], w[2]}) >= 0);
    REQUIRE(std::abs(w[0] + w[1] + w[2] - 1) <= 1e-15);
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= 20; ++i)
      for (int j = 0; i + j <= 20; ++j)
        least = std::min(least, value({i / 20.0, j / 20.0, (20 - i - j) / 20.0}));
    REQUIRE(value(w) <= least + 1e-13);
  }
}

TEMPLATE_TEST_CASE("recalibrators of classes: what all of them keep", "", vector_scaling, svs, ets,
                   irm, classwise_temperature, order_preserving, sms, matrix_scaling, dirichlet) {
  const problem<double> x = random_problem<double>(300, 4, 1.7, 2, 5);
  const TestType r = fit<TestType>(logits(x.z), x.labels);

  SECTION("weights are repetition, and the order of the samples does not matter") {
    std::vector<double> weights(x.labels.size());
    matrix<double> copied(0, 0);
    std::vector<std::vector<double>> rows;
    std::vector<std::int64_t> labels;
    for (std::size_t i = 0; i < x.labels.size(); ++i) {
      weights[i] = static_cast<double>(i % 3);
      for (std::size_t copy = 0; copy < i % 3; ++copy) {
        rows.insert(rows.begin(), {x.z(i, 0), x.z(i, 1), x.z(i, 2), x.z(i, 3)});
        labels.insert(labels.begin(), x.labels[i]);
      }
    }
    const TestType weighted = fit<TestType>(logits(x.z), x.labels, {.weights = weights});
    CHECK(distance(weighted, fit<TestType>(logits(rows), labels), x.z) <= 1e-9);
  }
  SECTION("threads do not matter") {
    const problem<double> large = random_problem<double>(40000, 4, 1.7, 2, 6);
    const TestType one = fit<TestType>(logits(large.z), large.labels);
    for (const unsigned threads : {2U, 5U})
      CHECK(distance(one, fit<TestType>(logits(large.z), large.labels, {.threads = {threads}}),
                     x.z) <= 1e-11);
  }
  SECTION("a model that is written and read again gives the same bits") {
    const std::string text = to_json(r);
    const TestType again = recalibrator_from_json<TestType>(text);
    CHECK(to_json(again) == text);
    CHECK(distance(r, again, x.z) == 0);
    CHECK(any_recalibrator_from_json(text)->name() == TestType::kind);
  }
  SECTION("recalibrated() is transform() without the matrix") {
    const matrix<double> made = TestType::output == row_form::logits
                                    ? r.transform_logits(logits(x.z))
                                    : r.transform(logits(x.z));
    const evaluation a = evaluate(recalibrated(r, logits(x.z)), x.labels);
    const evaluation b = TestType::output == row_form::logits
                             ? evaluate(logits(made), x.labels)
                             : evaluate(probabilities(made), x.labels);
    for (const metric_value& m : a)
      CHECK((m.value == b[m.name] || (std::isnan(m.value) && std::isnan(b[m.name]))));
  }
  SECTION("other scores are refused") {
    CHECK_THROWS_AS(r.transform(logits(matrix<double>(2, 3))), shape_error);
    CHECK_THROWS_WITH(r.transform(logits(matrix<double>(2, 3))),
                      Catch::Contains("fitted on 4 classes, got scores of 3"));
    matrix<double> p(2, 4);
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t k = 0; k < 4; ++k) p(i, k) = 0.25;
    CHECK_THROWS_AS(r.transform(probabilities(p)), value_error);
  }
}

TEMPLATE_TEST_CASE("recalibrators of classes: degenerate samples end in numbers", "",
                   vector_scaling, svs, ets, irm, classwise_temperature, order_preserving, sms,
                   matrix_scaling, dirichlet) {
  const auto check = [](const matrix<double>& z, const std::vector<std::int64_t>& y,
                        const options& o = {}) {
    const TestType r = fit<TestType>(logits(z), y, o);
    CHECK((r.report().converged || !r.report().note.empty()));
    const matrix<double> p = r.transform(logits(z));
    for (std::size_t i = 0; i < p.rows(); ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < p.cols(); ++k) {
        CHECK(p(i, k) >= 0);
        sum += p(i, k);
      }
      CHECK(std::abs(sum - 1) <= 1e-14);
    }
    return r;
  };
  const problem<double> x = random_problem<double>(40, 3, 1.7, 2, 9);
  SECTION("little to go by") {
    for (const degenerate_case& c : degenerate_classes(30)) {
      INFO(c.name);
      check(c.z, c.labels);
    }
  }
  SECTION("samples that are told apart") {
    matrix<double> z(6, 3);
    std::vector<std::int64_t> y(6);
    for (std::size_t i = 0; i < 6; ++i) {
      y[i] = static_cast<std::int64_t>(i % 3);
      z(i, i % 3) = 1 + static_cast<double>(i);
    }
    check(z, y);
  }
  SECTION("no samples with a weight") {
    const std::vector<double> zero(40, 0.0);
    const TestType r = check(x.z, x.labels, {.weights = zero});
    CHECK_FALSE(r.report().converged);
    CHECK(distance(r, r, x.z) == 0);
    const matrix<double> p = r.transform(logits(x.z));
    const matrix<double> as_they_were = temperature_scaling(1).transform(logits(x.z));
    for (std::size_t k = 0; k < 3; ++k) CHECK(std::abs(p(0, k) - as_they_were(0, k)) <= 1e-14);
  }
}
