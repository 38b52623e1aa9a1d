// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// collect_top_k() and predicted_classes(), by sorting every row.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/groups/predicted_classes.hpp"
#include "calibra/groups/top_k.hpp"
#include "constants.hpp"
#include "drawn.hpp"

using namespace calibra;
using calibra::test::epsilon;
using calibra::test::infinity;
using calibra::test::not_a_number;

namespace {

using real = long double;

template<class T>
std::vector<real> softmax(const std::vector<T>& z) {
  const real top = *std::max_element(z.begin(), z.end());
  std::vector<real> p;
  real sum = 0;
  for (const T x : z) sum += p.emplace_back(std::exp(static_cast<real>(x) - top));
  for (real& x : p) x /= sum;
  return p;
}

struct answer {
  real confidence = 0;
  bool hit = false;
};
/// Of a row of probabilities, or of what is as large where they are.
template<class T>
answer naive_top_k(const std::vector<T>& row, const std::vector<real>& p, int label,
                   std::size_t k) {
  std::vector<std::size_t> order(row.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return row[a] > row[b]; });
  answer a;
  for (std::size_t j = 0; j < k; ++j) {
    a.confidence += p[order[j]];
    a.hit = a.hit || order[j] == static_cast<std::size_t>(label);
  }
  a.confidence = std::min<real>(a.confidence, 1);
  return a;
}

template<class T>
std::vector<T> flat(const std::vector<std::vector<T>>& rows) {
  std::vector<T> out(1);  // data() of no rows is not null
  out.clear();
  for (const auto& row : rows) out.insert(out.end(), row.begin(), row.end());
  return out;
}

/// Whole logits: many classes are as likely as others.
template<class T>
drawn<T> rounded(drawn<T> d) {
  for (auto& row : d.z)
    for (T& x : row) x = std::round(x / 2);
  return d;
}

}  // namespace

TEMPLATE_TEST_CASE("the k likeliest classes of logits", "[top_k]", float, double) {
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 1, 2, 50, 700})
    for (const bool ties : {false, true}) {
      drawn<TestType> d(n, 5, static_cast<unsigned>(n));
      if (ties) d = rounded(d);
      const std::vector<TestType> z = flat(d.z);
      for (std::size_t k = 1; k <= 5; ++k) {
        INFO(n << " rows, k = " << k << ", ties " << ties);
        const sample plain = collect_top_k(logits(z.data(), n, 5), d.labels, k);
        const sample weighted =
            collect_top_k(logits(z.data(), n, 5), d.labels, k, {.weights = d.weights});
        REQUIRE(plain.size() == n);
        REQUIRE(weighted.size() == n);
        CHECK(plain.precision() == precision::float64);
        CHECK(!plain.weighted());
        CHECK(weighted.weighted() == (n > 0));
        for (std::size_t i = 0; i < n; ++i) {
          const answer a = naive_top_k(d.z[i], softmax(d.z[i]), d.labels[i], k);
          CHECK(std::abs(plain.confidence(i) - a.confidence) <= 10 * epsilon);
          CHECK(plain.confidence(i) <= 1);
          CHECK(plain.hit(i) == a.hit);
          CHECK(weighted.confidence(i) == plain.confidence(i));
          CHECK(weighted.hit(i) == plain.hit(i));
          CHECK(weighted.weight(i) == d.weights[i]);
          if (k == 5) CHECK(plain.hit(i));
        }
      }
    }
}

