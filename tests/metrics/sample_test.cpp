// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/table/sample.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "random_sample.hpp"

using calibra::precision;
using calibra::sample;
using calibra::test::precision_for;
using calibra::test::random_sample;

namespace {

struct pair_and_weight {
  double confidence;
  bool hit;
  double weight;
  bool operator==(const pair_and_weight&) const = default;
};

inline std::vector<pair_and_weight> contents(const sample& s) {
  std::vector<pair_and_weight> all;
  for (std::size_t i = 0; i < s.size(); ++i)
    all.push_back({s.confidence(i), s.hit(i), s.weight(i)});
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("a sample gives back what was put in", "[sample]", float, double) {
  sample s(precision_for<TestType>);
  CHECK(s.empty());
  CHECK(s.sorted());
  CHECK_FALSE(s.weighted());
  CHECK(s.total_weight() == 0);

  const double smallest = std::numeric_limits<TestType>::denorm_min();
  const std::vector<double> confidences{0.0, 1.0, 0.25, smallest, -0.0, 0.1};
  for (std::size_t i = 0; i < confidences.size(); ++i) s.push_back(confidences[i], i % 2 == 0);
  REQUIRE(s.size() == confidences.size());
  for (std::size_t i = 0; i < confidences.size(); ++i) {
    CHECK(s.confidence(i) == static_cast<double>(static_cast<TestType>(confidences[i])));
    CHECK(s.hit(i) == (i % 2 == 0));
    CHECK(s.weight(i) == 1);
  }
  CHECK(s.total_weight() == 6);
}

TEMPLATE_TEST_CASE("sorting is stable and carries hits and weights", "[sample]", float, double) {
  const auto n = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3000});
  const auto levels = GENERATE(0, 1, 40);
  const auto weighted = GENERATE(false, true);
  const sample pairs = random_sample<TestType>(n, 7, levels);
  sample s(precision_for<TestType>);
  for (std::size_t i = 0; i < n; ++i) {
    // Unique weights show whether ties keep their order.
    if (weighted)
      s.push_back(pairs.confidence(i), pairs.hit(i), static_cast<double>(i + 1));
    else
      s.push_back(pairs.confidence(i), pairs.hit(i));
  }
  auto expected = contents(s);
  const auto ascends = [](const auto& a, const auto& b) { return a.confidence < b.confidence; };
  CHECK(s.sorted() == std::is_sorted(expected.begin(), expected.end(), ascends));
  std::stable_sort(expected.begin(), expected.end(), ascends);
  s.sort();
  CHECK(s.sorted());
  CHECK(contents(s) == expected);
}

TEST_CASE("confidences of every magnitude sort", "[sample]") {
  std::mt19937_64 generator(3);
  sample s;
  s.push_back(std::numeric_limits<double>::max(), true);
  s.push_back(0, false);
  for (int i = 0; i < 1000; ++i) {
    const auto bits = generator() >> 1;
    const double c = std::min(std::bit_cast<double>(bits), std::numeric_limits<double>::max());
    s.push_back(c == c ? c : 0.5, i % 2 == 0);
  }
  s.sort();
  for (std::size_t i = 1; i < s.size(); ++i) CHECK(s.confidence(i - 1) <= s.confidence(i));
}

TEST_CASE("a radix sort carries any number of payloads and ignores bits out of its mask",
          "[sample]") {
  std::pmr::vector<std::uint32_t> keys{0x80000003u, 1, 0x80000001u, 2};
  std::pmr::vector<double> numbers{0, 1, 2, 3}, none, tens{0, 10, 20, 30};
  calibra::detail::radix_sort(keys, 0x7fffffffu, {&numbers, &none, &tens});
  CHECK(keys == std::pmr::vector<std::uint32_t>{1, 0x80000001u, 2, 0x80000003u});
  CHECK(numbers == std::pmr::vector<double>{1, 2, 3, 0});
  CHECK(none.empty());
  CHECK(tens == std::pmr::vector<double>{10, 20, 30, 0});
}

TEMPLATE_TEST_CASE("parts append in order", "[sample]", float, double) {
  const sample whole = random_sample<TestType>(500, 11);
  sample first(precision_for<TestType>), second(precision_for<TestType>);
  for (std::size_t i = 0; i < whole.size(); ++i)
    (i < 200 ? first : second).push_back(whole.confidence(i), whole.hit(i));
  sample merged(precision_for<TestType>);
  merged.append(sample(precision_for<TestType>));
  CHECK(merged.empty());
  merged.append(first);
  merged.append(second);
  merged.append(sample(precision_for<TestType>));
  CHECK(contents(merged) == contents(whole));
  CHECK_FALSE(merged.sorted());

  first.sort();
  CHECK(first.sorted());
  sample doubled = first;
  doubled.append(doubled);
  REQUIRE(doubled.size() == 2 * first.size());
  CHECK_FALSE(doubled.sorted());
  CHECK(doubled.confidence(200) == first.confidence(0));

  sample higher(precision_for<TestType>);
  higher.push_back(1, true);
  first.append(higher);
  CHECK(first.sorted());
}

TEST_CASE("weights are for all pairs or for none", "[sample]") {
  sample plain(precision::float32), weighted(precision::float32);
  plain.push_back(0.5, true);
  weighted.push_back(0.5, true, 2);
  weighted.push_back(0.25, true, 0.5);
  CHECK(weighted.weighted());
  CHECK(weighted.weight(1) == 0.5);
  CHECK(weighted.total_weight() == 2.5);
  CHECK_THROWS_AS(plain.push_back(0.5, true, 1), calibra::shape_error);
  CHECK_THROWS_AS(weighted.push_back(0.5, true), calibra::shape_error);
  CHECK_THROWS_AS(plain.append(weighted), calibra::shape_error);
  CHECK_THROWS_WITH(weighted.append(plain), Catch::Contains("append(): pairs without weights"));
  CHECK(plain.size() == 1);
  CHECK(weighted.size() == 2);

  sample merged(precision::float32);
  merged.append(weighted);
  merged.append(weighted);
  CHECK(merged.weight(3) == 0.5);
}

TEMPLATE_TEST_CASE("what is not a confidence or a weight is refused", "[sample]", float, double) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  sample s(precision_for<TestType>);
  for (const double bad : {nan, infinity, -1e-9}) {
    CHECK_THROWS_AS(s.push_back(bad, true), calibra::value_error);
    CHECK_THROWS_AS(s.push_back(0.5, true, bad), calibra::value_error);
  }
  CHECK_THROWS_AS(s.push_back(2.0 * std::numeric_limits<TestType>::max(), true),
                  calibra::value_error);
  CHECK(s.empty());
  s.push_back(0.5, true);
  CHECK_THROWS_WITH(s.push_back(-1, true), Catch::Contains("confidence -1 at position 1"));
}
