// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/metrics/piece.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "random_sample.hpp"

using calibra::piece;
using calibra::precision;
using calibra::proximity_binning;
using calibra::sample;
using namespace calibra::test;

namespace {

struct piece_options {
  std::size_t confidence_bins = 10;
  std::size_t proximity_bins = 10;
  proximity_binning binning = proximity_binning::quantile;
};

double piece_of(sample s, const std::vector<double>& proximity, const piece_options& o = {}) {
  s.set_proximities(proximity);
  return piece.with({.proximity_bins = o.proximity_bins, .binning = o.binning})(
      s, {.bins = o.confidence_bins});
}

constexpr double epsilon = std::numeric_limits<double>::epsilon();

std::vector<double> random_proximity(std::size_t n, unsigned seed, int levels = 0) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(-1, 2);
  std::vector<double> proximity(n);
  for (double& x : proximity) {
    x = normal(generator);
    if (levels > 0) x = std::floor(x * levels) / levels;
  }
  return proximity;
}

/// numpy.percentile, linear, by its textbook form.
double quantile(std::vector<double> x, double q) {
  std::sort(x.begin(), x.end());
  const double position = q * static_cast<double>(x.size() - 1);
  const auto rank = static_cast<std::size_t>(position);
  if (rank + 1 >= x.size()) return x.back();
  return x[rank] + (position - static_cast<double>(rank)) * (x[rank + 1] - x[rank]);
}

inline double naive_piece(const sample& s, const std::vector<double>& proximity,
                          const piece_options& options) {
  const auto [low, high] = std::minmax_element(proximity.begin(), proximity.end());
  std::vector<double> edges{*low};
  for (std::size_t k = 1; k <= options.proximity_bins; ++k) {
    const double q = static_cast<double>(k) / static_cast<double>(options.proximity_bins);
    const double edge = options.binning == proximity_binning::quantile ? quantile(proximity, q)
                                                                       : *low + q * (*high - *low);
    if (edge - edges.back() > 1e-8) edges.push_back(edge);
  }
  struct cell {
    double count = 0, hits = 0, confidence = 0;
  };
  std::map<std::pair<std::size_t, std::size_t>, cell> cells;
  for (std::size_t i = 0; i < s.size(); ++i) {
    std::size_t row = 0;
    while (row + 2 < edges.size() && proximity[i] >= edges[row + 1]) ++row;
    const auto b = static_cast<double>(options.confidence_bins);
    const auto column = static_cast<std::size_t>(std::min(s.confidence(i) * b, b - 1));
    cell& in = cells[{row, column}];
    in.count += 1;
    in.hits += s.hit(i);
    in.confidence += s.confidence(i);
  }
  double sum = 0;
  for (const auto& [index, c] : cells)
    sum += c.count * std::abs(c.hits / c.count - c.confidence / c.count);
  return sum / static_cast<double>(s.size());
}

}  // namespace

TEMPLATE_TEST_CASE("PIECE equals its definition", "[piece]", float, double) {
  const auto n = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{11}, std::size_t{2000});
  const auto levels = GENERATE(0, 1, 3);
  const auto binning = GENERATE(proximity_binning::quantile, proximity_binning::uniform);
  const auto [confidence_bins, proximity_bins] = GENERATE(
      std::pair<std::size_t, std::size_t>{10, 10}, std::pair<std::size_t, std::size_t>{1, 7},
      std::pair<std::size_t, std::size_t>{15, 1});
  const sample s = random_sample<TestType>(n, 3);
  const std::vector<double> proximity = random_proximity(n, 4, levels);
  const piece_options options{confidence_bins, proximity_bins, binning};
  CHECK(piece_of(s, proximity, options) ==
        Approx(naive_piece(s, proximity, options)).epsilon(1e4 * epsilon));
}

TEST_CASE("PIECE tells what the plain error cancels", "[piece]") {
  // Near samples are underconfident, far ones overconfident, all at confidence 0.75.
  sample s;
  std::vector<double> proximity;
  for (int i = 0; i < 8; ++i) {
    s.push_back(0.75, i % 2 == 0 || i >= 6);
    proximity.push_back(i % 2 == 0 ? 2.0 : 1.0);
  }
  // Far: 1 of 4 right, gap 0.5. Near: 4 of 4, gap 0.25.
  CHECK(piece_of(s, proximity, {10, 2, proximity_binning::uniform}) == 0.375);
  CHECK(piece_of(s, proximity, {10, 1, proximity_binning::uniform}) == 0.125);
}