TEMPLATE_TEST_CASE("the k likeliest classes of probabilities", "[top_k]", float, double) {
  for (const bool ties : {false, true}) {
    drawn<TestType> d(300, 6, 3);
    if (ties) d = rounded(d);
    std::vector<std::vector<TestType>> p;
    for (const auto& z : d.z) {
      p.emplace_back();
      for (const real x : softmax(z)) p.back().push_back(static_cast<TestType>(x));
    }
    for (std::size_t k = 1; k <= 6; ++k) {
      const sample got = collect_top_k(probabilities(p), d.labels, k);
      REQUIRE(got.size() == 300);
      for (std::size_t i = 0; i < 300; ++i) {
        const answer a = naive_top_k(p[i], {p[i].begin(), p[i].end()}, d.labels[i], k);
        CHECK(std::abs(got.confidence(i) - a.confidence) <= 6 * epsilon);
        CHECK(got.confidence(i) <= 1);
        CHECK(got.hit(i) == a.hit);
      }
    }
    // Rows are made to sum to 1 where that is asked for.
    std::vector<std::vector<TestType>> twice = p;
    for (auto& row : twice)
      for (TestType& x : row) x *= 2;
    CHECK_THROWS_AS(collect_top_k(probabilities(twice), d.labels, 2), value_error);
    const sample got = collect_top_k(probabilities(twice), d.labels, 2, {.renormalise = true});
    for (std::size_t i = 0; i < 300; ++i) {
      std::vector<real> q(p[i].begin(), p[i].end());
      const real sum = std::accumulate(q.begin(), q.end(), 0.0L);
      for (real& x : q) x /= sum;
      const answer a = naive_top_k(p[i], q, d.labels[i], 2);
      CHECK(std::abs(got.confidence(i) - a.confidence) <= 10 * epsilon);
      CHECK(got.hit(i) == a.hit);
    }
  }
}

TEST_CASE("one class is what collect() takes", "[top_k]") {
  for (const bool ties : {false, true}) {
    drawn<double> d(500, 4, 9);
    if (ties) d = rounded(d);
    const sample one = collect_top_k(logits(d.z), d.labels, 1, {.weights = d.weights});
    const sample all = collect(logits(d.z), d.labels, {.weights = d.weights});
    REQUIRE(one.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK(std::abs(one.confidence(i) - all.confidence(i)) <= 8 * epsilon);
      CHECK(one.hit(i) == all.hit(i));
      CHECK(one.weight(i) == all.weight(i));
    }
    CHECK(accuracy(one) == accuracy(all));
  }
}

TEST_CASE("of classes whose probabilities underflow the first are taken", "[top_k]") {
  const std::vector<std::vector<double>> far = {{0, -900, -800}};
  CHECK(collect_top_k(logits(far), std::vector<int>{1}, 2).hit(0));
  CHECK(!collect_top_k(logits(far), std::vector<int>{2}, 2).hit(0));
}

TEST_CASE("rows that are left out give no pair", "[top_k]") {
  drawn<double> d(200, 3, 4);
  std::vector<unsigned char> valid(200);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < 200; ++i) {
    valid[i] = i % 3 != 0;
    if (i % 10 == 7) d.z[i][1] = not_a_number;
    if (valid[i] != 0 && d.labels[i] != 2 && i % 10 != 7) kept.push_back(i);
  }
  row_options o{.weights = d.weights, .ignore_label = 2, .valid = valid, .nan = nan_policy::count};
  for (const unsigned n : {1U, 3U}) {
    o.threads = {n};
    const sample got = collect_top_k(logits(d.z), d.labels, 2, o);
    REQUIRE(got.size() == kept.size());
    for (std::size_t j = 0; j < kept.size(); ++j) {
      const std::size_t i = kept[j];
      const answer a = naive_top_k(d.z[i], softmax(d.z[i]), d.labels[i], 2);
      CHECK(std::abs(got.confidence(j) - a.confidence) <= 8 * epsilon);
      CHECK(got.hit(j) == a.hit);
      CHECK(got.weight(j) == d.weights[i]);
    }
  }
}

TEST_CASE("metrics take the pairs of k classes", "[top_k]") {
  const drawn<double> d(400, 5, 2);
  const sample pairs = collect_top_k(logits(d.z), d.labels, 3);
  real hits = 0, confidence = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    const answer a = naive_top_k(d.z[i], softmax(d.z[i]), d.labels[i], 3);
    hits += a.hit ? 1 : 0;
    confidence += a.confidence;
  }
  // One bin.
  CHECK(std::abs(ece(pairs, {.bins = 1}) - std::abs(hits - confidence) / 400) < 400 * epsilon);
}

