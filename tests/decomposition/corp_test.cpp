// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// corp_curve() and corp(): isotonic regression by the min-max formula and by trying everything.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "calibra/decomposition/corp.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/metrics/brier_top.hpp"
#include "constants.hpp"
#include "drawn.hpp"
#include "random_sample.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;

bool near(double got, real expected, double tolerance) {
  return static_cast<real>(got) == expected ||
         std::abs(static_cast<real>(got) - expected) <= tolerance;
}

/// Samples of one confidence, ascending.
struct tie {
  real weight = 0, hits = 0;
};
std::map<double, tie> ties_of(const sample& s) {
  std::map<double, tie> ties;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s.weight(i) == 0) continue;
    tie& t = ties[s.confidence(i)];
    t.weight += s.weight(i);
    if (s.hit(i)) t.hits += s.weight(i);
  }
  return ties;
}

/// q_i = max over a <= i of min over b >= i of the mean of a..b.
std::vector<real> naive_isotonic(const std::map<double, tie>& ties) {
  std::vector<tie> t;
  for (const auto& [c, one] : ties) t.push_back(one);
  std::vector<real> q(t.size(), -1);
  for (std::size_t a = 0; a < t.size(); ++a) {
    std::vector<real> mean(t.size());
    tie sum;
    for (std::size_t b = a; b < t.size(); ++b) {
      sum.weight += t[b].weight;
      sum.hits += t[b].hits;
      mean[b] = sum.hits / sum.weight;
    }
    real least = infinity;
    for (std::size_t b = t.size(); b-- > a;) {
      least = std::min(least, mean[b]);
      q[b] = std::max(q[b], least);
    }
  }
  return q;
}

real loss(proper_score score, real p, bool hit) {
  if (score == proper_score::squared) return hit ? (1 - p) * (1 - p) : p * p;
  return -std::log(hit ? p : 1 - p);
}
real total_loss(proper_score score, real p, const tie& t) {
  real sum = 0;
  if (t.hits > 0) sum += t.hits * loss(score, p, true);
  if (t.weight > t.hits) sum += (t.weight - t.hits) * loss(score, p, false);
  return sum;
}

struct parts {
  real score = 0, isotonic = 0, uncertainty = 0;
};
parts naive_parts(const sample& s, proper_score score) {
  parts p;
  real weight = 0;
  tie all;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s.weight(i) == 0) continue;
    weight += s.weight(i);
    p.score += s.weight(i) * loss(score, s.confidence(i), s.hit(i));
    all.weight += s.weight(i);
    if (s.hit(i)) all.hits += s.weight(i);
  }
  const std::map<double, tie> ties = ties_of(s);
  const std::vector<real> q = naive_isotonic(ties);
  std::size_t k = 0;
  for (const auto& [c, t] : ties) p.isotonic += total_loss(score, q[k++], t);
  p.uncertainty = total_loss(score, all.hits / all.weight, all);
  return {p.score / weight, p.isotonic / weight, p.uncertainty / weight};
}

template<class C>
sample drawn_sample(std::size_t n, unsigned seed, int levels, bool weighted) {
  const sample plain = random_sample<C>(n, seed, levels);
  sample s(plain.precision());
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < n; ++i) {
    const double c = plain.confidence(i) * 0.99;  // no losses without end
    if (weighted)
      s.push_back(c, plain.hit(i), static_cast<double>(random() % 5) / 2);
    else
      s.push_back(c, plain.hit(i));
  }
  return s;
}

void check_curve(const std::vector<corp_step>& got, const sample& s) {
  const std::map<double, tie> ties = ties_of(s);
  const std::vector<real> q = naive_isotonic(ties);
  std::vector<corp_step> expected;
  std::vector<real> centres;
  std::size_t k = 0;
  for (const auto& [c, t] : ties) {
    const auto w = static_cast<double>(t.weight);
    if (k > 0 && q[k] - q[k - 1] < 1e-14L) {
      expected.back().last = c;
      expected.back().weight += w;
      centres.back() += t.weight * c;
    } else {
      expected.push_back({c, c, 0, static_cast<double>(q[k]), w});
      centres.push_back(t.weight * c);
    }
    ++k;
  }
  REQUIRE(got.size() == expected.size());
  const double tolerance = 2 * epsilon * static_cast<double>(s.size() + 2);
  for (std::size_t b = 0; b < got.size(); ++b) {
    CHECK(got[b].first == expected[b].first);
    CHECK(got[b].last == expected[b].last);
    CHECK(near(got[b].frequency, expected[b].frequency, tolerance));
    CHECK(near(got[b].confidence, centres[b] / expected[b].weight, tolerance));
    CHECK(got[b].weight == expected[b].weight);  // halves: no rounding
    if (b > 0) CHECK(got[b].frequency > got[b - 1].frequency);
  }
}

