// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// deferral(): by every threshold; the oracle by every choice of samples.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <set>
#include <vector>

#include "calibra/selective/deferral.hpp"
#include "constants.hpp"
#include "drawn.hpp"
#include "random_sample.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;

bool near(double got, real expected, double tolerance) {
  return std::abs(static_cast<real>(got) - expected) <= tolerance;
}
bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// Share of right answers where the second model has those below t.
struct split {
  real deferred = 0, right = 0;
};
split at(const sample& first, const sample& second, double t) {
  split s;
  real total = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const real w = first.weight(i);
    const bool deferred = first.confidence(i) < t;
    total += w;
    if (deferred) s.deferred += w;
    if (deferred ? second.hit(i) : first.hit(i)) s.right += w;
  }
  return {s.deferred / total, s.right / total};
}

/// A line at x: the greatest where it is not one.
real line_at(const std::vector<deferral_point>& line, real x) {
  real most = -1;
  for (std::size_t k = 1; k < line.size(); ++k) {
    const real a = line[k - 1].deferred, b = line[k].deferred;
    if (x < a || x > b) continue;
    const real part = b > a ? (x - a) / (b - a) : 1;
    most = std::max(most, line[k - 1].accuracy + part * (line[k].accuracy - line[k - 1].accuracy));
  }
  return most;
}
real area_of(const std::vector<deferral_point>& line) {
  real area = 0;
  for (std::size_t k = 1; k < line.size(); ++k)
    area += (static_cast<real>(line[k].deferred) - line[k - 1].deferred) *
            (static_cast<real>(line[k].accuracy) + line[k - 1].accuracy) / 2;
  return area;
}

void check_deferral(const deferral_curve& got, const sample& first, const sample& second) {
  std::set<double> thresholds;
  for (std::size_t i = 0; i < first.size(); ++i)
    if (first.weight(i) > 0) thresholds.insert(first.confidence(i));
  if (thresholds.empty()) {
    CHECK(got.points.empty());
    CHECK(std::isnan(got.area));
    CHECK(std::isnan(got.oracle_area));
    return;
  }
  thresholds.insert(infinity);
  REQUIRE(got.points.size() == thresholds.size());
  const double tolerance = 4 * epsilon * static_cast<double>(first.size() + 2);
  std::size_t k = 0;
  for (const double t : thresholds) {
    const split expected = at(first, second, t);
    INFO("threshold " << t);
    CHECK(got.points[k].threshold == t);
    CHECK(near(got.points[k].deferred, expected.deferred, tolerance));
    CHECK(near(got.points[k].accuracy, expected.right, tolerance));
    ++k;
  }
  CHECK(got.points.front().deferred == 0);
  CHECK(got.points.back().deferred == 1);

  real total = 0, right = 0, better = 0, worse = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const real w = first.weight(i);
    total += w;
    if (first.hit(i)) right += w;
    if (!first.hit(i) && second.hit(i)) better += w;
    if (first.hit(i) && !second.hit(i)) worse += w;
  }
  const real corners[4][2] = {{0, right},
                              {better, right + better},
                              {total - worse, right + better},
                              {total, right + better - worse}};
  REQUIRE(got.oracle.size() == 4);
  for (std::size_t c = 0; c < 4; ++c) {
    CHECK(std::isnan(got.oracle[c].threshold));
    CHECK(near(got.oracle[c].deferred, corners[c][0] / total, tolerance));
    CHECK(near(got.oracle[c].accuracy, corners[c][1] / total, tolerance));
  }
  CHECK(near(got.area, area_of(got.points), tolerance));
  CHECK(near(got.oracle_area, area_of(got.oracle), tolerance));
  // Nobody beats the oracle, at a point or between two.
  for (std::size_t p = 0; p < got.points.size(); ++p) {
    const deferral_point& a = got.points[p];
    CHECK(line_at(got.oracle, a.deferred) >= a.accuracy - tolerance);
    if (p == 0) continue;
    const deferral_point& b = got.points[p - 1];
    CHECK(line_at(got.oracle, (static_cast<real>(a.deferred) + b.deferred) / 2) >=
          (static_cast<real>(a.accuracy) + b.accuracy) / 2 - tolerance);
  }
  CHECK(got.oracle_area >= got.area - tolerance);
}

