// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators that are made from features, against double loops in long double.
#include <calibra/json.hpp>
#include <calibra/recalibration/dac.hpp>
#include <calibra/recalibration/methods.hpp>

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "constants.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;

template<class T>
matrix<T> random_features(std::size_t n, std::size_t d, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  matrix<T> x(n, d);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j) x(i, j) = static_cast<float>(3 * normal(generator));
  return x;
}

template<class T>
std::vector<std::vector<real>> naive_units(const matrix<T>& x) {
  std::vector<std::vector<real>> rows(x.rows(), std::vector<real>(x.cols()));
  for (std::size_t i = 0; i < x.rows(); ++i) {
    real squares = 0;
    for (std::size_t j = 0; j < x.cols(); ++j) squares += real{x(i, j)} * real{x(i, j)};
    for (std::size_t j = 0; j < x.cols(); ++j) rows[i][j] = x(i, j) / std::sqrt(squares);
  }
  return rows;
}

/// Distances from a row to all others, ascending.
std::vector<real> naive_distances(const std::vector<real>& from,
                                  const std::vector<std::vector<real>>& to) {
  std::vector<real> distances;
  for (const std::vector<real>& other : to) {
    real squares = 0;
    for (std::size_t j = 0; j < from.size(); ++j)
      squares += (from[j] - other[j]) * (from[j] - other[j]);
    distances.push_back(std::sqrt(squares));
  }
  std::sort(distances.begin(), distances.end());
  return distances;
}

real naive_closeness(const std::vector<real>& distances, std::size_t k) {
  real sum = 0;
  const std::size_t m = std::min(k, distances.size());
  for (std::size_t j = 0; j < m; ++j) sum += distances[j];
  return std::exp(-sum / static_cast<real>(m));
}

template<class T>
std::vector<real> naive_gammas(const matrix<T>& base, const matrix<T>& base_tuned,
                               const matrix<T>& test, const matrix<T>& test_tuned, std::size_t k,
                               double same_class) {
  const auto b = naive_units(base), bt = naive_units(base_tuned);
  const auto t = naive_units(test), tt = naive_units(test_tuned);
  std::vector<real> gammas;
  for (std::size_t i = 0; i < t.size(); ++i) {
    const std::vector<real> before = naive_distances(t[i], b), after = naive_distances(tt[i], bt);
    gammas.push_back(
        after[0] < same_class ? 1 : naive_closeness(after, k) / naive_closeness(before, k));
  }
  return gammas;
}

}  // namespace

TEMPLATE_TEST_CASE("dac: the factors of random features", "", float, double) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::size_t b = 1 + seed % 9, k = 1 + seed % 40, d = 1 + seed % 11;
    const auto base = random_features<TestType>(b, d, 10 * seed);
    const auto base_tuned = random_features<TestType>(b, d, 10 * seed + 1);
    const auto test = random_features<TestType>(k, d, 10 * seed + 2);
    auto test_tuned = random_features<TestType>(k, d, 10 * seed + 3);
    // The first class to predict is a base class, but for its length.
    for (std::size_t j = 0; j < d; ++j) test_tuned(0, j) = 2 * base_tuned(b - 1, j);
    for (const std::size_t neighbours : {std::size_t{1}, std::size_t{5}}) {
      for (const double same_class : {0.0, 0.05, 0.5}) {
        const dac r = dac::from_features(base, base_tuned, test, test_tuned,
                                         {.neighbours = neighbours, .same_class = same_class});
        const std::vector<real> expected =
            naive_gammas(base, base_tuned, test, test_tuned, neighbours, same_class);
        REQUIRE(r.gammas().size() == k);
        INFO(seed << " " << neighbours << " " << same_class);
        for (std::size_t i = 0; i < k; ++i)
          CHECK(r.gammas()[i] ==
                Approx(static_cast<double>(expected[i])).epsilon(64 * epsilon).margin(0));
        if (same_class == 0.05) CHECK(r.gammas()[0] == 1);
        CHECK_FALSE(r.report().converged);
        CHECK(r.report().note == "made from features, not fitted to labels");
      }
    }
    CHECK(dac::from_features(base, base_tuned, test, test_tuned).gammas() ==
          dac::from_features(base, base_tuned, test, test_tuned,
                             {.neighbours = 5, .same_class = 0.05})
              .gammas());
  }
}

TEST_CASE("dac: features of other arrays, and of another size after tuning") {
  const auto base = random_features<double>(4, 6, 1), test = random_features<double>(7, 6, 2);
  const auto base_tuned = random_features<double>(4, 3, 3),
             tuned = random_features<double>(7, 3, 4);
  std::vector<float> by_columns(test.rows() * test.cols());  // exact, since the numbers are floats
  for (std::size_t i = 0; i < test.rows(); ++i)
    for (std::size_t j = 0; j < test.cols(); ++j)
      by_columns[j * test.rows() + i] = static_cast<float>(test(i, j));
  const matrix_view<const float> test_view(by_columns.data(), test.rows(), test.cols(), 1,
                                           static_cast<std::ptrdiff_t>(test.rows()));
  const dac expected = dac::from_features(base, base_tuned, test, tuned);
  CHECK(dac::from_features(base, base_tuned.view(), test_view, tuned).gammas() ==
        expected.gammas());
}