void check_parts(const corp_parts& got, const sample& s, proper_score score) {
  const parts p = naive_parts(s, score);
  const double tolerance = 8 * epsilon * static_cast<double>(s.size() + 2);
  CHECK(near(got.score, p.score, tolerance));
  CHECK(near(got.uncertainty, p.uncertainty, tolerance));
  CHECK(near(got.miscalibration, p.score - p.isotonic, tolerance));
  CHECK(near(got.discrimination, p.uncertainty - p.isotonic, tolerance));
  CHECK(near(got.miscalibration - got.discrimination + got.uncertainty, got.score, 8 * epsilon));
  CHECK(got.miscalibration >= -4 * epsilon);
  CHECK(got.discrimination >= -4 * epsilon);
  CHECK(got.uncertainty >= 0);
}

}  // namespace

TEMPLATE_TEST_CASE("CORP curves and parts", "[corp]", float, double) {
  unsigned seed = 0;
  for (const std::size_t n : std::initializer_list<std::size_t>{1, 2, 3, 50, 700})
    for (const int levels : {0, 4, 25})
      for (const bool weighted : {false, true}) {
        const sample s = drawn_sample<TestType>(n, ++seed, levels, weighted);
        INFO(n << " samples, levels " << levels << ", weighted " << weighted);
        if (ties_of(s).empty()) {
          CHECK(corp_curve(s).empty());
          continue;
        }
        check_curve(corp_curve(s), s);
        for (const auto score : {proper_score::squared, proper_score::logarithmic})
          check_parts(corp(s, score), s, score);
        CHECK(corp(s).score == corp(s, proper_score::squared).score);
      }
}

TEST_CASE("CORP takes off what the best of all ascending functions would", "[corp]") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    const sample s =
        drawn_sample<double>(1 + seed % 12, seed, static_cast<int>(seed % 3) * 5, seed % 2 == 1);
    const std::map<double, tie> ties = ties_of(s);
    if (ties.empty()) continue;
    std::vector<tie> t;
    real weight = 0;
    for (const auto& [c, one] : ties) {
      t.push_back(one);
      weight += one.weight;
    }
    for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
      // Every way to cut the ties into neighbours, with the share of hits of each.
      real best = infinity;
      for (std::size_t cuts = 0; cuts < (std::size_t{1} << (t.size() - 1)); ++cuts) {
        real total = 0, before = -1;
        bool ascends = true;
        for (std::size_t k = 0; k < t.size();) {
          tie block = t[k];
          for (++k; k < t.size() && (cuts >> (k - 1) & 1) == 0; ++k) {
            block.weight += t[k].weight;
            block.hits += t[k].hits;
          }
          const real p = block.hits / block.weight;
          ascends = ascends && p >= before;
          before = p;
          total += total_loss(score, p, block);
        }
        if (ascends) best = std::min(best, total / weight);
      }
      const corp_parts got = corp(s, score);
      INFO("seed " << seed);
      CHECK(near(got.score - got.miscalibration, best, 100 * epsilon));
      CHECK(near(got.uncertainty - got.discrimination, best, 100 * epsilon));
    }
  }
}

TEMPLATE_TEST_CASE("a monotone map of the confidences leaves discrimination alone", "[corp]", float,
                   double) {
  for (const bool weighted : {false, true}) {
    const sample s = drawn_sample<TestType>(400, 8, 60, weighted);
    sample squares(s.precision()), halves(s.precision());
    for (std::size_t i = 0; i < s.size(); ++i) {
      const double c = s.confidence(i);
      squares.push_back(c * c, s.hit(i), s.weight_if_any(i));
      halves.push_back((1 + c) / 2, s.hit(i), s.weight_if_any(i));
    }
    for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
      const corp_parts plain = corp(s, score);
      for (const sample* mapped : {&squares, &halves}) {
        const corp_parts got = corp(*mapped, score);
        CHECK(got.discrimination == plain.discrimination);
        CHECK(got.uncertainty == plain.uncertainty);
        CHECK(got.miscalibration != plain.miscalibration);
      }
    }
  }
}

TEST_CASE("a curve without miscalibration is the diagonal", "[corp]") {
  sample s;
  for (const auto& [c, hits] : std::map<double, int>{{0.125, 1}, {0.5, 4}, {0.75, 6}, {1, 8}})
    for (int i = 0; i < 8; ++i) s.push_back(c, i < hits);
  const std::vector<corp_step> curve = corp_curve(s);
  REQUIRE(curve.size() == 4);
  for (const corp_step& step : curve) CHECK(step.frequency == step.confidence);
  for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
    CHECK(std::abs(corp(s, score).miscalibration) <= 4 * epsilon);
    CHECK(corp(s, score).discrimination > 0.1);
  }
}

