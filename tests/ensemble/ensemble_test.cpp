// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/ensemble/ensemble.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/ensemble/ensemble_parts.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/temperature.hpp"

using namespace calibra;

namespace {

template<class T>
std::vector<matrix<T>> random_members(std::size_t count, std::size_t n, std::size_t k,
                                      unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<matrix<T>> all(count, matrix<T>(n, k));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < k; ++j) {
      const double shared = normal(random);
      for (matrix<T>& m : all) m(i, j) = static_cast<T>(2 * shared + normal(random));
    }
  return all;
}
std::vector<int> labels_of(std::size_t n, std::size_t k) {
  std::vector<int> y;
  for (std::size_t i = 0; i < n; ++i) y.push_back(static_cast<int>(i * 7 % 5 % k));
  return y;
}

/// The mean of the members' softmax, in long double.
template<class T>
matrix<double> naive_mean(const std::vector<matrix<T>>& members) {
  const std::size_t n = members[0].rows(), k = members[0].cols();
  matrix<double> mean(n, k);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<long double> p(k, 0);
    for (const matrix<T>& m : members) {
      long double sum = 0;
      for (std::size_t j = 0; j < k; ++j) sum += std::exp(static_cast<long double>(m(i, j)));
      for (std::size_t j = 0; j < k; ++j)
        p[j] += std::exp(static_cast<long double>(m(i, j))) / sum /
                static_cast<long double>(members.size());
    }
    for (std::size_t j = 0; j < k; ++j) mean(i, j) = static_cast<double>(p[j]);
  }
  return mean;
}

template<class T>
auto wrapped(const std::vector<matrix<T>>& members) {
  std::vector<decltype(logits(members[0]))> all;
  for (const matrix<T>& m : members) all.push_back(logits(m));
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("an ensemble is the mean of probabilities", "[ensemble]", float, double) {
  for (const std::size_t count : std::initializer_list<std::size_t>{1, 2, 5})
    for (const std::size_t n : std::initializer_list<std::size_t>{1, 70, 500}) {
      const auto members = random_members<TestType>(count, n, 4, static_cast<unsigned>(n));
      const std::vector<int> y = labels_of(n, 4);
      const matrix<double> mean = naive_mean(members);
      INFO(count << " members, " << n << " rows");
      const metric_list list{accuracy, nll, brier, ece, ks_error, classwise_ece};
      const evaluation got = evaluate(ensemble(wrapped(members)), y, list);
      const evaluation expected = evaluate(probabilities(mean), y, list);
      for (const metric_value& m : expected) {
        INFO(m.name);
        CHECK(got[m.name] == Approx(m.value).margin(1e-13).epsilon(1e-13));
      }
      CHECK(evaluate(ensemble(wrapped(members)), y, list, {.threads = {3}})["nll"] ==
            Approx(got["nll"]).epsilon(1e-12));
    }
}

TEST_CASE("ensembles of binary scores and of probabilities", "[ensemble]") {
  const std::vector<std::vector<double>> logit{{-1, 2, 0.5}, {0, 1, -3}};
  std::vector<double> mean(3);
  for (std::size_t i = 0; i < 3; ++i)
    for (const auto& z : logit) mean[i] += 0.5 / (1 + std::exp(-z[i]));
  const std::vector<int> y{0, 1, 1};
  CHECK(nll(ensemble(std::vector{binary_logits(logit[0]), binary_logits(logit[1])}), y) ==
        Approx(nll(binary_probabilities(mean), y)).epsilon(1e-14));
  const std::vector<std::vector<double>> p{{0.2, 0.8}, {0.6, 0.4}}, q{{0.4, 0.6}, {1, 0}},
      half{{0.3, 0.7}, {0.8, 0.2}};
  const std::vector<int> two{0, 1};
  CHECK(brier(ensemble(std::vector{probabilities(p), probabilities(q)}), two) ==
        Approx(brier(probabilities(half), two)).epsilon(1e-14));
}

TEST_CASE("a recalibrator is fitted to an ensemble", "[ensemble]") {
  const auto members = random_members<double>(3, 300, 5, 3);
  const std::vector<int> y = labels_of(300, 5);
  const matrix<double> mean = naive_mean(members);
  CHECK(fit<temperature_scaling>(ensemble(wrapped(members)), y).temperature() ==
        Approx(fit<temperature_scaling>(probabilities(mean), y).temperature()).epsilon(1e-9));
}

TEST_CASE("what an ensemble gains is the disagreement of its members", "[ensemble]") {
  const auto members = random_members<double>(4, 200, 3, 5);
  const std::vector<int> y = labels_of(200, 3);
  const std::vector<double> w = [] {
    std::vector<double> all;
    for (int i = 0; i < 200; ++i) all.push_back(i % 3);
    return all;
  }();
  const ensemble_parts parts = ensemble_parts_of(wrapped(members), y, {.weights = w});
  double mean_nll = 0, mean_brier = 0;
  for (const matrix<double>& m : members) {
    mean_nll += nll(logits(m), y, {.weights = w}) / 4;
    mean_brier += brier(logits(m), y, {.weights = w}) / 4;
  }
  CHECK(parts.nll.members == Approx(mean_nll).epsilon(1e-14));
  CHECK(parts.brier.members == Approx(mean_brier).epsilon(1e-14));
  CHECK(parts.nll.disagreement == Approx(parts.nll.members - parts.nll.ensemble).epsilon(1e-12));
  CHECK(parts.nll.disagreement > 0);
  // Of the Brier score: the mean squared distance of the members from their mean.
  const matrix<double> mean = naive_mean(members);
  double distance = 0, weight = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    weight += w[i];
    for (const matrix<double>& m : members) {
      const matrix<double> one = naive_mean(std::vector{m});
      for (std::size_t j = 0; j < 3; ++j)
        distance += w[i] * (one(i, j) - mean(i, j)) * (one(i, j) - mean(i, j)) / 4;
    }
  }
  CHECK(parts.brier.disagreement == Approx(distance / weight).epsilon(1e-11));
  const auto alike = std::vector<matrix<double>>(3, members[0]);
  CHECK(ensemble_parts_of(wrapped(alike), y).nll.disagreement == Approx(0).margin(1e-13));
}

TEST_CASE("ensembles: bad members", "[ensemble]") {
  const auto a = random_members<double>(1, 6, 3, 1), b = random_members<double>(1, 6, 4, 1);
  const std::vector<int> y = labels_of(6, 3);
  using S = decltype(logits(a[0]));
  CHECK_THROWS_WITH(ensemble(std::vector<S>{}),
                    "ensemble(): expected at least one member, got none");
  CHECK_THROWS_WITH(ece(ensemble(std::vector<S>{logits(a[0]), logits(b[0])}), y),
                    "ece(): expected members of the same shape, got 6 x 3 and 6 x 4");
  auto bad = random_members<double>(2, 6, 3, 1);
  bad[1](4, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(nll(ensemble(wrapped(bad)), y), value_error);
  const evaluation e = evaluate(ensemble(wrapped(bad)), y, {nll}, {.nan = nan_policy::count});
  CHECK(e.samples == 5);
  CHECK(e.skipped == 1);
  auto far = random_members<double>(2, 6, 3, 1);
  for (auto& m : far)
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 3; ++j) m(i, j) = 0.25 + 0.25 * (j == 0);
  far[1](4, 2) = 1.25;
  CHECK_THROWS_WITH(nll(ensemble(std::vector{probabilities(far[0]), probabilities(far[1])}), y),
                    Catch::Contains("nll(): member 1: probability 1.25 at row 4, column 2"));
}
