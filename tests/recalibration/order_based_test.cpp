// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/recalibration/centred_isotonic.hpp>
#include <calibra/recalibration/histogram_mass.hpp>
#include <calibra/recalibration/histogram_width.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/venn_abers.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "binary_problems.hpp"

using namespace calibra;
using namespace calibra::test::binary;
using calibra::test::epsilon;

namespace {

/// max over a <= i of min over b >= i of the mean of blocks a, ..., b.
std::vector<long double> naive_isotonic(const std::vector<block>& blocks) {
  const std::size_t m = blocks.size();
  std::vector<long double> value(m);
  for (std::size_t i = 0; i < m; ++i) {
    long double most = 0;
    for (std::size_t a = 0; a <= i; ++a) {
      long double weight = 0, hits = 0, least = 1;
      for (std::size_t b = a; b < m; ++b) {
        weight += blocks[b].weight;
        hits += blocks[b].hits;
        if (b >= i) least = std::min(least, hits / weight);
      }
      most = std::max(most, least);
    }
    value[i] = most;
  }
  return value;
}

/// A function by points.
struct points {
  std::vector<long double> x, y;

  void add(long double at, long double value) {
    x.push_back(at);
    y.push_back(value);
  }
  /// Its value and how steep it is.
  std::pair<long double, long double> at(double p) const {
    if (x.empty()) return {p, 1};
    if (p <= x.front()) return {y.front(), slope(0)};
    for (std::size_t i = 1; i < x.size(); ++i)
      if (p <= x[i]) {
        const long double value = y[i - 1] + (p - x[i - 1]) * (y[i] - y[i - 1]) / (x[i] - x[i - 1]);
        return {value, std::max({slope(i - 1), slope(i), slope(i + 1)})};
      }
    return {y.back(), slope(x.size() - 1)};
  }

 private:
  /// That of the piece which ends at point i; 0 where there is none.
  long double slope(std::size_t i) const {
    return i == 0 || i >= x.size() ? 0 : (y[i] - y[i - 1]) / (x[i] - x[i - 1]);
  }
};

points naive_isotonic_map(const std::vector<block>& blocks) {
  points map;
  const std::vector<long double> value = naive_isotonic(blocks);
  for (std::size_t i = 0; i < blocks.size(); ++i) map.add(blocks[i].p, value[i]);
  return map;
}

/// Runs of equal values become their centre, save those at 0 and 1.
points naive_centred_map(const std::vector<block>& blocks) {
  points map;
  const std::vector<long double> value = naive_isotonic(blocks);
  for (std::size_t i = 0; i < blocks.size();) {
    std::size_t end = i;
    long double weight = 0, hits = 0, centre = 0;
    while (end < blocks.size() && std::abs(value[end] - value[i]) < 1e-16L) {
      weight += blocks[end].weight;
      hits += blocks[end].hits;
      centre += blocks[end].weight * static_cast<long double>(blocks[end].p);
      ++end;
    }
    if (hits == 0 || hits == weight) {
      map.add(blocks[i].p, hits / weight);
      if (end != i + 1) map.add(blocks[end - 1].p, hits / weight);
    } else {
      map.add(end == i + 1 ? blocks[i].p : centre / weight, hits / weight);
    }
    i = end;
  }
  return map;
}

/// What isotonic regression says of one more sample of weight 1.
long double naive_with(const binary_problem& x, double p, int label) {
  binary_problem more = x;
  if (more.w.empty()) more.w.assign(x.size(), 1.0);
  more.p.push_back(p);
  more.y.push_back(label);
  more.w.push_back(1);
  const std::vector<block> blocks = naive_blocks(more);
  const std::vector<long double> value = naive_isotonic(blocks);
  std::size_t i = 0;
  while (blocks[i].p != p) ++i;
  return value[i];
}

/// Hit rates between inner edges, (lower, upper]; the middle of an empty bin.
struct naive_bins {
  std::vector<double> edges;  // with 0 and 1
  std::vector<long double> weight, hits;

