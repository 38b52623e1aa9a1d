// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// skce_test against the double loop of its doc block.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/hypothesis/skce.hpp"
#include "pairs.hpp"

using namespace calibra;

namespace {

using rows_of_reals = std::vector<std::vector<real>>;

rows_of_reals softmax_of(const std::vector<std::vector<double>>& z) {
  rows_of_reals all;
  for (const std::vector<double>& x : z) {
    real sum = 0;
    for (const double v : x) sum += std::exp(static_cast<real>(v));
    all.emplace_back();
    for (const double v : x) all.back().push_back(std::exp(static_cast<real>(v)) / sum);
  }
  return all;
}

real distance(const std::vector<real>& p, const std::vector<real>& q) {
  real sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) sum += (p[k] - q[k]) * (p[k] - q[k]);
  return std::sqrt(sum);
}

/// The median distance of pairs of the first block, whose number has to be odd.
real median_of(const rows_of_reals& p, std::size_t block) {
  std::vector<real> all;
  for (std::size_t i = 0; i < block; ++i)
    for (std::size_t j = 0; j < i; ++j) all.push_back(distance(p[i], p[j]));
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() % 2 == 1);
  return all[all.size() / 2];
}

/// Mean over whole blocks of the mean over pairs i != j.
real naive_skce(const rows_of_reals& p, const std::vector<int>& y, std::size_t block,
                real bandwidth) {
  real sum = 0;
  const std::size_t blocks = p.size() / block;
  for (std::size_t b = 0; b < blocks; ++b)
    for (std::size_t i = b * block; i < (b + 1) * block; ++i)
      for (std::size_t j = b * block; j < (b + 1) * block; ++j) {
        if (i == j) continue;
        real product = 0;
        for (std::size_t k = 0; k < p[i].size(); ++k) {
          const auto label = static_cast<int>(k);
          product += ((y[i] == label ? 1 : 0) - p[i][k]) * ((y[j] == label ? 1 : 0) - p[j][k]);
        }
        sum += std::exp(-distance(p[i], p[j]) / bandwidth) * product;
      }
  return sum / static_cast<real>(blocks * block * (block - 1));
}

/// Terms are at most 2, and some thousands are averaged.
constexpr double of_means = 1e-13;

}  // namespace

TEST_CASE("skce is the double loop over blocks", "[skce]") {
  const drawn_classes d(101, 3, 4, 0, 1.7);
  const rows_of_reals p = softmax_of(d.z);
  for (const std::size_t block : {2U, 3U, 6U, 10U, 100U, 101U})
    for (const double bandwidth : {0.05, 0.4, 3.0}) {
      INFO(block << " " << bandwidth);
      const test_result r = skce_test.with({.block = block, .bandwidth = bandwidth, .draws = 19})(
          logits(d.z), d.labels);
      CHECK(r.name == "skce");
      CHECK(
          r.statistic ==
          Approx(static_cast<double>(naive_skce(p, d.labels, block, bandwidth))).margin(of_means));
      CHECK(r.note == std::to_string(101 / block) + " blocks of " + std::to_string(block) +
                          " rows, 19 draws");
    }
  for (const std::size_t block : {2U, 3U, 6U, 7U, 11U}) {
    INFO(block);
    const test_result r = skce_test.with({.block = block, .draws = 19})(logits(d.z), d.labels);
    CHECK(r.statistic ==
          Approx(static_cast<double>(naive_skce(p, d.labels, block, median_of(p, block))))
              .margin(of_means));
  }
}

TEST_CASE("skce by default: blocks of the root of the number of rows", "[skce]") {
  for (const auto& [n, block] : {std::pair(130U, 11U), std::pair(48U, 6U), std::pair(49U, 7U),
                                 std::pair(4U, 2U), std::pair(8U, 2U)}) {
    INFO(n);
    const drawn_classes d(n, 4, n);
    const rows_of_reals p = softmax_of(d.z);
    const test_result r = skce_test(logits(d.z), d.labels);
    CHECK(r.statistic ==
          Approx(static_cast<double>(naive_skce(p, d.labels, block, median_of(p, block))))
              .margin(of_means));
    CHECK(r.note ==
          std::to_string(n / block) + " blocks of " + std::to_string(block) + " rows, 200 draws");
  }
}