template<class C>
sample weighed(const sample& plain, unsigned seed) {
  std::mt19937 random(seed);
  sample s(plain.precision());
  for (std::size_t i = 0; i < plain.size(); ++i)
    s.push_back(plain.confidence(i), plain.hit(i), static_cast<double>(random() % 4) / 3);
  return s;
}

void check_same(const deferral_curve& a, const deferral_curve& b) {
  REQUIRE(a.points.size() == b.points.size());
  for (std::size_t k = 0; k < a.points.size(); ++k) {
    CHECK(a.points[k].threshold == b.points[k].threshold);
    CHECK(a.points[k].deferred == b.points[k].deferred);
    CHECK(a.points[k].accuracy == b.points[k].accuracy);
  }
  CHECK(same(a.area, b.area));
  CHECK(same(a.oracle_area, b.oracle_area));
}

}  // namespace

TEMPLATE_TEST_CASE("a deferral curve has a point for each threshold", "[deferral]", float, double) {
  unsigned seed = 0;
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 1, 2, 50, 700})
    for (const int levels : {0, 4, 20})
      for (const bool weighted : {false, true}) {
        sample first = random_sample<TestType>(n, ++seed, levels);
        if (weighted) first = weighed<TestType>(first, seed);
        const sample second = random_sample<double>(n, 1000 + seed, 3);
        INFO(n << " samples, levels " << levels << ", weighted " << weighted);
        check_deferral(deferral(first, second), first, second);
      }
}

TEST_CASE("no choice of samples beats the oracle, and some choice is as good", "[deferral]") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::size_t n = 1 + seed % 9;
    const sample first = random_sample<double>(n, seed, 4);
    const sample second = random_sample<double>(n, 50 + seed, 4);
    const deferral_curve got = deferral(first, second);
    std::vector<std::size_t> most(n + 1, 0);
    for (std::size_t chosen = 0; chosen < (std::size_t{1} << n); ++chosen) {
      std::size_t deferred = 0, right = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const bool d = (chosen >> i & 1) != 0;
        deferred += d ? 1 : 0;
        right += (d ? second.hit(i) : first.hit(i)) ? 1 : 0;
      }
      most[deferred] = std::max(most[deferred], right);
    }
    // Corners lie at whole numbers of samples.
    for (std::size_t k = 0; k <= n; ++k) {
      real best = -1;
      const real x = static_cast<real>(k);
      for (std::size_t c = 1; c < 4; ++c) {
        const real a = std::round(got.oracle[c - 1].deferred * static_cast<real>(n));
        const real b = std::round(got.oracle[c].deferred * static_cast<real>(n));
        CHECK(a <= b);
        if (x < a || x > b) continue;
        const real part = b > a ? (x - a) / (b - a) : 1;
        best = std::max(best, got.oracle[c - 1].accuracy +
                                  part * (got.oracle[c].accuracy - got.oracle[c - 1].accuracy));
      }
      INFO("seed " << seed << ", " << k << " of " << n);
      CHECK(std::abs(best * static_cast<real>(n) - static_cast<real>(most[k])) < 100 * epsilon);
    }
  }
}

TEST_CASE("of the second model hits alone count", "[deferral]") {
  const sample first = random_sample<double>(100, 1, 10);
  const sample second = random_sample<double>(100, 2);
  sample other(precision::float32);
  for (std::size_t i = 0; i < 100; ++i)
    other.push_back(static_cast<double>(i % 7) / 7, second.hit(i), static_cast<double>(i % 3));
  check_same(deferral(first, second), deferral(first, other));
}

TEMPLATE_TEST_CASE("deferral curves of scores", "[deferral]", float, double) {
  const drawn<TestType> d(700, 3, 3);
  const drawn<double> more(700, 3, 4);
  std::vector<std::vector<double>> z = more.z;  // of the second model
  std::vector<unsigned char> valid(700);
  for (std::size_t i = 0; i < 700; ++i) {
    z[i][static_cast<std::size_t>(more.labels[i])] -= 2;
    z[i][static_cast<std::size_t>(d.labels[i])] += 3;
    valid[i] = i % 5 != 0;
  }
  const sample first = collect(logits(d.z), d.labels), second = collect(logits(z), d.labels);
  check_deferral(deferral(logits(d.z), logits(z), d.labels), first, second);
  sample some_first(first.precision()), some_second;
  for (std::size_t i = 0; i < 700; ++i)
    if (valid[i] != 0 && d.labels[i] != 1) {
      some_first.push_back(first.confidence(i), first.hit(i), d.weights[i]);
      some_second.push_back(second.confidence(i), second.hit(i));
    }
  const options some{.weights = d.weights, .ignore_label = 1, .valid = valid};
  const deferral_curve got = deferral(logits(d.z), logits(z), d.labels, some);
  check_deferral(got, some_first, some_second);
  options several = some;
  several.threads = {3};
  check_same(deferral(logits(d.z), logits(z), d.labels, several), got);
}