  naive_bins(std::vector<double> at, const binary_problem& x)
      : edges(std::move(at)), weight(edges.size() - 1), hits(edges.size() - 1) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t b = bin_of(x.p[i]);
      weight[b] += x.weight(i);
      if (x.y[i] == 1) hits[b] += x.weight(i);
    }
  }
  std::size_t bin_of(double p) const {
    std::size_t b = 0;
    while (p > edges[b + 1]) ++b;
    return b;
  }
  long double at(double p) const {
    const std::size_t b = bin_of(p);
    if (weight[b] > 0) return hits[b] / weight[b];
    return (static_cast<long double>(edges[b]) + static_cast<long double>(edges[b + 1])) / 2;
  }
};

naive_bins naive_width_bins(const binary_problem& x, std::size_t bins) {
  std::vector<double> edges;
  for (std::size_t b = 0; b <= bins; ++b)
    edges.push_back(static_cast<double>(b) / static_cast<double>(bins));
  return {edges, x};
}

/// Sorted samples dealt into parts, the first n mod B of which have one more; edges half way
/// between neighbouring parts, equal ones once.
naive_bins naive_mass_bins(const binary_problem& x, std::size_t bins) {
  std::vector<double> sorted;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x.weight(i) > 0) sorted.push_back(x.p[i]);
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> edges{0};
  const std::size_t n = sorted.size(), parts = std::min(bins, n);
  std::size_t first = 0;
  for (std::size_t part = 0; part + 1 < parts; ++part) {
    first += n / parts + (part < n % parts ? 1 : 0);
    const double cut = (sorted[first - 1] + sorted[first]) / 2;
    if (part == 0 || edges.back() != cut) edges.push_back(cut);
  }
  edges.push_back(1);
  return {edges, x};
}

// ---- comparisons -----------------------------------------------------------------------------

/// A line by points whose x are off by a rounding too.
template<class R>
std::string check_points(const binary_problem& x, const R& r, const points& naive) {
  std::string what = check_map(x, r, [&](double p) {
    const auto [value, slope] = naive.at(p);
    return std::pair(value, rounding(x) * static_cast<double>(2 + slope));
  });
  if (what.empty()) what = check_ascends(x, r);
  if (!what.empty()) return what;
  return check_report(x, r.report(), [&](double p) { return naive.at(p).first; });
}

std::string check_isotonic(const binary_problem& x) {
  return check_points(x, x.fitted<isotonic>(), naive_isotonic_map(naive_blocks(x)));
}

std::string check_centred(const binary_problem& x) {
  return check_points(x, x.fitted<centred_isotonic>(), naive_centred_map(naive_blocks(x)));
}

std::string check_venn_abers(const binary_problem& x) {
  const venn_abers r = x.fitted<venn_abers>();
  // Differences of sums over all weights, divided by no less than the new sample's 1.
  const double tolerance = 2 * rounding(x) * (1 + x.total());
  for (const double p : places(x)) {
    const probability_interval i = r.interval(p);
    const long double p0 = naive_with(x, p, 0), p1 = naive_with(x, p, 1);
    std::string what = apart("p0", p, i.lower, p0, tolerance);
    if (what.empty()) what = apart("p1", p, i.upper, p1, tolerance);
    if (!what.empty()) return what;
    if (i.lower > i.upper) return "p0 > p1";
  }
  const auto expected = [&](double p) -> long double {
    const long double p0 = naive_with(x, p, 0), p1 = naive_with(x, p, 1);
    return p1 / (1 - p0 + p1);
  };
  std::string what =
      check_map(x, r, [&](double p) { return std::pair(expected(p), 4 * tolerance); });
  if (what.empty()) what = check_ascends(x, r);
  if (!what.empty()) return what;
  for (const double p : places(x))
    if (!(r(p) > 0 && r(p) < 1)) return "p is 0 or 1";
  return check_report(x, r.report(), expected);
}

std::string check_width(const binary_problem& x) {
  for (const std::size_t bins : {std::size_t{1}, std::size_t{3}, 1 + x.size() % 16}) {
    const histogram_width r = x.fitted<histogram_width>({.bins = bins});
    const naive_bins naive = naive_width_bins(x, bins);
    if (r.edges() != naive.edges) return "other edges";
    std::string what =
        check_map(x, r, [&](double p) { return std::pair(naive.at(p), rounding(x)); });
    if (what.empty()) what = check_report(x, r.report(), [&](double p) { return naive.at(p); });
    if (!what.empty()) return what;
  }
  return "";
}

