// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// risk_coverage() and the two questions to a curve, by trying every threshold.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "calibra/metrics/aurc.hpp"
#include "calibra/selective/risk_coverage.hpp"
#include "constants.hpp"
#include "drawn.hpp"
#include "random_sample.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;
using curve = std::vector<coverage_point>;

bool near(double got, real expected, double tolerance) {
  return std::abs(static_cast<real>(got) - expected) <= tolerance;
}

/// Every confidence that weighs something is a threshold.
void check_curve(const curve& got, const sample& s) {
  std::set<double, std::greater<>> thresholds;
  real total = 0;
  for (std::size_t i = 0; i < s.size(); ++i)
    if (s.weight(i) > 0) {
      thresholds.insert(s.confidence(i));
      total += s.weight(i);
    }
  REQUIRE(got.size() == thresholds.size());
  const double tolerance = 2 * epsilon * static_cast<double>(s.size() + 2);
  std::size_t k = 0;
  for (const double t : thresholds) {
    real answered = 0, wrong = 0;
    for (std::size_t i = 0; i < s.size(); ++i)
      if (s.confidence(i) >= t) {
        answered += s.weight(i);
        if (!s.hit(i)) wrong += s.weight(i);
      }
    INFO("threshold " << t);
    CHECK(got[k].threshold == t);
    CHECK(near(got[k].coverage, answered / total, tolerance));
    CHECK(near(got[k].risk, wrong / answered, tolerance));
    ++k;
  }
}

template<class C>
sample drawn_sample(std::size_t n, unsigned seed, int levels, bool weighted) {
  const sample plain = random_sample<C>(n, seed, levels);
  if (!weighted) return plain;
  sample s(plain.precision());
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < n; ++i)
    s.push_back(plain.confidence(i), plain.hit(i), static_cast<double>(random() % 4) / 3);
  return s;
}

void check_same(const curve& a, const curve& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].threshold == b[i].threshold);
    CHECK(a[i].coverage == b[i].coverage);
    CHECK(a[i].risk == b[i].risk);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("a risk-coverage curve has a point for each threshold", "[risk_coverage]", float,
                   double) {
  unsigned seed = 0;
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 1, 2, 50, 700})
    for (const int levels : {0, 3, 17})
      for (const bool weighted : {false, true}) {
        const sample s = drawn_sample<TestType>(n, ++seed, levels, weighted);
        INFO(n << " samples, levels " << levels << ", weighted " << weighted);
        const curve got = risk_coverage(s);
        check_curve(got, s);
        for (std::size_t k = 1; k < got.size(); ++k) {
          CHECK(got[k].threshold < got[k - 1].threshold);
          CHECK(got[k].coverage > got[k - 1].coverage);
        }
        if (!got.empty()) CHECK(got.back().coverage == 1);
      }
}

TEST_CASE("the order of the pairs does not show in a risk-coverage curve", "[risk_coverage]") {
  const sample s = random_sample<double>(200, 3, 20);
  check_same(risk_coverage(s), risk_coverage(reversed(s)));
  sample sorted = s;
  sorted.sort();
  check_same(risk_coverage(s), risk_coverage(sorted));
}

TEST_CASE("weights stand for copies in a risk-coverage curve", "[risk_coverage]") {
  const weighted_and_copied both(random_sample<double>(120, 9, 30));
  check_same(risk_coverage(both.weighted), risk_coverage(both.copied));
}

TEST_CASE("without ties aurc is the mean of the points", "[risk_coverage]") {
  const sample s = random_sample<double>(300, 5);
  const curve points = risk_coverage(s);
  REQUIRE(points.size() == 300);
  real sum = 0;
  for (const coverage_point& p : points) sum += p.risk;
  CHECK(near(aurc(s), sum / 300, 300 * epsilon));
}