TEST_CASE("dac: each row of logits by the factor of the class it predicts") {
  const problem<double> x = random_problem<double>(300, 5, 1, 2, 7);
  const dac r({0.5, 1, 2, 0.25, 1.5});
  const matrix<double> p = r.transform(logits(x.z), {.threads = {3}});
  const matrix<double> z = r.transform_logits(logits(x.z));
  for (std::size_t i = 0; i < x.z.rows(); ++i) {
    std::size_t top = 0;
    for (std::size_t k = 1; k < 5; ++k)
      if (x.z(i, k) > x.z(i, top)) top = k;
    const std::vector<double> q = naive_softmax(x.z, i, 1 / r.gammas()[top]);
    for (std::size_t k = 0; k < 5; ++k) {
      CHECK(z(i, k) == r.gammas()[top] * x.z(i, k));
      CHECK(std::abs(p(i, k) - q[k]) <= 16 * epsilon);
      CHECK(p(i, k) <= p(i, top));  // the prediction stays
    }
  }
  // Of two largest the first.
  matrix<double> tie(1, 5);
  tie(0, 1) = tie(0, 2) = 3;
  CHECK(r.transform_logits(logits(tie))(0, 2) == 3);
  tie(0, 1) = -std::numeric_limits<double>::infinity();
  CHECK(r.transform(logits(tie))(0, 1) == 0);
}

TEST_CASE("dac: in a document and back") {
  const auto base = random_features<float>(20, 8, 1), test = random_features<float>(30, 8, 2);
  const auto base_tuned = random_features<float>(20, 8, 3),
             tuned = random_features<float>(30, 8, 4);
  const dac r = dac::from_features(base, base_tuned, test, tuned);
  const dac again = recalibrator_from_json<dac>(to_json(r));
  CHECK(again.gammas() == r.gammas());
  CHECK(again.classes() == 30);
  CHECK(again.report().note == r.report().note);
  CHECK(any_recalibrator_from_json(to_json(r))->parameters().at(0).values == r.gammas());
  CHECK_THROWS_WITH(recalibrator_from_json<dac>(to_json(temperature_scaling(2))),
                    Catch::Contains("expected kind \"dac\", got \"temperature\""));
}

TEST_CASE("dac: what it refuses") {
  const auto base = random_features<double>(4, 6, 1), test = random_features<double>(7, 6, 2);
  const auto made = [&](const matrix<double>& a, const matrix<double>& b, const matrix<double>& c,
                        const matrix<double>& d,
                        const dac::options& o = {}) { return dac::from_features(a, b, c, d, o); };
  CHECK_THROWS_MATCHES(made(base, base, test, test, {.neighbours = 0}), option_error,
                       Catch::Message("dac::from_features(): expected neighbours >= 1, got 0"));
  CHECK_THROWS_MATCHES(made(base, base, test, test, {.same_class = not_a_number}), option_error,
                       Catch::Message("dac::from_features(): expected same_class >= 0, got nan"));
  CHECK_THROWS_MATCHES(made(matrix<double>(0, 6), base, test, test), shape_error,
                       Catch::Message("dac::from_features(): base_zero_shot is 0 x 6; expected at "
                                      "least one row and one column"));
  CHECK_THROWS_MATCHES(made(base, test, test, test), shape_error,
                       Catch::Message("dac::from_features(): base_zero_shot has 4 rows, base_tuned "
                                      "has 7; expected as many of both"));
  CHECK_THROWS_MATCHES(made(base, base, test, base), shape_error,
                       Catch::Message("dac::from_features(): test_zero_shot has 7 rows, test_tuned "
                                      "has 4; expected as many of both"));
  CHECK_THROWS_MATCHES(
      made(base, random_features<double>(4, 5, 1), test, test), shape_error,
      Catch::Message("dac::from_features(): base_tuned has 5 columns, test_tuned has 6; expected "
                     "as many of both"));
  matrix<double> bad = test;
  bad(3, 2) = not_a_number;
  CHECK_THROWS_MATCHES(made(base, base, test, bad), value_error,
                       Catch::Message("dac::from_features(): row 3, column 2 of test_tuned is nan; "
                                      "expected finite features"));
  for (std::size_t j = 0; j < 6; ++j) bad(3, j) = 0;
  CHECK_THROWS_MATCHES(made(base, base, bad, test), value_error,
                       Catch::Message("dac::from_features(): row 3 of test_zero_shot has norm 0; "
                                      "expected a feature that has a direction"));
  CHECK_THROWS_MATCHES(dac(std::vector<double>{}), value_error,
                       Catch::Message("dac(): expected a factor a class, got none"));
  CHECK_THROWS_MATCHES(dac({1, 0}), value_error,
                       Catch::Message("dac(): factor 0 of class 1 is not a finite number > 0"));
  CHECK_THROWS_MATCHES(dac({1, 2}).transform(logits(matrix<double>(2, 3))), shape_error,
                       Catch::Message("dac.transform(): fitted on 2 classes, got scores of 3"));
  CHECK_THROWS_MATCHES(
      fit_by_name("dac", logits(matrix<double>(2, 3)), std::vector<int>{0, 1}), option_error,
      Catch::Message("fit_by_name(): dac is made from text features, not fitted to labels; "
                     "expected dac::from_features()"));
}