std::string check_mass(const binary_problem& x) {
  for (const std::size_t bins : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{15}}) {
    const histogram_mass r = x.fitted<histogram_mass>({.bins = bins});
    const naive_bins naive = naive_mass_bins(x, bins);
    std::string what =
        check_map(x, r, [&](double p) { return std::pair(naive.at(p), rounding(x)); });
    if (what.empty()) what = check_report(x, r.report(), [&](double p) { return naive.at(p); });
    if (!what.empty()) return what;
  }
  return "";
}

}  // namespace

TEST_CASE("isotonic is the least-squares fit that ascends") {
  for_problems(1, 10000, check_isotonic);
}

TEST_CASE("centred_isotonic goes through the centres of its blocks") {
  for_problems(2, 10000, check_centred);
}

TEST_CASE("venn_abers is isotonic regression with one more sample") {
  for_problems(3, 10000, check_venn_abers);
}

TEST_CASE("histogram_width gives the hit rates of bins of equal width") {
  for_problems(4, 1500, check_width);
}

TEST_CASE("histogram_mass gives the hit rates of bins of equally many samples") {
  for_problems(5, 1500, check_mass);
}

TEST_CASE("logits are taken as their sigmoid") {
  for_problems(6, 500, [](const binary_problem& x) -> std::string {
    std::vector<double> z, p;
    for (const double s : x.p) {
      z.push_back(9 * s - 4);
      // in two forms, so that nothing cancels; equal logits stay equal
      p.push_back(z.back() >= 0 ? 1 / (1 + std::exp(-z.back()))
                                : std::exp(z.back()) / (1 + std::exp(z.back())));
    }
    const auto check = [&]<class R>(const R* of) -> std::string {
      static_cast<void>(of);
      const R a = fit<R>(binary_logits(z), x.y, x.given());
      const R b = fit<R>(binary_probabilities(p), x.y, x.given());
      if (a.fitted_on() != score_kind::binary_logits) return "fitted_on is missing";
      const std::vector<double> q = a.transform(binary_logits(z));
      for (std::size_t i = 0; i < z.size(); ++i) {
        std::string what = apart("value", z[i], q[i], b(p[i]), rounding(x));
        if (!what.empty()) return what;
      }
      return "";
    };
    std::string what = check(static_cast<const isotonic*>(nullptr));
    if (what.empty()) what = check(static_cast<const centred_isotonic*>(nullptr));
    if (what.empty()) what = check(static_cast<const venn_abers*>(nullptr));
    if (what.empty()) what = check(static_cast<const histogram_mass*>(nullptr));
    return what;
  });
}

TEST_CASE("more samples") {
  std::mt19937_64 generator(9);
  std::uniform_real_distribution<double> uniform;
  for (int i = 0; i < 30; ++i) {
    binary_problem x;
    const double slope = uniform(generator), cells = i % 3 == 0 ? 20 : 1e9;
    for (int j = 0; j < 150; ++j) {
      x.p.push_back(std::floor(uniform(generator) * cells) / cells);
      x.y.push_back(uniform(generator) < 0.5 + slope * (x.p.back() - 0.5) ? 1 : 0);
      if (i % 2 == 0) x.w.push_back(2 * uniform(generator));
    }
    const std::vector<block> blocks = naive_blocks(x);
    const std::size_t m = blocks.size();
    const isotonic r = x.fitted<isotonic>();
    const std::vector<long double> value = naive_isotonic(blocks);
    std::string what;
    for (std::size_t b = 0; b < m && what.empty(); ++b)
      what = apart("isotonic", blocks[b].p, r(blocks[b].p), value[b], 2 * rounding(x));
    if (!what.empty()) fail(i, x, what);

    // At every gap the max-min of the sums before and after, with the new sample between.
    const venn_abers v = x.fitted<venn_abers>();
    REQUIRE(v.p0().size() == m + 1);
    std::vector<long double> weight(m + 1), hits(m + 1);
    for (std::size_t b = 0; b < m; ++b) {
      weight[b + 1] = weight[b] + blocks[b].weight;
      hits[b + 1] = hits[b] + blocks[b].hits;
    }
    for (std::size_t gap = 0; gap <= m && what.empty(); ++gap)
      for (const int label : {0, 1}) {
        long double most = 0;
        for (std::size_t from = 0; from <= gap; ++from) {
          long double least = 1;
          for (std::size_t to = gap; to <= m; ++to)
            least =
                std::min(least, (hits[to] - hits[from] + label) / (weight[to] - weight[from] + 1));
          most = std::max(most, least);
        }
        if (what.empty())
          what =
              apart(label == 0 ? "p0 of gap" : "p1 of gap", static_cast<double>(gap),
                    (label == 0 ? v.p0() : v.p1())[gap], most, 2 * rounding(x) * (1 + x.total()));
      }
    if (!what.empty()) fail(i, x, what);
  }
}

