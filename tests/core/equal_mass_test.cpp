// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/table/equal_mass.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "calibra/conventions/detail/reference_mass.hpp"
#include "calibra/conventions/focal.hpp"
#include "calibra/conventions/torch_uncertainty.hpp"
#include "naive.hpp"

using calibra::edge_side;
using calibra::reliability_table;
using calibra::sample;
using calibra::conventions::detail::one_rule;

namespace {

/// How the cuts are made: calibra's way, and those of the conventions.
enum class mass_rule {
  midpoint,
  quantile,
  percentile,
  percentile_merged,
  order_statistic,
  interpolated,
  rank,
};

/// The table by one of them. The conventions' functions take a sorted sample that is not empty.
reliability_table table_by(mass_rule rule, const sample& s, std::size_t bins, edge_side side,
                           one_rule one = one_rule::last_bin) {
  namespace reference = calibra::conventions::detail;
  if (rule == mass_rule::midpoint && one == one_rule::last_bin)
    return equal_mass_table(s, bins, side);
  sample x = s;
  x.sort();
  switch (rule) {
    case mass_rule::midpoint:
      return reference::table_between(x, calibra::detail::midpoint_cuts(x, bins), side, one);
    case mass_rule::quantile:
      return reference::table_between(x, reference::quantile_cuts(x, bins), side, one);
    case mass_rule::percentile:
      return reference::table_between(x, reference::percentile_cuts(x, bins), side, one);
    case mass_rule::percentile_merged:
      return reference::table_between(x, reference::merged_percentile_cuts(x, bins), side, one);
    case mass_rule::order_statistic:
      return reference::table_between(x, reference::order_statistic_cuts(x, bins), side, one);
    case mass_rule::interpolated:
      if (side == edge_side::right_closed && one == one_rule::last_bin)
        return calibra::conventions::focal.mass_table(x, bins);
      return reference::table_between(x, reference::position_cuts(x, bins), side, one);
    case mass_rule::rank:
      break;
  }
  return calibra::conventions::torch_uncertainty.mass_table(x, bins);
}

constexpr mass_rule rules[] = {mass_rule::midpoint,
                               mass_rule::quantile,
                               mass_rule::percentile,
                               mass_rule::percentile_merged,
                               mass_rule::order_statistic,
                               mass_rule::interpolated,
                               mass_rule::rank};

std::vector<naive::pair> random_pairs(std::size_t n, int levels, bool weighted, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<naive::pair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    double c = 0.2 + 0.8 * uniform(generator);
    if (levels > 0) c = std::round(c * levels) / levels;
    pairs.push_back(
        {c, uniform(generator) < c, weighted ? static_cast<double>(generator() % 4) / 2 : 1.0});
  }
  return pairs;
}

sample to_sample(const std::vector<naive::pair>& pairs, bool weighted) {
  sample s;
  for (const naive::pair& p : pairs) {
    if (weighted)
      s.push_back(p.confidence, p.hit, p.weight);
    else
      s.push_back(p.confidence, p.hit);
  }
  return s;
}

/// numpy's linear interpolation between order statistics at a fractional rank.
double at_rank(const std::vector<double>& x, double rank) {
  const double below = std::floor(rank);
  const auto i = static_cast<std::size_t>(below);
  if (i + 1 >= x.size()) return x.back();
  const double t = rank - below, step = x[i + 1] - x[i];
  return t >= 0.5 ? x[i + 1] - step * (1 - t) : x[i] + step * t;
}

/// Sizes of the parts of numpy.array_split.
std::vector<std::size_t> parts(std::size_t n, std::size_t bins) {
  std::vector<std::size_t> sizes(bins, n / bins);
  for (std::size_t k = 0; k < n % bins; ++k) ++sizes[k];
  return sizes;
}

/// The table of the rule, by a sort and a scan of every sample past every edge.
naive::table by_sorting(std::vector<naive::pair> pairs, std::size_t bins, mass_rule rule,
                        edge_side side, one_rule one) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const naive::pair& a, const naive::pair& b) {
    return a.confidence < b.confidence;
  });
  std::vector<double> x;
  for (const naive::pair& p : pairs) x.push_back(p.confidence);
  const std::size_t n = x.size();
  const auto size = static_cast<double>(n), count = static_cast<double>(bins);

  if (rule == mass_rule::rank) {
    naive::table t;
    std::size_t i = 0;
    for (const std::size_t part : parts(n, std::min(bins, n))) {
      t.bins.emplace_back();
      for (std::size_t j = 0; j < part; ++j) t.bins.back().add(pairs[i++]);
    }
    return t;
  }

  std::vector<double> inner;
  const std::vector<std::size_t> sizes = parts(n, bins);
  std::size_t start = 0;
  double before = x.front();
  for (std::size_t k = 1; k < bins; ++k) {
    const auto i = static_cast<double>(k);
    start += sizes[k - 1];
    switch (rule) {
      case mass_rule::midpoint:
        if (start < n) inner.push_back((x[start - 1] + x[start]) / 2);
        break;
      case mass_rule::quantile:
        inner.push_back(at_rank(x, i * (1 / count) * (size - 1)));
        break;
      case mass_rule::percentile:
        inner.push_back(at_rank(x, (i * (1 / count)) * 100 / 100 * (size - 1)));
        break;
      case mass_rule::percentile_merged: {
        const double edge = at_rank(x, i * (100 / count) / 100 * (size - 1));
        if (edge - before > 1e-8) inner.push_back(edge);
        before = edge;
        break;
      }
      case mass_rule::order_statistic: {
        const double rank = i * (size / count);
        double nearest = std::floor(rank + 0.5);  // and halves go to the even neighbour
        if (rank + 0.5 == nearest && std::fmod(nearest, 2) != 0) nearest -= 1;
        inner.push_back(x[std::min(static_cast<std::size_t>(nearest), n - 1)]);
        break;
      }
      case mass_rule::interpolated:
        inner.push_back(at_rank(x, std::min(i * (size / count), size - 1)));
        break;
      case mass_rule::rank:
        break;
    }
  }
  if (rule == mass_rule::midpoint)
    inner.erase(std::unique(inner.begin(), inner.end()), inner.end());
  if (rule == mass_rule::percentile_merged && !inner.empty() && x.back() - before <= 1e-8)
    inner.pop_back();  // the last edge was merged away: the one before it closes the last bin
  std::vector<double> edges = {0};
  edges.insert(edges.end(), inner.begin(), inner.end());
  edges.push_back(1);

  naive::table t;
  t.bins.resize(edges.size() - 1 + (one == one_rule::own_bin ? 1 : 0));
  for (const naive::pair& p : pairs) {
    // focal_calibration's own bins leave the smallest out.
    if (rule == mass_rule::interpolated && side == edge_side::right_closed &&
        one == one_rule::last_bin && p.confidence == x.front())
      t.outside.add(p);
    else if (one == one_rule::own_bin && p.confidence == 1)
      t.bins.back().add(p);
    else
      t.bins[naive::bin_of(p.confidence, edges, side)].add(p);
  }
  return t;
}

}  // namespace

