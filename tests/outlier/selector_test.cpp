// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/outlier/selector.hpp"
#include "constants.hpp"

using calibra::test::epsilon;

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

using calibra::excluded_names;
using calibra::matrix;
using calibra::matrix_view;
using calibra::outlier_bank;
using calibra::outlier_rule;
using calibra::outlier_selector;
using calibra::selector_options;
using Catch::Matchers::Contains;
using names = std::vector<std::string>;

namespace {

matrix<float> random_features(std::size_t rows, std::size_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  matrix<float> features(rows, cols);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) features(i, j) = normal(random);
  return features;
}

double mean_cosine(const matrix<float>& base, const matrix<float>& features, std::size_t row) {
  long double sum = 0;
  for (std::size_t c = 0; c < base.rows(); ++c) {
    long double dot = 0;
    long double a = 0;
    long double b = 0;
    for (std::size_t j = 0; j < base.cols(); ++j) {
      const long double x = features(row, j);
      const long double y = base(c, j);
      dot += x * y;
      a += x * x;
      b += y * y;
    }
    sum += dot / std::sqrt(a * b);
  }
  return static_cast<double>(sum / static_cast<long double>(base.rows()));
}

struct world {
  explicit world(std::size_t candidates, bool ties = false)
      : base(random_features(6, 8, 1)), features(random_features(candidates, 8, 2)) {
    for (std::size_t i = 0; i < candidates; ++i) {
      nouns.push_back("noun_" + std::to_string(i * 7919 % 100003));
      if (ties && i >= 3)
        for (std::size_t j = 0; j < 8; ++j) features(i, j) = features(i % 3, j);
    }
  }
  outlier_bank<matrix<float>> select(selector_options options, std::size_t chunk) const {
    outlier_selector selector(base, {}, options);
    for (std::size_t first = 0; first < nouns.size(); first += chunk) {
      const std::size_t n = std::min(chunk, nouns.size() - first);
      selector.add({nouns.data() + first, n}, features.view().rows(first, n));
    }
    return selector.select();
  }
  matrix<float> base;
  matrix<float> features;
  names nouns;
};

bool equal(const outlier_bank<matrix<float>>& a, const outlier_bank<matrix<float>>& b) {
  return a.names == b.names && a.scores == b.scores && a.features.rows() == b.features.rows() &&
         a.features.cols() == b.features.cols() &&
         std::equal(a.features.data(), a.features.data() + a.features.rows() * a.features.cols(),
                    b.features.data());
}

}  // namespace

TEST_CASE("The nearest and the farthest candidates", "[outlier][selector]") {
  const auto rule = GENERATE(outlier_rule::nearest, outlier_rule::farthest);
  const auto count = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{200});
  const world w(200);
  std::vector<std::size_t> order(200);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const double sign = rule == outlier_rule::nearest ? 1 : -1;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sign * mean_cosine(w.base, w.features, a) > sign * mean_cosine(w.base, w.features, b);
  });
  const auto bank = w.select({.count = count, .rule = rule}, 33);
  REQUIRE(bank.names.size() == count);
  REQUIRE(bank.scores.size() == count);
  REQUIRE(bank.features.rows() == count);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(bank.names[i] == w.nouns[order[i]]);
    CHECK(bank.scores[i] == Approx(mean_cosine(w.base, w.features, order[i])).margin(16 * epsilon));
    for (std::size_t j = 0; j < 8; ++j) REQUIRE(bank.features(i, j) == w.features(order[i], j));
  }
}

TEST_CASE("The bank does not depend on the chunks or the order", "[outlier][selector]") {
  const auto rule = GENERATE(outlier_rule::nearest, outlier_rule::farthest, outlier_rule::random);
  const auto ties = GENERATE(false, true);
  const world w(150, ties);
  const selector_options options{.count = 40, .rule = rule, .seed = 5};
  const auto expected = w.select(options, 150);
  for (const std::size_t chunk : {1u, 2u, 13u, 64u, 149u})
    CHECK(equal(w.select(options, chunk), expected));
  std::vector<std::size_t> order(150);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(7);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    world shuffled = w;
    for (std::size_t i = 0; i < 150; ++i) {
      shuffled.nouns[i] = w.nouns[order[i]];
      for (std::size_t j = 0; j < 8; ++j) shuffled.features(i, j) = w.features(order[i], j);
    }
    CHECK(equal(shuffled.select(options, 20), expected));
  }
}