TEST_CASE("quantile edges interpolate and merge", "[piece]") {
  using calibra::detail::inner_quantile_edges;
  // numpy.percentile of 0..9 at 25, 50, 75.
  CHECK(inner_quantile_edges(std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 4) ==
        std::vector<double>{2.25, 4.5, 6.75});
  CHECK(inner_quantile_edges(std::vector<double>{0, 0, 0, 0, 0, 0, 1, 1, 2}, 4) ==
        std::vector<double>{1});
  CHECK(inner_quantile_edges(std::vector<double>{0, 1, 1, 2, 2, 2, 2, 2, 2}, 4) ==
        std::vector<double>{1});
  CHECK(inner_quantile_edges(std::vector<double>{3, 3, 3}, 5).empty());
  CHECK(inner_quantile_edges(std::vector<double>{3}, 5).empty());
}

TEST_CASE("a proximity on an edge belongs to the bin above, the largest to the last", "[piece]") {
  sample s;
  s.push_back(0.5, true);
  s.push_back(0.5, false);
  s.push_back(0.5, true);
  // Uniform edges 0, 1, 2: the samples at 1 and 2 share a bin and cancel.
  const std::vector<double> proximity{0, 1, 2};
  CHECK(piece_of(s, proximity, {10, 2, proximity_binning::uniform}) == Approx(0.5 / 3));
  CHECK(piece_of(s, proximity, {10, 2, proximity_binning::quantile}) == Approx(0.5 / 3));
}

TEST_CASE("confidence bins are [a, b) with edges k * (1 / B), 1 in the last", "[piece]") {
  // 0.3 lies below 3 * 0.1 = 0.30000000000000004.
  sample s;
  s.push_back(0.3, true);
  s.push_back(0.25, false);
  CHECK(piece_of(s, std::vector<double>{1, 1}) == Approx(0.225).epsilon(10 * epsilon));
  sample top;
  top.push_back(1, false);
  top.push_back(0.9375, true);
  CHECK(piece_of(top, std::vector<double>{1, 1}) == 0.46875);
}

TEST_CASE("PIECE needs proximities in the order of the sample", "[piece]") {
  const sample s = random_sample<float>(300, 8);
  const std::vector<double> proximity = random_proximity(300, 9);
  CHECK(piece_of(reversed(s), proximity) != piece_of(s, proximity));
  CHECK_THROWS_WITH(piece(s), Catch::Contains("piece(): expected pairs with proximities"));
}

TEST_CASE("PIECE on uniform bins: a weight counts copies", "[piece]") {
  const sample s = random_sample<double>(400, 13);
  std::vector<double> proximity = random_proximity(400, 14), copied;
  // The outermost proximities have weight, so that both samples span the same range.
  proximity[1] = -20;
  proximity[2] = 20;
  for (std::size_t i = 0; i < 400; ++i) copied.insert(copied.end(), i % 4, proximity[i]);
  const weighted_and_copied both(s);
  const piece_options options{10, 10, proximity_binning::uniform};
  CHECK(piece_of(both.weighted, proximity, options) ==
        Approx(piece_of(both.copied, copied, options)).epsilon(1e4 * epsilon));
}

TEST_CASE("PIECE without data is NaN", "[piece]") {
  CHECK(std::isnan(piece_of(sample(precision::float32), std::vector<double>())));
  sample weightless;
  weightless.push_back(0.5, true, 0);
  CHECK(std::isnan(piece_of(weightless, std::vector<double>{1})));
}

TEST_CASE("PIECE refuses bins and proximities that make no sense", "[piece]") {
  const sample s = random_sample<float>(3, 1);
  const std::vector<double> good{1, 2, 3};
  CHECK_THROWS_AS(piece_of(s, good, {0, 10}), calibra::option_error);
  CHECK_THROWS_AS(piece_of(s, good, {10, 0}), calibra::option_error);
  CHECK_THROWS_WITH(piece_of(s, std::vector<double>{1, 2}),
                    Catch::Contains("expected 3 proximities, got 2"));
  CHECK_THROWS_AS(piece_of(s, std::vector<double>{1, 2}), calibra::shape_error);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(piece_of(s, std::vector<double>{1, 2, nan}), calibra::value_error);
  CHECK_THROWS_WITH(piece_of(s, std::vector<double>{1, nan, 2}), Catch::Contains("at row 1"));
}