TEST_CASE("blocks of equal means are equal whatever the weights add up to") {
  // Weights of 0.1, which has no exact double, and others that add up with rounding.
  std::mt19937_64 generator(7);
  const double means[] = {0, 1.0 / 3, 0.5, 2.0 / 3, 1};
  int right = 0;
  for (int i = 0; i < 1000; ++i, ++right) {
    binary_problem x;
    std::size_t mean = 0;
    for (int b = 0; b < 6; ++b) {
      if (generator() % 2 == 0) mean = std::min<std::size_t>(4, mean + 1);
      const std::size_t n = 6 * (1 + generator() % 3);
      for (std::size_t j = 0; j < n; ++j) {
        x.p.push_back((b + 1) / 7.0);
        x.y.push_back(static_cast<double>(j) + 0.5 < means[mean] * static_cast<double>(n) ? 1 : 0);
      }
    }
    binary_problem scaled = x;
    scaled.w.assign(x.size(), i % 2 == 0 ? 0.1 : 1.0 / static_cast<double>(3 + i));
    const isotonic a = x.fitted<isotonic>(), b = scaled.fitted<isotonic>();
    const centred_isotonic c = x.fitted<centred_isotonic>(), d = scaled.fitted<centred_isotonic>();
    std::string what;
    for (const double p : places(x)) {
      const double tolerance = 4 * rounding(x) * 8;  // slopes are at most 7
      if (what.empty()) what = apart("isotonic", p, b(p), a(p), tolerance);
      if (what.empty()) what = apart("centred_isotonic", p, d(p), c(p), tolerance);
    }
    if (!what.empty()) fail(i, scaled, what);
  }
  CHECK(right == 1000);
}

TEST_CASE("an example by hand") {
  // Blocks: 0.2 misses; 0.4 hits and 0.6 misses, pooled at 1/2; 0.8 hits.
  const std::vector<double> p{0.8, 0.2, 0.6, 0.4};
  const std::vector<int> y{1, 0, 0, 1};
  const isotonic a = fit<isotonic>(binary_probabilities(p), y);
  CHECK(a.x() == std::vector<double>{0.2, 0.4, 0.6, 0.8});
  CHECK(a.y() == std::vector<double>{0, 0.5, 0.5, 1});
  CHECK(a.report().objective_after == 0.125);
  const centred_isotonic b = fit<centred_isotonic>(binary_probabilities(p), y);
  CHECK(b.x().size() == 3);
  CHECK(b.x()[1] == Approx(0.5).epsilon(epsilon));
  CHECK(b.y() == std::vector<double>{0, 0.5, 1});
  const venn_abers c = fit<venn_abers>(binary_probabilities(p), y);
  CHECK(c.scores() == std::vector<double>{0.2, 0.4, 0.6, 0.8});
  // At 0.7: a miss makes the middle one of three, a hit goes with 0.8.
  CHECK(c.interval(0.7).lower == Approx(1.0 / 3).epsilon(4 * epsilon));
  CHECK(c.interval(0.7).upper == 1);
  CHECK(c(0.7) == Approx(1 / (1 - 1.0 / 3 + 1)).epsilon(4 * epsilon));
  const histogram_mass d = fit<histogram_mass>(binary_probabilities(p), y, {}, {.bins = 2});
  CHECK(d.edges() == std::vector<double>{0, 0.5, 1});
  CHECK(d.values() == std::vector<double>{0.5, 0.5});
}

