// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// corp_bands(): next to quantiles of curves drawn here, and by how often they hold what they
// should.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <set>
#include <vector>

#include "calibra/decomposition/corp.hpp"
#include "calibra/decomposition/corp_bands.hpp"
#include "constants.hpp"
#include "random_sample.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

/// A sample as a few columns, ascending.
struct rows {
  std::vector<double> c, w;
  std::vector<bool> hit;
};
rows ascending(sample s) {
  s.sort();
  rows r;
  for (std::size_t i = 0; i < s.size(); ++i)
    if (s.weight(i) > 0) {
      r.c.push_back(s.confidence(i));
      r.w.push_back(s.weight(i));
      r.hit.push_back(s.hit(i));
    }
  return r;
}

/// The isotonic share of hits at x: that of the step at or below it, or of the lowest.
double curve_at(const rows& r, double x) {
  // Distinct confidences with weight, then min-max.
  std::vector<double> c, weight, hits;
  for (std::size_t i = 0; i < r.c.size(); ++i) {
    if (r.w[i] == 0) continue;
    if (c.empty() || c.back() != r.c[i]) {
      c.push_back(r.c[i]);
      weight.push_back(0);
      hits.push_back(0);
    }
    weight.back() += r.w[i];
    if (r.hit[i]) hits.back() += r.w[i];
  }
  std::size_t at = 0;
  while (at + 1 < c.size() && c[at + 1] <= x) ++at;
  double most = -1;
  for (std::size_t a = 0; a <= at; ++a) {
    double least = 2, w = 0, h = 0;
    for (std::size_t b = a; b < c.size(); ++b) {
      w += weight[b];
      h += hits[b];
      if (b >= at) least = std::min(least, h / w);
    }
    most = std::max(most, least);
  }
  return most;
}

rows drawn_again(const rows& r, band_kind kind, std::mt19937& random) {
  rows d = r;
  std::uniform_real_distribution<double> uniform;
  if (kind == band_kind::consistency) {
    for (std::size_t i = 0; i < r.c.size(); ++i) d.hit[i] = uniform(random) < r.c[i];
    return d;
  }
  std::fill(d.w.begin(), d.w.end(), 0.0);
  for (std::size_t i = 0; i < r.c.size(); ++i) {
    const std::size_t j = random() % r.c.size();
    d.w[j] += r.w[j];
  }
  return d;
}

template<class C>
sample drawn_sample(std::size_t n, unsigned seed, int levels, bool weighted) {
  const sample plain = random_sample<C>(n, seed, levels);
  if (!weighted) return plain;
  sample s(plain.precision());
  for (std::size_t i = 0; i < n; ++i)
    s.push_back(plain.confidence(i), plain.hit(i), static_cast<double>(i % 4));
  return s;
}

/// Calibrated pairs, all confidences different.
sample calibrated(std::size_t n, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform;
  sample s;
  for (std::size_t i = 0; i < n; ++i) {
    const double c = uniform(random);
    s.push_back(c, uniform(random) < c);
  }
  return s;
}

bool same(const std::vector<band_point>& a, const std::vector<band_point>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](const band_point& x, const band_point& y) {
        return x.confidence == y.confidence && x.lower == y.lower && x.upper == y.upper;
      });
}

}  // namespace

TEMPLATE_TEST_CASE("bands are quantiles of curves drawn again", "[corp_bands]", float, double) {
  const auto kind = GENERATE(band_kind::consistency, band_kind::confidence);
  unsigned seed = 0;
  for (const std::size_t n : std::initializer_list<std::size_t>{1, 2, 30})
    for (const int levels : {0, 4})
      for (const bool weighted : {false, true}) {
        const sample s = drawn_sample<TestType>(n, ++seed, levels, weighted);
        const rows r = ascending(s);
        const double level = seed % 2 == 0 ? 0.9 : 0.6;
        const std::size_t replicates = 800, mine = 800;
        const std::vector<band_point> band =
            corp_bands(s, {.kind = kind, .level = level, .replicates = replicates, .points = 5});
        INFO(n << " samples, levels " << levels << ", weighted " << weighted);
        if (r.c.empty()) {
          CHECK(band.empty());
          continue;
        }
        std::mt19937 random(seed);
        std::vector<rows> drawn;
        for (std::size_t i = 0; i < mine; ++i) drawn.push_back(drawn_again(r, kind, random));
        const double tail = (1 - level) / 2;
        const double tolerance =
            5 * std::sqrt(tail * (1 - tail) * (1.0 / replicates + 1.0 / static_cast<double>(mine)));
        for (const band_point& p : band) {
          double below = 0, at_most = 0, above = 0, at_least = 0;
          for (const rows& d : drawn) {
            const double q = curve_at(d, p.confidence);
            below += q < p.lower - 8 * epsilon ? 1 : 0;
            at_most += q <= p.lower + 8 * epsilon ? 1 : 0;
            above += q > p.upper + 8 * epsilon ? 1 : 0;
            at_least += q >= p.upper - 8 * epsilon ? 1 : 0;
          }
          INFO("at " << p.confidence << ": " << p.lower << " to " << p.upper);
          CHECK(p.lower <= p.upper);
          CHECK(below / mine <= tail + tolerance);
          CHECK(at_most / mine >= tail - tolerance);
          CHECK(above / mine <= tail + tolerance);
          CHECK(at_least / mine >= tail - tolerance);
        }
      }
}