TEST_CASE("equal-mass tables are those of a sort and a scan", "[equal_mass]") {
  unsigned seed = 40;
  for (const std::size_t n : {1U, 2U, 3U, 10U, 59U, 60U, 61U, 500U, 997U}) {
    for (const int levels : {0, 20, 3}) {
      for (const bool weighted : {false, true}) {
        const auto pairs = random_pairs(n, levels, weighted, ++seed);
        const sample s = to_sample(pairs, weighted);
        sample sorted = s;
        sorted.sort();
        for (const std::size_t bins : {1U, 2U, 4U, 7U, 15U, 30U, 64U}) {
          for (const mass_rule rule : rules) {
            for (const edge_side side : {edge_side::right_closed, edge_side::left_closed}) {
              for (const one_rule one : {one_rule::last_bin, one_rule::own_bin}) {
                if (rule == mass_rule::rank && one == one_rule::own_bin) continue;
                CAPTURE(n, levels, weighted, bins, static_cast<int>(rule), static_cast<int>(side),
                        static_cast<int>(one));
                const naive::table expected = by_sorting(pairs, bins, rule, side, one);
                CHECK(naive::difference(table_by(rule, s, bins, side, one), expected) == "");
                CHECK(naive::difference(table_by(rule, sorted, bins, side, one), expected) == "");
              }
            }
          }
        }
      }
    }
  }
}

TEST_CASE("without ties the bins of equal mass hold equal numbers", "[equal_mass]") {
  const auto pairs = random_pairs(1003, 0, false, 1);
  const auto table = equal_mass_table(to_sample(pairs, false), 15);
  REQUIRE(table.size() == 15);
  for (std::size_t b = 0; b < 15; ++b) CHECK(table[b].count == (b < 13 ? 67U : 66U));
  CHECK(table[0].lower == 0);
  CHECK(table[14].upper == 1);
}

TEST_CASE("ties stay together, and the order of the input does not matter", "[equal_mass]") {
  auto pairs = random_pairs(400, 6, false, 2);
  std::vector<mass_rule> without_rank(std::begin(rules), std::end(rules) - 1);
  std::vector<std::string> all;
  for (const mass_rule rule : without_rank) {
    const auto table = table_by(rule, to_sample(pairs, false), 15, edge_side::right_closed);
    auto shuffled = pairs;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
    const auto again = table_by(rule, to_sample(shuffled, false), 15, edge_side::right_closed);
    REQUIRE(again.size() == table.size());
    CHECK(again.bins() == table.bins());
    for (std::size_t b = 0; b < table.size(); ++b) {
      CHECK(again[b].count == table[b].count);
      if (table[b].count == 0) continue;
      CHECK(again[b].accuracy == table[b].accuracy);
      CHECK(again[b].confidence == Approx(table[b].confidence).epsilon(1e-14));
    }
  }
}

TEST_CASE("equal-mass bins of little", "[equal_mass]") {
  const auto none = equal_mass_table(sample(calibra::precision::float32), 15);
  CHECK(none.size() == 1);
  CHECK(none.count() == 0);
  CHECK(none.total_weight() == 0);
  for (const mass_rule rule : rules) {
    sample same(calibra::precision::float32);
    for (int i = 0; i < 40; ++i) same.push_back(0.75, i % 2 == 0);
    const auto tied = table_by(rule, same, 15, edge_side::right_closed);
    CHECK(tied.count() == 40);
    CHECK(tied.total_weight() == 40);
  }
  CHECK_THROWS_MATCHES(equal_mass_table(sample(calibra::precision::float32), 0),
                       calibra::option_error,
                       Catch::Message("equal_mass_table(): expected at least 1 bin, got 0"));
}

TEST_CASE("percentile_merged drops edges that are at most 1e-8 apart", "[equal_mass]") {
  // Five samples, four bins: the edges are the samples.
  const auto table = [](double apart) {
    calibra::sample x;
    for (const double c : {0.2, 0.5, 0.5 + apart, 0.8, 0.9}) x.push_back(c, true);
    return table_by(mass_rule::percentile_merged, x, 4, edge_side::right_closed);
  };
  CHECK(table(2e-8).size() == 4);
  CHECK(table(1.1e-8).size() == 4);
  CHECK(table(0.9e-8).size() == 3);
  CHECK(table(0).size() == 3);
}