TEST_CASE("skce takes all kinds of scores", "[skce]") {
  const drawn_classes d(60, 3, 14);
  rows_of_reals p = softmax_of(d.z);
  std::vector<std::vector<double>> rounded;
  std::vector<std::vector<float>> single, single_logits;
  rows_of_reals of_single, of_single_logits;
  std::vector<std::vector<double>> widened;
  for (std::size_t i = 0; i < p.size(); ++i) {
    rounded.emplace_back(p[i].begin(), p[i].end());
    single.emplace_back(p[i].begin(), p[i].end());
    single_logits.emplace_back(d.z[i].begin(), d.z[i].end());
    of_single.emplace_back(single.back().begin(), single.back().end());
    widened.emplace_back(single_logits.back().begin(), single_logits.back().end());
  }
  of_single_logits = softmax_of(widened);
  const auto test = skce_test.with({.block = 7, .draws = 19});
  const auto expected = [&](const rows_of_reals& q) {
    return Approx(static_cast<double>(naive_skce(q, d.labels, 7, median_of(q, 7))))
        .margin(of_means);
  };
  CHECK(test(probabilities(rounded), d.labels).statistic == expected(p));
  CHECK(test(probabilities(single), d.labels).statistic == expected(of_single));
  CHECK(test(logits(single_logits), d.labels).statistic == expected(of_single_logits));
}

TEST_CASE("skce of binary scores is that of two classes", "[skce]") {
  const std::vector<row> rows = drawn_rows(90, 5, {.power = 1.4});
  std::vector<double> c, x;
  std::vector<int> y;
  rows_of_reals p;
  std::vector<std::vector<double>> two;
  for (const row& r : rows) {
    c.push_back(r.c);
    x.push_back(std::log(r.c / (1 - r.c)));
    y.push_back(r.hit ? 1 : 0);
    p.push_back({1 - static_cast<real>(r.c), static_cast<real>(r.c)});
    two.push_back({1 - r.c, r.c});
  }
  const auto test = skce_test.with({.block = 6, .draws = 99});
  const auto expected =
      Approx(static_cast<double>(naive_skce(p, y, 6, median_of(p, 6)))).margin(of_means);
  const test_result r = test(binary_probabilities(c), y);
  CHECK(r.statistic == expected);
  CHECK(test(binary_logits(x), y).statistic == expected);
  CHECK(test(probabilities(two), y).statistic == expected);
  CHECK(test(probabilities(two), y).p == r.p);
  // Both classes are looked at, whichever one is binned.
  CHECK(test(binary_probabilities(c), y, {.binary = binary_target::top_label}).statistic ==
        r.statistic);
}

TEST_CASE("p of skce is the share of labels drawn with the probabilities", "[skce]") {
  for (const double temperature : {1.0, 1.6}) {
    const drawn_classes d(42, 3, 19, 0, temperature);
    const rows_of_reals p = softmax_of(d.z);
    constexpr std::size_t draws = 3999;
    const test_result r =
        skce_test.with({.block = 10, .bandwidth = 0.3, .draws = draws})(logits(d.z), d.labels);
    CHECK(r.p * (draws + 1) == Approx(std::round(r.p * (draws + 1))).margin(1e-8));
    std::mt19937_64 random(5);
    std::size_t as_far = 0;
    for (std::size_t i = 0; i < draws; ++i) {
      std::vector<int> y;
      for (const std::vector<real>& q : p)
        y.push_back(std::discrete_distribution<int>(q.begin(), q.end())(random));
      as_far += naive_skce(p, y, 10, 0.3L) >= static_cast<real>(r.statistic) ? 1U : 0U;
    }
    const double share = static_cast<double>(as_far) / draws;
    INFO(r.p << " " << share);
    REQUIRE(share > 0.01);
    REQUIRE(share < 0.99);
    CHECK(r.p == Approx(share).margin(std::sqrt(2.0) * four_errors(share, draws)));
  }
}