TEST_CASE("k classes: infinite logits", "[top_k]") {
  const std::vector<std::vector<double>> z = {{1, -infinity, 1, -infinity}};
  for (int y = 0; y < 4; ++y) {
    const std::vector<int> label = {y};
    CHECK(collect_top_k(logits(z), label, 1).confidence(0) == 0.5);
    CHECK(collect_top_k(logits(z), label, 1).hit(0) == (y == 0));
    CHECK(collect_top_k(logits(z), label, 2).confidence(0) == 1);
    CHECK(collect_top_k(logits(z), label, 2).hit(0) == (y == 0 || y == 2));
    CHECK(collect_top_k(logits(z), label, 3).hit(0) == (y != 3));
  }
}

TEST_CASE("k classes: errors", "[top_k]") {
  drawn<double> d(6, 4, 1);
  CHECK_THROWS_AS(collect_top_k(logits(d.z), d.labels, 0), option_error);
  CHECK_THROWS_WITH(collect_top_k(logits(d.z), d.labels, 0),
                    "collect_top_k(): expected k in [1, 4], got 0");
  CHECK_THROWS_WITH(collect_top_k(logits(d.z), d.labels, 5),
                    "collect_top_k(): expected k in [1, 4], got 5");
  CHECK_THROWS_AS(collect_top_k(logits(d.z), std::vector<int>{0}, 2), shape_error);
  CHECK_THROWS_WITH(collect_top_k(logits(d.z), std::vector<int>{0}, 2),
                    Catch::StartsWith("collect_top_k(): "));
  CHECK_THROWS_AS(collect_top_k(logits(d.z), std::vector<int>{0, 1, 2, 3, 4, 0}, 2), value_error);
  const std::vector<double> w = {1, 1, 1, -1, 1, 1};
  CHECK_THROWS_AS(collect_top_k(logits(d.z), d.labels, 2, {.weights = w}), value_error);
  d.z[3][1] = not_a_number;
  CHECK_THROWS_AS(collect_top_k(logits(d.z), d.labels, 2), value_error);
  CHECK_THROWS_WITH(collect_top_k(logits(d.z), d.labels, 2), Catch::Contains("row 3"));
}

TEMPLATE_TEST_CASE("predicted classes", "[predicted_classes]", float, double) {
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 1, 2, 50, 5000})
    for (const bool ties : {false, true}) {
      drawn<TestType> d(n, 7, static_cast<unsigned>(n));
      if (ties) d = rounded(d);
      std::vector<std::int64_t> expected;
      for (std::size_t i = 0; i < n; ++i) {
        const auto& z = d.z[i];
        expected.push_back(std::max_element(z.begin(), z.end()) - z.begin());
        if (i % 11 == 5) {
          d.z[i][i % 7] = static_cast<TestType>(not_a_number);
          expected.back() = -1;
        }
      }
      const std::vector<TestType> z = flat(d.z);
      INFO(n << " rows, ties " << ties);
      CHECK(predicted_classes(logits(z.data(), n, 7)) == expected);
      // Nothing else is checked: these are no probabilities.
      CHECK(predicted_classes(probabilities(z.data(), n, 7)) == expected);
    }
}

TEST_CASE("predicted classes of columns, one class and infinite scores", "[predicted_classes]") {
  using expected = std::vector<std::int64_t>;
  const std::vector<std::vector<double>> one = {{3}, {not_a_number}, {-infinity}};
  CHECK(predicted_classes(logits(one)) == expected{0, -1, 0});
  const std::vector<std::vector<double>> z = {
      {-infinity, -infinity}, {-infinity, 0}, {0, infinity}, {not_a_number, infinity}};
  CHECK(predicted_classes(logits(z)) == expected{0, 1, 1, -1});
}