TEST_CASE("Equal scores are ordered by name", "[outlier][selector]") {
  const matrix<float> base = random_features(2, 4, 3);
  matrix<float> same(4, 4);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) same(i, j) = 1;
  outlier_selector selector(base, {}, {.count = 3});
  selector.add(names{"pear", "Apple", "quince", "fig"}, same);
  CHECK(selector.select().names == names{"Apple", "fig", "pear"});
}

TEST_CASE("Random outliers are a function of the seed", "[outlier][selector]") {
  const world w(200);
  std::set<names> banks;
  std::vector<double> chosen(200);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto bank = w.select({.count = 20, .rule = outlier_rule::random, .seed = seed}, 200);
    banks.insert(bank.names);
    for (const std::string& name : bank.names)
      ++chosen[static_cast<std::size_t>(std::find(w.nouns.begin(), w.nouns.end(), name) -
                                        w.nouns.begin())];
  }
  CHECK(banks.size() == 300);
  // Each noun is in a bank with probability 0.1: mean 30, deviation 5.2.
  CHECK(*std::max_element(chosen.begin(), chosen.end()) < 30 + 6 * 5.2);
  CHECK(*std::min_element(chosen.begin(), chosen.end()) > 30 - 5.7 * 5.2);
}

TEST_CASE("Class names and repeated names are left out", "[outlier][selector]") {
  const matrix<float> base = random_features(2, 4, 3);
  excluded_names excluded;
  excluded.add(names{"Hot Dog", "maple"});
  const names nouns{"hot_dog", "oak", "Maple", "oak", "OAK", "hot dogs", "--", "ash"};
  outlier_selector selector(base, excluded, {.count = 3});
  CHECK(selector.names_seen() == 0);
  selector.add(nouns, random_features(8, 4, 4));
  CHECK(selector.names_seen() == 8);
  selector.add(names{"ash"}, random_features(1, 4, 5));
  CHECK(selector.names_seen() == 9);
  CHECK(selector.candidates() == 3);
  auto chosen = selector.select().names;
  std::sort(chosen.begin(), chosen.end());
  CHECK(chosen == names{"ash", "hot dogs", "oak"});
}

TEST_CASE("Features of any length and storage", "[outlier][selector]") {
  const world w(50);
  outlier_selector selector(w.base, {}, {.count = 10});
  std::vector<double> columns(50 * 8);
  for (std::size_t i = 0; i < 50; ++i)
    for (std::size_t j = 0; j < 8; ++j)
      columns[j * 50 + i] = std::ldexp(double{w.features(i, j)}, static_cast<int>(i % 5) - 2);
  selector.add(w.nouns, matrix_view<const double>(columns.data(), 50, 8, 1, 50));
  const auto bank = selector.select();
  const auto expected = w.select({.count = 10}, 50);
  CHECK(bank.names == expected.names);
  CHECK(bank.scores == expected.scores);  // a power of two changes no rounding
}

TEST_CASE("The selector names what is wrong", "[outlier][selector][error]") {
  const matrix<float> base = random_features(2, 4, 3);
  CHECK_THROWS_AS(outlier_selector(base, {}, {.count = 0}), calibra::option_error);
  CHECK_THROWS_AS(outlier_selector(matrix<float>(0, 4), {}), calibra::shape_error);
  CHECK_THROWS_WITH(outlier_selector(matrix<float>(1, 4), {}),
                    Contains("row 0 of the base features has norm 0"));
  outlier_selector selector(base, {}, {.count = 3});
  CHECK_THROWS_WITH(selector.select(),
                    "outlier_selector::select(): expected at least 3 candidates, the count of "
                    "outliers, got 0");
  const names three{"a", "b", "c"};
  matrix<float> bad = random_features(3, 4, 4);
  bad(2, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(selector.add(three, bad),
                    "outlier_selector::add(): row 2, column 1 of the candidates is nan; expected "
                    "finite features");
  CHECK_THROWS_WITH(selector.add(three, random_features(3, 5, 4)),
                    "outlier_selector::add(): 3 names with features of 3 x 5; expected 3 x 4 as "
                    "the base features");
  CHECK_THROWS_AS(selector.add(three, random_features(2, 4, 4)), calibra::shape_error);
  CHECK(selector.candidates() == 0);  // nothing was taken
  selector.add(names{"a", "b"}, random_features(2, 4, 4));
  CHECK_THROWS_AS(selector.select(), calibra::option_error);
  selector.add(names{"c"}, random_features(1, 4, 5));
  CHECK(selector.select().names.size() == 3);
}