TEST_CASE("a consistency band of levels far apart is that of counts", "[corp_bands]") {
  sample s;
  const double confidences[] = {0.125, 0.5, 0.875};
  constexpr int n = 64;
  for (const double c : confidences)
    for (int i = 0; i < n; ++i) s.push_back(c, false);  // what was drawn does not matter
  const std::vector<band_point> band = corp_bands(s, {.replicates = 4000});
  REQUIRE(band.size() == 3);
  const double tolerance = 5 * std::sqrt(0.05 * 0.95 / 4000);
  for (std::size_t k = 0; k < 3; ++k) {
    const double c = confidences[k];
    CHECK(band[k].confidence == c);
    double term = std::pow(1 - c, n), below = 0, at_most = 0, above = 0, at_least = 0;
    for (int j = 0; j <= n; ++j) {
      const double share = static_cast<double>(j) / n;
      if (share < band[k].lower) below += term;
      if (share <= band[k].lower) at_most += term;
      if (share > band[k].upper) above += term;
      if (share >= band[k].upper) at_least += term;
      term *= (n - j) * c / ((j + 1) * (1 - c));
    }
    CHECK(below <= 0.05 + tolerance);
    CHECK(at_most >= 0.05 - tolerance);
    CHECK(above <= 0.05 + tolerance);
    CHECK(at_least >= 0.05 - tolerance);
  }
}

TEST_CASE("calibrated curves leave a consistency band as often as its level says", "[corp_bands]") {
  std::mt19937 random(5);
  constexpr int samples = 400;
  std::vector<double> outside(5, 0);
  for (int i = 0; i < samples; ++i) {
    const sample s = calibrated(60, random);
    const rows r = ascending(s);
    const std::vector<band_point> band =
        corp_bands(s, {.replicates = 99, .seed = static_cast<std::uint64_t>(i), .points = 5});
    for (std::size_t k = 0; k < 5; ++k) {
      const double q = curve_at(r, band[k].confidence);
      outside[k] += q < band[k].lower - epsilon || q > band[k].upper + epsilon ? 1 : 0;
    }
  }
  const double error = std::sqrt(0.1 * 0.9 / samples);
  for (std::size_t k = 0; k < 5; ++k) {
    INFO("point " << k << ": " << outside[k] / samples);
    CHECK(outside[k] / samples <= 0.1 + 4 * error);
    // At the ends shares of 0 and 1 are not rare.
    if (k > 0 && k < 4) CHECK(outside[k] / samples >= 0.1 - 4 * error);
  }
}

TEST_CASE("an overconfident curve lies outside its consistency band", "[corp_bands]") {
  sample s;
  for (int i = 0; i < 2000; ++i) s.push_back(0.6 + 0.3 * i / 2000, i % 2 == 0);
  const std::vector<band_point> band = corp_bands(s, {.replicates = 100});
  const band_point middle = band[band.size() / 2];
  CHECK(middle.lower > 0.6);
  const std::vector<band_point> around =
      corp_bands(s, {.kind = band_kind::confidence, .replicates = 100});
  CHECK(around[around.size() / 2].lower < 0.5);
  CHECK(around[around.size() / 2].upper > 0.5);
  CHECK(around[around.size() / 2].upper < middle.lower);
}

TEST_CASE("points of a band are evenly spaced among the confidences", "[corp_bands]") {
  for (const int levels : {0, 7}) {
    const sample s = drawn_sample<double>(150, 4, levels, true);
    const rows r = ascending(s);
    std::vector<double> distinct(r.c);
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (const std::size_t points : std::initializer_list<std::size_t>{2, 3, 7, 50, 200}) {
      const std::vector<band_point> band = corp_bands(s, {.replicates = 20, .points = points});
      REQUIRE(band.size() == std::min(points, distinct.size()));
      CHECK(band.front().confidence == distinct.front());
      CHECK(band.back().confidence == distinct.back());
      std::vector<std::ptrdiff_t> gaps;
      std::ptrdiff_t before = -1;
      for (const band_point& p : band) {
        const auto at = std::lower_bound(distinct.begin(), distinct.end(), p.confidence);
        REQUIRE(at != distinct.end());
        CHECK(*at == p.confidence);
        if (before >= 0) gaps.push_back(at - distinct.begin() - before);
        before = at - distinct.begin();
      }
      const auto [least, most] = std::minmax_element(gaps.begin(), gaps.end());
      CHECK(*least >= 1);
      CHECK(*most - *least <= 1);
    }
  }
}

