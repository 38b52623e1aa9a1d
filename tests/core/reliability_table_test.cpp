// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/table/reliability_table.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/nn_calibration.hpp"
#include "calibra/evaluate/detail/table_block.hpp"
#include "naive.hpp"

using calibra::binning;
using calibra::edge_side;
using calibra::reliability_table;
using calibra::conventions::detail::find_rule;
using calibra::conventions::detail::one_rule;
using calibra::conventions::detail::reference_bins;
using calibra::conventions::detail::zero_rule;

namespace {

std::vector<naive::pair> random_pairs(std::size_t n, unsigned seed, bool weighted) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<naive::pair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    const auto kind = generator() % 10;
    const double c = kind == 0   ? 0.0
                     : kind == 1 ? 1.0
                     : kind < 5  ? static_cast<double>(generator() % 21) / 20
                                 : uniform(generator);
    const double w = generator() % 6 == 0 ? 0 : 3 * uniform(generator);
    pairs.push_back({c, uniform(generator) < c, weighted ? w : 1.0});
  }
  return pairs;
}

reliability_table filled(const binning& b, const std::vector<naive::pair>& pairs) {
  reliability_table t(b);
  for (const naive::pair& p : pairs) t.add(p.confidence, p.hit, p.weight);
  return t;
}

/// The oracle for any binning: every bin is asked whether it holds the confidence.
naive::table oracle(const binning& b, const std::vector<naive::pair>& pairs) {
  naive::table t;
  t.bins.resize(b.size());
  for (const naive::pair& p : pairs) {
    if (b.index(p.confidence) == binning::none) t.outside.add(p);
    b.for_each_bin(p.confidence, [&](std::size_t k) { t.bins[k].add(p); });
  }
  return t;
}

std::string difference(const reliability_table& a, const reliability_table& b) {
  naive::table t;
  for (std::size_t k = 0; k < b.size(); ++k) {
    const auto bin = b[k];
    const bool any = bin.weight > 0;
    t.bins.push_back({bin.count, bin.weight, b.squared_weight(k),
                      any ? bin.confidence * bin.weight : 0, any ? bin.accuracy * bin.weight : 0});
  }
  t.outside.weight = static_cast<long double>(b.total_weight()) - t.total();
  if (a.count() != b.count()) return "count";
  if (std::abs(a.total_confidence() - b.total_confidence()) > 1e-9) return "total confidence";
  if (std::abs(a.total_hits() - b.total_hits()) > 1e-9) return "total hits";
  return naive::difference(a, t);
}

std::vector<binning> binnings() {
  return {
      binning::equal_width(1),
      binning::equal_width(15),
      binning::equal_width(33, edge_side::left_closed),
      binning::equal_width(40),
      binning::equal_width(128),
      binning::equal_width(129),
      reference_bins{.between = binning::equal_width(10), .zero = zero_rule::no_bin},
      reference_bins{.between = binning::equal_width(10), .zero = zero_rule::removed},
      reference_bins{.between = binning::equal_width(10, edge_side::left_closed),
                     .one = one_rule::own_bin},
      reference_bins{.between = binning::equal_width(10, edge_side::left_closed),
                     .one = one_rule::no_bin},
      reference_bins{.between = binning::equal_width(10), .find = find_rule::ceil_multiply},
      binning::from_edges({0, 0.26, 0.5 + 1e-10, 0.75, 1}),
      binning::from_edges({0, 0.1, 0.1, 0.5, 1}),
      binning::from_edges({0, 0.1, 0.1, 0.5, 1}, edge_side::left_closed),
  };
}

}  // namespace

