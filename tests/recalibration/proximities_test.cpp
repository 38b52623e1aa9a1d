// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/evaluate.hpp>
#include <calibra/metrics/piece.hpp>
#include <calibra/recalibration/proximities.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "constants.hpp"
#include "feature_tables.hpp"

using namespace calibra;
using calibra::test::epsilon;
using feature_tables::random_matrix;

namespace {

using real = long double;

template<class T>
std::vector<double> naive(const matrix<T>& x, const matrix<T>& r, bool same,
                          const proximity_options& o) {
  const auto row = [&](const matrix<T>& m, std::size_t i) {
    std::vector<real> v;
    real squares = 0;
    for (std::size_t j = 0; j < m.cols(); ++j) {
      v.push_back(m(i, j));
      squares += v.back() * v.back();
    }
    if (o.unit_norm)
      for (real& a : v) a /= std::sqrt(squares);
    return v;
  };
  std::vector<double> found;
  for (std::size_t i = 0; i < x.rows(); ++i) {
    std::vector<real> distances;
    const std::vector<real> a = row(x, i);
    for (std::size_t k = 0; k < r.rows(); ++k) {
      if (same && k == i) continue;
      const std::vector<real> b = row(r, k);
      real squares = 0;
      for (std::size_t j = 0; j < a.size(); ++j) squares += (a[j] - b[j]) * (a[j] - b[j]);
      distances.push_back(std::sqrt(squares));
    }
    std::sort(distances.begin(), distances.end());
    distances.resize(std::min(o.neighbours, distances.size()));
    real sum = 0;
    for (const real d : distances) sum += d;
    found.push_back(static_cast<double>(std::exp(-sum / static_cast<real>(distances.size()))));
  }
  return found;
}

}  // namespace

TEMPLATE_TEST_CASE("proximities: random features", "[proximities]", float, double) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const std::size_t n = 2 + 17 * (seed % 5), m = 1 + 9 * (seed % 4), d = 1 + seed % 7;
    const auto x = random_matrix<TestType>(n, d, seed);
    const auto r = random_matrix<TestType>(m, d, 100 + seed);
    for (const std::size_t k : {std::size_t{1}, std::size_t{10}, std::size_t{1000}}) {
      for (const bool unit : {false, true}) {
        const proximity_options o{.neighbours = k, .unit_norm = unit};
        INFO(seed << " " << k << " " << unit);
        const std::vector<double> to_reference = proximities(x, r, o), among = proximities(x, o);
        const std::vector<double> a = naive(x, r, false, o), b = naive(x, x, true, o);
        REQUIRE(to_reference.size() == n);
        REQUIRE(among.size() == n);
        for (std::size_t i = 0; i < n; ++i) {
          CHECK(to_reference[i] == Approx(a[i]).epsilon(64 * epsilon).margin(0));
          CHECK(among[i] == Approx(b[i]).epsilon(64 * epsilon).margin(0));
        }
        proximity_options threaded = o;
        threaded.threads = {3};
        CHECK(proximities(x, r, threaded) == to_reference);
        CHECK(proximities(x, threaded) == among);
      }
    }
  }
}

TEST_CASE("proximities: on threads, many rows") {
  const auto x = random_matrix<double>(500, 3, 1), r = random_matrix<double>(40, 3, 2);
  CHECK(proximities(x, r, {.threads = {4}}) == proximities(x, r));
  CHECK(proximities(x, {.threads = {4}}) == proximities(x));
}

TEST_CASE("proximities: a row is its own neighbour in a reference alone") {
  const auto x = random_matrix<double>(5, 3, 1);
  CHECK(proximities(x, x, {.neighbours = 1}) == std::vector<double>(5, 1.0));
  for (const double p : proximities(x, {.neighbours = 1})) CHECK(p < 1);
  CHECK(std::isnan(proximities(random_matrix<double>(1, 3, 1)).at(0)));
  CHECK(proximities(matrix<double>(0, 3)).empty());
  CHECK(proximities(matrix<double>(0, 3), x).empty());
}

TEST_CASE("proximities: what piece takes") {
  const auto x = random_matrix<float>(60, 4, 1);
  const auto z = random_matrix<float>(60, 3, 2);
  std::vector<int> labels(60);
  for (std::size_t i = 0; i < 60; ++i) labels[i] = static_cast<int>(i % 3);
  const double error = piece(logits(z), labels, {.bins = 5, .proximity = proximities(x)});
  CHECK(error >= ece(logits(z), labels, {.bins = 5, .side = edge_side::left_closed}) - 8 * epsilon);
}

TEST_CASE("proximities: what they refuse") {
  const auto x = random_matrix<double>(5, 3, 1);
  CHECK_THROWS_MATCHES(proximities(x, {.neighbours = 0}), option_error,
                       Catch::Message("proximities(): expected neighbours >= 1, got 0"));
  CHECK_THROWS_MATCHES(
      proximities(x, matrix<double>(0, 3)), shape_error,
      Catch::Message("proximities(): reference has 0 rows; expected at least one"));
  CHECK_THROWS_MATCHES(proximities(x, random_matrix<double>(5, 2, 1)), shape_error,
                       Catch::Message("proximities(): features has 3 columns, reference has 2; "
                                      "expected as many of both"));
  CHECK_THROWS_MATCHES(
      proximities(matrix<double>(4, 0)), shape_error,
      Catch::Message("proximities(): features is 4 x 0; expected at least one column"));
  matrix<double> bad = x;
  bad(2, 1) = std::numeric_limits<double>::infinity();
  for (const bool unit : {false, true})
    CHECK_THROWS_MATCHES(proximities(x, bad, {.unit_norm = unit}), value_error,
                         Catch::Message("proximities(): row 2, column 1 of reference is inf; "
                                        "expected finite features"));
  for (std::size_t j = 0; j < 3; ++j) bad(2, j) = 0;
  CHECK_THROWS_AS(proximities(bad), value_error);
  CHECK(proximities(bad, {.unit_norm = false}).size() == 5);
}