TEMPLATE_TEST_CASE("risk-coverage curves of scores", "[risk_coverage]", float, double) {
  const drawn<TestType> d(700, 4, 6);
  std::vector<unsigned char> valid(700, 1);
  drawn<TestType> kept(0, 4, 0);
  std::vector<std::vector<TestType>> p;
  for (std::size_t i = 0; i < 700; ++i) {
    valid[i] = i % 3 != 0;
    if (valid[i] != 0 && d.labels[i] != 2) {
      kept.z.push_back(d.z[i]);
      kept.labels.push_back(d.labels[i]);
      kept.weights.push_back(d.weights[i]);
    }
    real sum = 0;
    for (const TestType z : d.z[i]) sum += std::exp(static_cast<real>(z));
    p.emplace_back();
    for (const TestType z : d.z[i])
      p.back().push_back(static_cast<TestType>(std::exp(static_cast<real>(z)) / sum));
  }
  const auto pairs_of = [](const auto& scores, const auto& labels, const auto& weights) {
    const sample plain = collect(scores, labels);
    sample s(plain.precision());
    for (std::size_t i = 0; i < plain.size(); ++i)
      s.push_back(plain.confidence(i), plain.hit(i), weights[i]);
    return s;
  };
  const std::vector<double> ones(700, 1.0);
  check_curve(risk_coverage(logits(d.z), d.labels), pairs_of(logits(d.z), d.labels, ones));
  check_curve(risk_coverage(probabilities(p), d.labels),
              pairs_of(probabilities(p), d.labels, ones));
  const options some{.weights = d.weights, .ignore_label = 2, .valid = valid};
  check_curve(risk_coverage(logits(d.z), d.labels, some),
              pairs_of(logits(kept.z), kept.labels, kept.weights));
  options several = some;
  several.threads = {3};
  check_same(risk_coverage(logits(d.z), d.labels, several),
             risk_coverage(logits(d.z), d.labels, some));
}

TEST_CASE("a binary model refuses by its likelier class", "[risk_coverage]") {
  const std::vector<double> p = {0.875, 0.25, 0.5, 0.125, 0.75};
  const std::vector<int> y = {1, 1, 0, 0, 0};
  sample expected;
  expected.push_back(0.875, true);
  expected.push_back(0.75, false);
  expected.push_back(0.5, false);  // 0.5 is class 1
  expected.push_back(0.875, true);
  expected.push_back(0.75, false);
  const curve got = risk_coverage(binary_probabilities(p), y, {.binary = binary_target::top_label});
  INFO("risk of all " << got.back().risk);
  REQUIRE(got.size() == 3);
  CHECK(got[0].risk == 0);
  CHECK(got[0].coverage == 0.4);
  CHECK(got[1].risk == 0.5);
  CHECK(got[1].coverage == 0.8);
  check_curve(got, collect(binary_probabilities(p), y, {.binary = binary_target::top_label}));
  std::vector<double> x;
  for (const double q : p) x.push_back(std::log(q / (1 - q)));
  const options top{.binary = binary_target::top_label};
  check_curve(risk_coverage(binary_logits(x), y, top), collect(binary_logits(x), y, top));
}

TEMPLATE_TEST_CASE("questions to a risk-coverage curve", "[risk_coverage]", float, double) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    const sample s =
        drawn_sample<TestType>(1 + seed * 9, seed, static_cast<int>(seed % 3) * 6, seed % 2 == 1);
    const curve points = risk_coverage(s);
    std::vector<double> asked = {0, 0.1, 0.25, 0.5, 0.999, 1};
    for (const coverage_point& p : points) {
      asked.push_back(p.risk);
      asked.push_back(p.coverage);
      asked.push_back(p.coverage / 2);
      if (p.risk > 0) asked.push_back(std::nextafter(p.risk, 0.0));
    }
    INFO("seed " << seed);
    for (const double x : asked) {
      coverage_point most{infinity, 0, 0};
      for (const coverage_point& p : points)
        if (p.risk <= x && p.coverage > most.coverage) most = p;
      check_same({coverage_at_risk(points, x)}, {most});
      // What differs from a point by rounding alone is a case of its own, below.
      const bool rounded = std::any_of(points.begin(), points.end(), [&](const coverage_point& p) {
        return p.coverage != x && near(p.coverage, x, 1e-9);
      });
      if (x == 0 || points.empty() || rounded) continue;
      coverage_point least{0, infinity, 0};
      for (const coverage_point& p : points)
        if (p.coverage >= x && p.coverage < least.coverage) least = p;
      check_same({risk_at_coverage(points, x)}, {least});
    }
  }
}

