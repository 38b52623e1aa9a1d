// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/recalibration/detail/bracketed_newton.hpp"
#include "constants.hpp"

using calibra::test::epsilon;

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

using calibra::detail::bracketed_newton;
using calibra::detail::newton_end;
using calibra::detail::newton_result;
using calibra::detail::newton_rules;
using calibra::detail::slope;

namespace {

constexpr newton_rules rules{.lower = 1.0 / 1024, .upper = 1024};

/// |x / root - 1|^(degree + 1) / (degree + 1): so flat at the root that a step of Newton takes
/// 1 / degree of the way there.
slope flat_at(double root, int degree, double x) {
  const double d = x / root - 1, size = std::abs(d);
  return {x, std::pow(size, degree + 1) / (degree + 1), std::copysign(std::pow(size, degree), d),
          degree * std::pow(size, degree - 1) / root, 0};
}

}  // namespace

TEST_CASE("finds the minimum of convex functions from anywhere") {
  for (const double root : {0.002, 0.03, 0.5, 1.0, 7.0, 150.0, 900.0})
    for (const double start : {1.0 / 1024, 0.1, 1.0, 30.0, 1024.0}) {
      INFO("root " << root << ", start " << start);
      // x - root log x: the third derivative is large where the root is small
      bracketed_newton search(
          [&](double x) {
            return slope{x, x - root * std::log(x), 1 - root / x, root / (x * x), 0};
          },
          rules);
      const newton_result r = search.run(start);
      CHECK(r.end == newton_end::converged);
      CHECK(std::abs(r.x / root - 1) <= 64 * epsilon);
      CHECK(std::abs(r.value - (root - root * std::log(root))) <=
            64 * epsilon * (1 + std::abs(root * std::log(root))));
      // From far below the root Newton doubles x: 20 steps from bound to bound, then a few.
      CHECK(r.evaluations <= 26);
    }
}

TEST_CASE("survives gradients that saturate on both sides") {
  // A sharp kink, smoothed: Newton's step overshoots by far from either plateau.
  for (const double root : {0.01, 3.0, 500.0}) {
    bracketed_newton search(
        [&](double x) {
          const double t = std::tanh(50 * (x - root) / root);
          return slope{x, std::abs(x - root), t, 50 / root * (1 - t * t), 0};
        },
        rules);
    const newton_result r = search.run(1.0);
    CHECK(r.end == newton_end::converged);
    CHECK(std::abs(r.x / root - 1) <= 64 * epsilon);
  }
}

TEST_CASE("stops at the bounds") {
  bracketed_newton falling(
      [](double x) {
        return slope{x, 1 / x, -1 / (x * x), 2 / (x * x * x), 0};
      },
      rules);
  const newton_result up = falling.run(1.0);
  CHECK(up.end == newton_end::at_upper);
  CHECK(up.x == 1024);
  CHECK(up.value == 1.0 / 1024);
  bracketed_newton rising([](double x) { return slope{x, x, 1, 0, 0}; }, rules);
  const newton_result down = rising.run(1.0);
  CHECK(down.end == newton_end::at_lower);
  CHECK(down.x == 1.0 / 1024);
}

TEST_CASE("tells a flat function from one that is flat where it was looked at") {
  bracketed_newton flat([](double x) { return slope{x, 5, 0, 0, 0}; }, rules);
  CHECK(flat.run(1.0).end == newton_end::flat);
  bracketed_newton partly(
      [](double x) {
        const double d = std::min(0.0, x - 0.5);
        return slope{x, d * d, 2 * d, d < 0 ? 2.0 : 0.0, 0};
      },
      rules);
  const newton_result r = partly.run(1.0);
  CHECK(r.end == newton_end::at_upper);
  CHECK(r.x == 1024);
}

TEST_CASE("gives up after the evaluations allowed, with the last point") {
  newton_rules few = rules;
  few.evaluations = 2;
  bracketed_newton search(
      [](double x) {
        return slope{x, x - std::log(x), 1 - 1 / x, 1 / (x * x), 0};
      },
      few);
  const newton_result r = search.run(100.0);
  CHECK(r.end == newton_end::gave_up);
  CHECK(r.evaluations == 2);
  CHECK(r.x < 100);
}

TEST_CASE("a gradient of rounding size ends the search") {
  int calls = 0;
  bracketed_newton search(
      [&](double x) {
        ++calls;
        return slope{x, 0, calls % 2 == 0 ? 1e-9 : -1e-9, 1e-6, 1e-8};
      },
      rules);
  CHECK(search.run(1.0).end == newton_end::converged);
  CHECK(calls == 1);
}

TEST_CASE("uses an evaluation that is known, without counting it") {
  const auto f = [](double x) { return slope{x, x - 2 * std::log(x), 1 - 2 / x, 2 / (x * x), 0}; };
  bracketed_newton plain(f, rules), informed(f, rules);
  const newton_result a = plain.run(1.0), b = informed.run(1.0, f(1.0));
  CHECK(b.evaluations < a.evaluations);
  CHECK(std::abs(b.x / 2 - 1) <= 64 * epsilon);
}

TEST_CASE("halves the bracket where Newton's steps do not shrink") {
  for (const double root : {0.02, 2.0, 300.0})
    for (const int degree : {7, 9, 15}) {
      INFO("root " << root << ", degree " << degree);
      const auto f = [&](double x) { return flat_at(root, degree, x); };
      bracketed_newton search(f, rules);
      const newton_result r = search.run(4 * root, f(root / 4));
      // Newton alone would need more than the 64 evaluations allowed.
      CHECK(r.end == newton_end::converged);
      CHECK(r.evaluations <= 32);
      CHECK(std::abs(r.x / root - 1) <= 1e-3);
    }
}

TEST_CASE("leaves the first steps, and a bracket with an open end, to Newton") {
  const double root = 2;
  for (const int degree : {7, 9, 15}) {
    INFO("degree " << degree);
    std::vector<double> points;
    const auto f = [&](double x) {
      points.push_back(x);
      return flat_at(root, degree, x);
    };
    // From above, Newton's steps stay above; halving a bracket goes below.
    bracketed_newton closed(f, rules);
    closed.run(4 * root, flat_at(root, degree, root / 4));
    REQUIRE(points.size() > 5);
    for (std::size_t i = 0; i < 4; ++i) CHECK(points[i] > root);
    CHECK(points[4] < root);

    points.clear();
    bracketed_newton open(f, rules);
    CHECK(open.run(4 * root).end == newton_end::gave_up);
    for (const double x : points) CHECK(x > root);
  }
}