TEST_CASE("p of skce is at least one in one more than the draws", "[skce]") {
  drawn_classes d(60, 3, 6);
  for (std::size_t i = 0; i < 60; ++i)  // always the least likely class
    d.labels[i] = static_cast<int>(std::min_element(d.z[i].begin(), d.z[i].end()) - d.z[i].begin());
  CHECK(skce_test.with({.draws = 19})(logits(d.z), d.labels).p == Approx(0.05));
  CHECK(skce_test.with({.draws = 499})(logits(d.z), d.labels).p == Approx(0.002));
}

TEST_CASE("skce is a function of the seed", "[skce]") {
  const drawn_classes d(200, 3, 8);
  const auto p = [&](std::uint64_t seed, unsigned threads) {
    return skce_test.with({.draws = 399, .seed = seed})(logits(d.z), d.labels,
                                                        {.threads = {threads}});
  };
  const test_result a = p(1, 1), b = p(1, 2), c = p(2, 1);
  CHECK(a.statistic == b.statistic);
  CHECK(a.p == b.p);
  CHECK(a.statistic == c.statistic);
  CHECK(a.p != c.p);
  CHECK(a.p == Approx(c.p).margin(std::sqrt(2.0) * four_errors(a.p, 399)));
}

TEST_CASE("blocks of skce are of neighbouring rows, whatever the number of threads", "[skce]") {
  const drawn_classes d(40000, 3, 8);
  const auto of = [&](unsigned threads) {
    return skce_test.with({.block = 4, .draws = 19})(logits(d.z), d.labels, {.threads = {threads}});
  };
  const test_result one = of(1), two = of(2);
  CHECK(one.statistic == two.statistic);
  CHECK(one.p == two.p);
  CHECK(one.note == "10000 blocks of 4 rows, 19 draws");
  CHECK(two.note == one.note);
}

TEST_CASE("skce draws no class of probability 0", "[skce]") {
  // Of certain rows every draw is what the labels are.
  std::vector<std::vector<double>> p;
  std::vector<int> y;
  for (int i = 0; i < 36; ++i) {
    p.push_back({0, 0, 0});
    p.back()[static_cast<std::size_t>(i % 3)] = 1;
    y.push_back(i % 3);
  }
  const test_result certain = skce_test(probabilities(p), y);
  CHECK(certain.statistic == 0);
  CHECK(certain.p == 1);
  y[0] = 1;
  y[3] = 1;  // two in the first block, of the same p
  const test_result impossible = skce_test(probabilities(p), y);
  CHECK(impossible.statistic > 0);
  CHECK(impossible.p == Approx(1.0 / 201));
}

TEST_CASE("skce leaves out rows that do not count", "[skce]") {
  const drawn_classes d(90, 3, 11, 0, 1.5);
  std::vector<double> w(90);
  std::vector<unsigned char> valid(90);
  drawn_classes kept = d;
  kept.z.clear();
  kept.labels.clear();
  for (std::size_t i = 0; i < 90; ++i) {
    const bool here = i % 3 != 1;
    w[i] = here ? 1 : 0;
    valid[i] = here ? 1 : 0;
    if (!here) continue;
    kept.z.push_back(d.z[i]);
    kept.labels.push_back(d.labels[i]);
  }
  for (const std::size_t block : {3U, 7U, 50U}) {
    const auto test = skce_test.with({.block = block});
    const test_result some = test(logits(kept.z), kept.labels);
    for (const test_result& r : {test(logits(d.z), d.labels, {.weights = w}),
                                 test(logits(d.z), d.labels, {.valid = valid})}) {
      CHECK(r.statistic == Approx(some.statistic).margin(of_means));  // rows come by another path
      CHECK(r.p == some.p);
      CHECK(r.note == some.note);
    }
  }
  w[4] = 0.5;
  const test_result other = skce_test(logits(d.z), d.labels, {.weights = w});
  CHECK(std::isnan(other.statistic));
  CHECK(std::isnan(other.p));
  CHECK(other.note == "needs samples that weigh the same");
  std::vector<double> c(9, 0.5), two(9, 2.0);
  CHECK(skce_test(binary_probabilities(c), std::vector<int>(9, 1), {.weights = two}).note ==
        "needs samples that weigh the same");
}