TEST_CASE("a table holds what a plain sum holds", "[reliability_table]") {
  for (const binning& b : binnings()) {
    for (const bool weighted : {false, true}) {
      const auto pairs = random_pairs(3000, 31, weighted);
      const reliability_table t = filled(b, pairs);
      CHECK(naive::difference(t, oracle(b, pairs)) == "");

      std::size_t count = 0;
      long double confidence = 0, hits = 0, outside = 0;
      for (const naive::pair& p : pairs) {
        if (b.index(p.confidence) == binning::removed) continue;
        const auto w = static_cast<long double>(p.weight);
        ++count;
        confidence += w * static_cast<long double>(p.confidence);
        hits += p.hit ? w : 0;
        if (b.index(p.confidence) == binning::none) outside += w;
      }
      CHECK(t.count() == count);
      CHECK(t.total_confidence() == Approx(static_cast<double>(confidence)).epsilon(1e-14));
      CHECK(t.total_hits() == Approx(static_cast<double>(hits)).epsilon(1e-14));
      CHECK(t.outside_weight() == Approx(static_cast<double>(outside)).epsilon(1e-14));

      // By arrays and by blocks, with and without weights.
      std::vector<double> c, w;
      std::vector<unsigned char> h;
      for (const naive::pair& p : pairs) {
        c.push_back(p.confidence);
        h.push_back(p.hit);
        w.push_back(p.weight);
      }
      reliability_table batch(b), blocks(b);
      if (weighted)
        batch.add(c, h, w);
      else
        batch.add(c, h);
      for (std::size_t i = 0; i < c.size(); i += 256)
        calibra::detail::add_block(blocks, c.data() + i, h.data() + i,
                                   weighted ? w.data() + i : nullptr,
                                   std::min<std::size_t>(256, c.size() - i));
      CHECK(difference(batch, t) == "");
      CHECK(difference(blocks, t) == "");
    }
  }
}

TEST_CASE("tables are a commutative monoid", "[reliability_table]") {
  std::mt19937 generator(32);
  for (const binning& b : binnings()) {
    for (const bool weighted : {false, true}) {
      const auto x = random_pairs(generator() % 700, 33, weighted);
      const auto y = random_pairs(generator() % 700, 34, !weighted);
      const auto z = random_pairs(generator() % 700, 35, weighted);
      auto all = x;
      all.insert(all.end(), y.begin(), y.end());
      all.insert(all.end(), z.begin(), z.end());

      reliability_table xy_z = filled(b, x), yz = filled(b, y), x_yz = filled(b, x),
                        zyx = filled(b, z), empty(b);
      xy_z += filled(b, y);
      xy_z += filled(b, z);
      yz += filled(b, z);
      x_yz += yz;
      zyx += filled(b, y);
      zyx += filled(b, x);
      const reliability_table whole = filled(b, all);
      CHECK(difference(xy_z, whole) == "");
      CHECK(difference(x_yz, whole) == "");
      CHECK(difference(zyx, whole) == "");
      empty += whole;
      CHECK(difference(empty, whole) == "");
      empty += reliability_table(b);
      CHECK(difference(empty, whole) == "");
      reliability_table twice = whole;
      twice += twice;
      CHECK(twice.count() == 2 * whole.count());
      CHECK(twice.total_weight() == Approx(2 * whole.total_weight()).epsilon(1e-15));
    }
  }
}

TEST_CASE("a sum does not depend on the order of its terms", "[reliability_table]") {
  // Small terms after large ones are lost by plain sums in double.
  reliability_table up(binning::equal_width(1)), down(binning::equal_width(1));
  const std::size_t n = 100000;
  for (std::size_t i = 0; i < n; ++i) up.add(0.1, false, 1e-8);
  up.add(0.5, true, 1e8);
  down.add(0.5, true, 1e8);
  for (std::size_t i = 0; i < n; ++i) down.add(0.1, false, 1e-8);
  CHECK(up.total_weight() == down.total_weight());
  CHECK(up.total_weight() == 1e8 + 1e-3);
  CHECK(up[0].confidence == down[0].confidence);
}