TEST_CASE("a deferral curve of binary scores", "[deferral]") {
  const std::vector<double> p = {0.875, 0.25, 0.625, 0.125}, x = {3, 2, -1, -4};
  const std::vector<int> y = {1, 1, 0, 0};
  sample first, second;
  const double c[] = {0.875, 0.75, 0.625, 0.875};
  const bool hit[] = {true, false, false, true};
  for (std::size_t i = 0; i < 4; ++i) {
    first.push_back(c[i], hit[i]);
    second.push_back(0.5, true);
  }
  const deferral_curve got =
      deferral(binary_probabilities(p), binary_logits(x), y, {.binary = binary_target::top_label});
  check_deferral(got, first, second);
  // Asking for the least confident half is all that it takes.
  CHECK(got.points[2].deferred == 0.5);
  CHECK(got.points[2].accuracy == 1);
}

TEST_CASE("deferral curves: edges", "[deferral]") {
  const deferral_curve none = deferral(sample(), sample());
  CHECK(none.points.empty());
  CHECK(none.oracle.empty());
  CHECK(std::isnan(none.area));
  CHECK(std::isnan(none.oracle_area));
  sample weightless, one;
  weightless.push_back(0.5, true, 0);
  one.push_back(0.5, false);
  check_same(deferral(weightless, one), none);
  for (const bool a : {true, false})
    for (const bool b : {true, false}) {
      sample first, second;
      for (const double c : {0.25, 0.5, 0.5, 1.0}) {
        first.push_back(c, a);
        second.push_back(c, b);
      }
      const deferral_curve got = deferral(first, second);
      check_deferral(got, first, second);
      CHECK(got.area == Approx((a + b) / 2.0).epsilon(8 * epsilon));
      CHECK(got.oracle_area == (a && b ? 1 : a || b ? 0.5 : 0));
    }
}

TEST_CASE("deferral curves: errors", "[deferral]") {
  const sample three = random_sample<double>(3, 1), two = random_sample<double>(2, 1);
  CHECK_THROWS_AS(deferral(three, two), shape_error);
  CHECK_THROWS_WITH(deferral(three, two),
                    "deferral(): expected as many pairs of both models, got 3 and 2");
  const std::vector<std::vector<double>> a = {{1, 2}, {2, 1}, {0, 1}};
  std::vector<std::vector<double>> b = a, c = a;
  const std::vector<int> y = {0, 1, 1};
  b[1][0] = not_a_number;
  CHECK_THROWS_AS(deferral(logits(a), logits(b), y), value_error);
  CHECK_THROWS_AS(deferral(logits(a), logits(b), y, {.nan = nan_policy::count}), value_error);
  CHECK_THROWS_WITH(deferral(logits(a), logits(b), y, {.nan = nan_policy::count}),
                    "deferral(): expected the same samples to count in both, got 1 left out "
                    "by nan_policy::count; leave them out of both by options::valid");
  CHECK_THROWS_AS(deferral(logits(a), logits(a), std::vector<int>{0, 1}), shape_error);
  const std::vector<unsigned char> valid = {1, 0, 1};
  CHECK(
      deferral(logits(a), logits(b), y, {.valid = valid, .nan = nan_policy::count}).points.size() ==
      2);
}

TEST_CASE("rows that the models have left out are not paired with others", "[deferral]") {
  // As many in both, but not the same.
  const std::vector<int> y = {0, 1, 1};
  std::vector<std::vector<double>> a = {{1, 2}, {2, 1}, {0, 1}}, b = a;
  a[0][0] = not_a_number;
  b[2][0] = not_a_number;
  CHECK_THROWS_AS(deferral(logits(a), logits(b), y, {.nan = nan_policy::count}), value_error);
}