TEST_CASE("skce of few rows", "[skce]") {
  for (const std::size_t n : {0U, 1U, 2U, 3U}) {
    const drawn_classes d(n, 3, 2);
    const matrix_view<const double> none(nullptr, 0, 3);
    const test_result r =
        n == 0 ? skce_test(logits(none), d.labels) : skce_test(logits(d.z), d.labels);
    INFO(n);
    CHECK(std::isnan(r.statistic));
    CHECK(std::isnan(r.p));
    CHECK(r.note == "needs at least 4 rows");
  }
  const drawn_classes d(9, 3, 2);
  const test_result r = skce_test.with({.block = 10})(logits(d.z), d.labels);
  CHECK(std::isnan(r.p));
  CHECK(r.note == "needs at least 10 rows");
  CHECK(skce_test.with({.block = 9})(logits(d.z), d.labels).p > 0);
}

TEST_CASE("rows that are all the same have a bandwidth", "[skce]") {
  const std::vector<double> c(40, 0.25);
  std::vector<int> y(40, 0);
  for (std::size_t i = 0; i < 10; ++i) y[4 * i] = 1;
  const test_result r = skce_test.with({.block = 40})(binary_probabilities(c), y);
  // every distance is 0, and every kernel 1: of 10 and 30 residuals of -+(3/4, 3/4), -+(1/4, 1/4)
  // the sum is 0, so that pairs i != j sum to minus the squares
  CHECK(r.statistic == Approx(-(10 * 2 * 9.0 / 16 + 30 * 2 * 1.0 / 16) / (40 * 39)));
  CHECK(r.p > 0.5);
}

TEST_CASE("skce says what options make no sense", "[skce]") {
  const drawn_classes d(50, 3, 2);
  const auto of = [&](const skce_test_type::options& o) {
    return skce_test.with(o)(logits(d.z), d.labels);
  };
  CHECK_THROWS_AS(of({.block = 1}), option_error);
  CHECK_THROWS_AS(of({.bandwidth = -0.1}), option_error);
  CHECK_THROWS_AS(of({.bandwidth = std::nan("")}), option_error);
  CHECK_THROWS_AS(of({.draws = 18}), option_error);
  CHECK_THROWS_WITH(of({.draws = 18}), Catch::Contains("skce_test()") && Catch::Contains("18"));
  CHECK_NOTHROW(of({.draws = 19}));
  std::vector<int> labels = d.labels;
  labels[7] = 3;
  CHECK_THROWS_AS(skce_test(logits(d.z), labels), value_error);
  labels.pop_back();
  CHECK_THROWS_AS(skce_test(logits(d.z), labels), shape_error);
}

// The default block is of the number of rows that count.
TEST_CASE("rows of weight 0 do not change the block of skce", "[skce]") {
  drawn_classes d(100, 3, 21);
  std::vector<double> w(100, 0.0);
  for (std::size_t i = 0; i < 9; ++i) w[i] = 1;
  const test_result all = skce_test(logits(d.z), d.labels, {.weights = w});
  d.z.resize(9);
  d.labels.resize(9);
  const test_result some = skce_test(logits(d.z), d.labels);
  CHECK(some.p > 0);
  CHECK(all.p == some.p);
  CHECK(all.note == some.note);
}

// Where rows repeat, draws give the statistic of the labels again but for rounding.
TEST_CASE("draws that equal the labels but for rounding are as far", "[skce]") {
  // All of one p, in one block: the statistic depends on the number of ones alone, so that p is the
  // share of draws that are as far from 7 of 10.
  int differing = 0;
  for (int ones = 20; ones <= 36; ++ones) {
    std::vector<double> p_of_order;
    for (unsigned seed = 0; seed < 4; ++seed) {
      const std::vector<double> c(40, 0.7);
      std::vector<int> y(40, 0);
      std::fill_n(y.begin(), ones, 1);
      std::mt19937_64 random(seed);
      std::shuffle(y.begin(), y.end(), random);
      p_of_order.push_back(
          skce_test.with({.block = 40, .draws = 399})(binary_probabilities(c), y).p);
    }
    for (const double p : p_of_order) differing += p != p_of_order[0] ? 1 : 0;
  }
  CHECK(differing == 0);
}