TEST_CASE("a sample that lies in two intervals counts once", "[reliability_table]") {
  // (0, .4], (.3, .7], (.75, 1.15]: an overlap and a hole
  calibra::conventions::detail::of_nn_calibration::arange_bins intervals(3);
  intervals.uppers = {0.4, 0.7, 1.15};
  intervals.width = 0.4;
  reliability_table t{binning(intervals)};
  t.add(0.35, true, 2);  // in two
  t.add(0.2, false, 3);  // in one
  t.add(0.72, true, 5);  // in none
  t.add(0.9, true, 7);
  CHECK(t.count() == 4);
  CHECK(t.total_weight() == 17);
  CHECK(t.total_hits() == 14);
  CHECK(t.total_confidence() == Approx(2 * 0.35 + 3 * 0.2 + 5 * 0.72 + 7 * 0.9).epsilon(1e-15));
  CHECK(t.outside_weight() == 5);
  CHECK(t[0].count == 2);
  CHECK(t[1].count == 1);
  CHECK(t[1].weight == 2);
  CHECK(t[2].weight == 7);
  reliability_table twice = t;
  twice += t;
  CHECK(twice.count() == 8);
  CHECK(twice.total_weight() == 34);
}

TEST_CASE("bins read well", "[reliability_table]") {
  reliability_table t(binning::equal_width(2));
  t.add(0.9, false);
  t.add(0.7, true);
  const calibra::reliability_bin low = t[0], high = t[1];
  CHECK((low.lower == 0 && low.upper == 0.5 && high.lower == 0.5 && high.upper == 1));
  CHECK(low.count == 0);
  CHECK(std::isnan(low.confidence));
  CHECK(std::isnan(low.accuracy));
  CHECK(high.count == 2);
  CHECK(high.weight == 2);
  CHECK(high.confidence == Approx(0.8).epsilon(1e-15));
  CHECK(high.accuracy == 0.5);
  CHECK(high.gap() == Approx(-0.3).epsilon(1e-15));
  t.add(0.2, true, 0);  // weighs nothing: still counted, still without means
  CHECK(t[0].count == 1);
  CHECK(std::isnan(t[0].accuracy));
  CHECK(t.count() == 3);
}

TEST_CASE("what a table does not take", "[reliability_table]") {
  using calibra::value_error;
  using Catch::Message;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  reliability_table t(binning::equal_width(10));
  CHECK_THROWS_MATCHES(t.add(nan, true), value_error,
                       Message("reliability_table::add(): confidence nan is not in [0, 1]"));
  CHECK_THROWS_MATCHES(t.add(1.5, true), value_error,
                       Message("reliability_table::add(): confidence 1.5 is not in [0, 1]"));
  CHECK_THROWS_MATCHES(t.add(-0.25, true), value_error,
                       Message("reliability_table::add(): confidence -0.25 is not in [0, 1]"));
  CHECK_THROWS_MATCHES(t.add(0.5, true, nan), value_error,
                       Message("reliability_table::add(): weight nan is not in [0, inf)"));
  CHECK_THROWS_MATCHES(t.add(0.5, true, inf), value_error,
                       Message("reliability_table::add(): weight inf is not in [0, inf)"));
  CHECK_THROWS_MATCHES(t.add(0.5, true, -1), value_error,
                       Message("reliability_table::add(): weight -1 is not in [0, inf)"));
  const std::vector<double> c = {0.5, 0.5, 0.5};
  const std::vector<unsigned char> h = {1, 0};
  CHECK_THROWS_MATCHES(
      t.add(c, h), calibra::shape_error,
      Message("reliability_table::add(): expected 3 hits and weights, got 2 and 0"));
  const std::vector<unsigned char> h3 = {1, 0, 1};
  const std::vector<double> w = {1};
  CHECK_THROWS_MATCHES(
      t.add(c, h3, w), calibra::shape_error,
      Message("reliability_table::add(): expected 3 hits and weights, got 3 and 1"));
  CHECK(t.count() == 0);
  CHECK_THROWS_MATCHES(t += reliability_table(binning::equal_width(12)), calibra::option_error,
                       Message("reliability_table: cannot merge a table of 12 bins into one of 10 "
                               "bins: their binnings differ"));
  CHECK_THROWS_AS(t += reliability_table(binning::equal_width(10, edge_side::left_closed)),
                  calibra::option_error);
}