TEST_CASE("a coverage that was rounded up is met by its point", "[risk_coverage]") {
  sample s;
  for (int i = 0; i < 10; ++i) s.push_back(0.05 + 0.09 * i, i % 2 == 0, 0.1);
  const curve points = risk_coverage(s);
  for (std::size_t k = 0; k < 10; ++k) {
    const double share = static_cast<double>(k + 1) / 10;
    CHECK(risk_at_coverage(points, share).threshold == points[k].threshold);
    if (k < 9) CHECK(risk_at_coverage(points, share + 0.001).threshold == points[k + 1].threshold);
  }
}

TEST_CASE("risk-coverage curves: edges", "[risk_coverage]") {
  CHECK(risk_coverage(sample()).empty());
  sample weightless;
  weightless.push_back(0.5, true, 0);
  CHECK(risk_coverage(weightless).empty());
  check_same({coverage_at_risk({}, 0.5)}, {{infinity, 0, 0}});
  for (const bool hit : {true, false}) {
    sample one, all;
    one.push_back(0.25, hit);
    check_same(risk_coverage(one), {{0.25, 1, hit ? 0.0 : 1.0}});
    for (const double c : {1.0, 0.0, 0.5, 0.5}) all.push_back(c, hit);
    const double risk = hit ? 0 : 1;
    const curve points = risk_coverage(all);
    check_same(points, {{1, 0.25, risk}, {0.5, 0.75, risk}, {0, 1, risk}});
    check_same({coverage_at_risk(points, 0.5)},
               {hit ? points.back() : coverage_point{infinity, 0, 0}});
    check_same({coverage_at_risk(points, 1)}, {points.back()});
    check_same({risk_at_coverage(points, 0.5)}, {points[1]});
    check_same({risk_at_coverage(points, 1)}, {points.back()});
  }
}

TEST_CASE("risk-coverage curves: errors", "[risk_coverage]") {
  const curve points = {{0.5, 1, 0.5}};
  CHECK_THROWS_AS(coverage_at_risk(points, -0.5), option_error);
  CHECK_THROWS_WITH(coverage_at_risk(points, -0.5),
                    "coverage_at_risk(): expected a risk in [0, 1], got -0.5");
  CHECK_THROWS_WITH(coverage_at_risk(points, 1.5),
                    "coverage_at_risk(): expected a risk in [0, 1], got 1.5");
  CHECK_THROWS_WITH(coverage_at_risk(points, not_a_number),
                    "coverage_at_risk(): expected a risk in [0, 1], got nan");
  CHECK_THROWS_AS(risk_at_coverage(points, 0), option_error);
  CHECK_THROWS_WITH(risk_at_coverage(points, 0),
                    "risk_at_coverage(): expected a coverage in (0, 1], got 0");
  CHECK_THROWS_WITH(risk_at_coverage(points, 1.25),
                    "risk_at_coverage(): expected a coverage in (0, 1], got 1.25");
  CHECK_THROWS_WITH(risk_at_coverage(points, not_a_number),
                    "risk_at_coverage(): expected a coverage in (0, 1], got nan");
  CHECK_THROWS_AS(risk_at_coverage({}, 0.5), option_error);
  CHECK_THROWS_WITH(risk_at_coverage({}, 0.5), "risk_at_coverage(): the curve has no points");
  const std::vector<std::vector<double>> z = {{1, 2}, {not_a_number, 0}};
  CHECK_THROWS_AS(risk_coverage(logits(z), std::vector<int>{0, 1}), value_error);
  CHECK_THROWS_AS(risk_coverage(logits(z), std::vector<int>{0}), shape_error);
}