TEST_CASE("bands: seeds, levels, order", "[corp_bands]") {
  for (const auto kind : {band_kind::consistency, band_kind::confidence}) {
    const sample s = drawn_sample<double>(80, 3, 0, false);
    const band_options o{.kind = kind, .replicates = 100};
    const std::vector<band_point> band = corp_bands(s, o);
    CHECK(same(band, corp_bands(s, o)));
    CHECK(same(band, corp_bands(reversed(s), o)));  // no ties
    band_options other = o;
    other.seed = 1;
    CHECK(!same(band, corp_bands(s, other)));
    band_options narrow = o;
    narrow.level = 0.5;
    const std::vector<band_point> within = corp_bands(s, narrow);
    REQUIRE(within.size() == band.size());
    double width = 0, narrow_width = 0;
    for (std::size_t k = 0; k < band.size(); ++k) {
      CHECK(within[k].lower >= band[k].lower);
      CHECK(within[k].upper <= band[k].upper);
      width += band[k].upper - band[k].lower;
      narrow_width += within[k].upper - within[k].lower;
      if (k > 0) {
        CHECK(band[k].lower >= band[k - 1].lower);
        CHECK(band[k].upper >= band[k - 1].upper);
      }
    }
    CHECK(narrow_width < width * 0.8);
  }
}

TEST_CASE("a confidence band lies around the curve", "[corp_bands]") {
  const sample s = drawn_sample<double>(500, 6, 12, false);
  const rows r = ascending(s);
  for (const band_point& p :
       corp_bands(s, {.kind = band_kind::confidence, .level = 0.99, .replicates = 300})) {
    const double q = curve_at(r, p.confidence);
    CHECK(p.lower <= q);
    CHECK(p.upper >= q);
  }
}

TEST_CASE("rows drawn again keep their weight", "[corp_bands]") {
  sample s;  // one half of the rows are hits, and nine tenths of the weight
  for (int i = 0; i < 200; ++i) s.push_back(0.5, i % 2 == 0, i % 2 == 0 ? 9 : 1);
  const std::vector<band_point> band =
      corp_bands(s, {.kind = band_kind::confidence, .replicates = 200});
  REQUIRE(band.size() == 1);
  CHECK(band[0].lower > 0.8);
  CHECK(band[0].lower < 0.9);
  CHECK(band[0].upper > 0.9);
  CHECK(band[0].upper < 0.95);
}

TEST_CASE("bands: edges", "[corp_bands]") {
  sample weightless, one, certain;
  weightless.push_back(0.5, true, 0);
  one.push_back(0.5, true);
  for (const auto kind : {band_kind::consistency, band_kind::confidence}) {
    CHECK(corp_bands(sample(), {.kind = kind}).empty());
    CHECK(corp_bands(weightless, {.kind = kind}).empty());
  }
  const std::vector<band_point> band = corp_bands(one);
  REQUIRE(band.size() == 1);
  CHECK(band[0].confidence == 0.5);
  CHECK(band[0].lower == 0);
  CHECK(band[0].upper == 1);
  const std::vector<band_point> again = corp_bands(one, {.kind = band_kind::confidence});
  CHECK(again[0].lower == 1);
  CHECK(again[0].upper == 1);
  for (int i = 0; i < 5; ++i) {
    certain.push_back(0, true);
    certain.push_back(1, false);
  }
  const std::vector<band_point> ends = corp_bands(certain);
  REQUIRE(ends.size() == 2);
  CHECK(ends[0].upper == 0);
  CHECK(ends[1].lower == 1);
}

TEST_CASE("bands: errors", "[corp_bands]") {
  const sample s = drawn_sample<double>(10, 1, 0, false);
  CHECK_THROWS_AS(corp_bands(s, {.replicates = 19}), option_error);
  CHECK_THROWS_WITH(corp_bands(s, {.replicates = 19}),
                    "corp_bands(): expected at least 20 replicates, got 19");
  CHECK_NOTHROW(corp_bands(s, {.replicates = 20}));
  CHECK_THROWS_AS(corp_bands(s, {.points = 1}), option_error);
  CHECK_THROWS_WITH(corp_bands(s, {.points = 1}),
                    "corp_bands(): expected at least 2 points, got 1");
  CHECK_NOTHROW(corp_bands(s, {.replicates = 20, .points = 2}));
  for (const double level : {0.0, 1.0, -0.5, 1.5, not_a_number})
    CHECK_THROWS_AS(corp_bands(s, {.level = level}), option_error);
  CHECK_THROWS_WITH(corp_bands(s, {.level = 0}),
                    "corp_bands(): expected a level between 0 and 1, got 0");
  CHECK_THROWS_AS(corp_bands(sample(), {.level = 1}), option_error);
}