TEST_CASE("the order of the rows does not show in CORP", "[corp]") {
  const sample s = drawn_sample<double>(300, 4, 40, false);
  for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
    CHECK(corp(reversed(s), score).score == corp(s, score).score);
    CHECK(corp(reversed(s), score).miscalibration == corp(s, score).miscalibration);
  }
  const std::vector<corp_step> a = corp_curve(s), b = corp_curve(reversed(s));
  REQUIRE(a.size() == b.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    CHECK(a[k].first == b[k].first);
    CHECK(a[k].last == b[k].last);
    CHECK(a[k].confidence == b[k].confidence);
    CHECK(a[k].frequency == b[k].frequency);
    CHECK(a[k].weight == b[k].weight);
  }
}

TEST_CASE("weights stand for copies in CORP", "[corp]") {
  const weighted_and_copied both(drawn_sample<double>(120, 9, 30, false));
  for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
    const corp_parts a = corp(both.weighted, score), b = corp(both.copied, score);
    CHECK(near(a.score, b.score, 200 * epsilon));
    CHECK(near(a.miscalibration, b.miscalibration, 200 * epsilon));
    CHECK(near(a.discrimination, b.discrimination, 200 * epsilon));
  }
  CHECK(corp_curve(both.weighted).size() == corp_curve(both.copied).size());
}

TEMPLATE_TEST_CASE("the squared score of N x K scores is brier_top", "[corp]", float, double) {
  const drawn<TestType> d(700, 4, 3);
  const options o{.weights = d.weights, .ignore_label = 1};
  const corp_parts got = corp(collect(logits(d.z), d.labels, o));
  // A float's confidence is rounded before it is kept.
  CHECK(near(got.score, brier_top(logits(d.z), d.labels, o),
             4 * static_cast<double>(std::numeric_limits<TestType>::epsilon())));
}

TEST_CASE("CORP: edges", "[corp]") {
  sample weightless;
  weightless.push_back(0.5, true, 0);
  for (const sample& none : {sample(), weightless}) {
    CHECK(corp_curve(none).empty());
    for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
      const corp_parts got = corp(none, score);
      CHECK(std::isnan(got.score));
      CHECK(std::isnan(got.miscalibration));
      CHECK(std::isnan(got.discrimination));
      CHECK(std::isnan(got.uncertainty));
    }
  }
  for (const bool hit : {true, false}) {
    sample all;
    for (const double c : {0.25, 0.5, 0.5, 0.75}) all.push_back(c, hit);
    const std::vector<corp_step> curve = corp_curve(all);
    REQUIRE(curve.size() == 1);
    CHECK(curve[0].first == 0.25);
    CHECK(curve[0].last == 0.75);
    CHECK(curve[0].confidence == 0.5);
    CHECK(curve[0].frequency == (hit ? 1 : 0));
    CHECK(curve[0].weight == 4);
    for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
      const corp_parts got = corp(all, score);
      CHECK(got.uncertainty == 0);
      CHECK(got.discrimination == 0);
      CHECK(got.miscalibration == got.score);
      check_parts(got, all, score);
    }
  }
}

TEST_CASE("certain and right costs nothing", "[corp]") {
  sample s;
  for (int i = 0; i < 3; ++i) {
    s.push_back(0, false);
    s.push_back(1, true);
  }
  for (const auto score : {proper_score::squared, proper_score::logarithmic}) {
    const corp_parts got = corp(s, score);
    CHECK(got.score == 0);
    CHECK(got.miscalibration == 0);
    CHECK(got.discrimination == got.uncertainty);
  }
}

TEST_CASE("infinite logarithmic scores", "[corp]") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto check = [&](const sample& s) {
    const corp_parts got = corp(s, proper_score::logarithmic);
    const parts p = naive_parts(s, proper_score::logarithmic);
    CHECK(got.score == inf);
    CHECK(got.miscalibration == inf);
    CHECK(near(got.uncertainty, p.uncertainty, 16 * epsilon));
    CHECK(near(got.discrimination, p.uncertainty - p.isotonic, 16 * epsilon));
  };
  sample one, miss, hit, both;
  one.push_back(1, false);
  check(one);
  for (const double c : {0.25, 0.5, 0.75}) {
    miss.push_back(c, c > 0.3);
    hit.push_back(c, c > 0.3);
    both.push_back(c, c > 0.3);
  }
  miss.push_back(1, false);
  hit.push_back(0, true);
  both.push_back(1, false);
  both.push_back(0, true);
  check(miss);
  check(hit);
  check(both);
  CHECK(corp(both).score < 1);
}