TEST_CASE("nothing to fit to") {
  binary_problem none;
  binary_problem weightless{{0.3, 0.6}, {1, 0}, {0, 0}};
  for (const binary_problem& x : {none, weightless}) {
    CHECK(check_isotonic(x) == "");
    CHECK(check_centred(x) == "");
    CHECK(check_venn_abers(x) == "");
    CHECK(check_width(x) == "");
    CHECK(check_mass(x) == "");
    for (const double p : {0.0, 0.125, 0.7, 1.0}) {
      CHECK(x.fitted<isotonic>()(p) == p);
      CHECK(x.fitted<centred_isotonic>()(p) == p);
      CHECK(x.fitted<venn_abers>()(p) == 0.5);
      CHECK(x.fitted<venn_abers>().interval(p).lower == 0);
      CHECK(x.fitted<venn_abers>().interval(p).upper == 1);
      CHECK(x.fitted<histogram_mass>()(p) == 0.5);
    }
    CHECK(x.fitted<isotonic>().report().note == "no samples with a weight");
  }
}

TEST_CASE("weights of any size give probabilities") {
  const auto problem_of = [](std::mt19937_64& generator, const std::vector<int>& powers) {
    binary_problem x;
    const std::size_t n = 1 + generator() % 5;
    for (std::size_t j = 0; j < n; ++j) {
      x.p.push_back(static_cast<double>(generator() % 6) / 5);
      x.y.push_back(static_cast<int>(generator() % 2));
      x.w.push_back(std::pow(10, powers[generator() % powers.size()]));
    }
    return x;
  };
  const auto what_is_wrong = [](const binary_problem& x) -> std::string {
    try {
      const venn_abers r = x.fitted<venn_abers>();
      const isotonic s = x.fitted<isotonic>();
      const centred_isotonic t = x.fitted<centred_isotonic>();
      for (const double p : places(x)) {
        if (!(r(p) >= 0 && r(p) <= 1)) return "venn_abers: no probability";
        if (!(s(p) >= 0 && s(p) <= 1)) return "isotonic: no probability";
        if (!(t(p) >= 0 && t(p) <= 1)) return "centred_isotonic: no probability";
      }
      return "";
    } catch (const error& e) {
      return e.what();
    }
  };
  for (const std::vector<int>& powers :
       {std::vector<int>{-99, -30, 0, 30, 99}, std::vector<int>{-11, 0, 5, 12, 17}}) {
    std::mt19937_64 generator(8);
    int right = 0;
    for (int i = 0; i < 3000; ++i, ++right) {
      const binary_problem x = problem_of(generator, powers);
      const std::string what = what_is_wrong(x);
      if (!what.empty()) fail(i, x, what);
    }
    CHECK(right == 3000);
  }
}

TEST_CASE("0 bins are refused") {
  const std::vector<double> p{0.3};
  const std::vector<int> y{1};
  CHECK_THROWS_AS(fit<histogram_width>(binary_probabilities(p), y, {}, {.bins = 0}), option_error);
  CHECK_THROWS_WITH(fit<histogram_width>(binary_probabilities(p), y, {}, {.bins = 0}),
                    "histogram_width::fit(): expected at least 1 bin, got 0");
  CHECK_THROWS_WITH(fit<histogram_mass>(binary_probabilities(p), y, {}, {.bins = 0}),
                    "histogram_mass::fit(): expected at least 1 bin, got 0");
}

TEST_CASE("maps that are none are refused") {
  CHECK_THROWS_AS(isotonic({0.2, 0.2}, {0, 1}), value_error);
  CHECK_THROWS_AS(isotonic({0.2}, {0, 1}), value_error);
  CHECK_THROWS_AS(isotonic({}, {}), value_error);
  CHECK_THROWS_AS(centred_isotonic({0.2, 0.4}, {0, 1.5}), value_error);
  CHECK_THROWS_AS(venn_abers({0.2}, {0}, {0, 1}), value_error);
  CHECK_THROWS_AS(venn_abers({0.4, 0.2}, {0, 0, 0}, {1, 1, 1}), value_error);
  CHECK_THROWS_AS(histogram_width({0, 0.5, 1}, {0.5}), value_error);
  CHECK_THROWS_AS(histogram_width({0, 0.5}, {0.5}), option_error);
  CHECK_THROWS_WITH(histogram_mass({0, 0.5, 1}, {0.5, 2}),
                    Catch::StartsWith("histogram_mass(): value 2 of bin 1 is not in [0, 1]"));
}
