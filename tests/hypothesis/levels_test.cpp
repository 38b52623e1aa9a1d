// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// How often the tests reject: models that are calibrated, models that are not, and those that a
// test cannot tell from calibrated ones.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "pairs.hpp"

using namespace calibra;

namespace {

/// Of those that draw with few draws, since 19 hold a level of 5 % exactly; but other ones for each
/// data set, whose results would else hang together.
std::vector<test_result> all_tests(const drawn_classes& d, std::size_t draws, unsigned seed) {
  sample pairs = collect(logits(d.z), d.labels);
  pairs.sort();
  return {kuiper_test(pairs),
          ks_test(pairs),
          spiegelhalter_test(pairs),
          hosmer_lemeshow_test(pairs),
          t_cal_test.with({.draws = draws, .seed = seed})(pairs),
          skce_test.with({.draws = draws, .seed = seed})(logits(d.z), d.labels),
          logistic_test(pairs),
          e_value_test(pairs)};
}

/// On how many of so many data sets p is at most 0.05, by test.
std::map<std::string, double> rejected(
    std::size_t sets, const std::function<std::vector<test_result>(unsigned)>& of_set) {
  std::map<std::string, double> times;
  for (unsigned seed = 0; seed < sets; ++seed)
    for (const test_result& r : of_set(seed)) times[r.name] += r.p <= 0.05 ? 1 : 0;
  return times;
}

/// Largest distance from 0 and range of the total of (hit - c) on groups of equal confidence.
std::pair<double, double> walked(const std::vector<double>& c, const std::vector<int>& size,
                                 const std::function<int(std::size_t)>& hits) {
  double sum = 0, lowest = 0, highest = 0, variance = 0;
  for (std::size_t g = 0; g < c.size(); ++g) {
    sum += hits(g) - size[g] * c[g];
    variance += size[g] * c[g] * (1 - c[g]);
    lowest = std::min(lowest, sum);
    highest = std::max(highest, sum);
  }
  return {std::max(highest, -lowest) / std::sqrt(variance),
          (highest - lowest) / std::sqrt(variance)};
}

}  // namespace

TEST_CASE("a test rejects calibrated models as often as it says", "[levels]") {
  constexpr std::size_t sets = 1000;
  for (const std::size_t different : {0U, 4U}) {
    const auto times = rejected(sets, [&](unsigned seed) {
      return all_tests(drawn_classes(300, 3, 1000 + seed, different), 19, seed);
    });
    REQUIRE(times.size() == calibration_tests().size());
    for (const auto& [name, count] : times) {
      const double share = count / sets;
      INFO(name << " rejects " << share << ", different rows " << different);
      CHECK(share <= 0.05 + four_errors(0.05, sets));
      // The e-value's level holds whenever one stops, so that here it is lower.
      if (name == "e_value")
        CHECK(share <= 0.05);
      else
        CHECK(share >= 0.05 - four_errors(0.05, sets));
    }
  }
}

TEST_CASE("every test sees clear overconfidence", "[levels]") {
  for (const std::size_t different : {0U, 4U}) {
    const auto times = rejected(10, [&](unsigned seed) {
      return all_tests(drawn_classes(1000, 3, 77 + seed, different, 2.5), 199, seed);
    });
    REQUIRE(times.size() == calibration_tests().size());
    for (const auto& [name, count] : times) {
      INFO(name << " rejects " << count << " of 10, different rows " << different);
      CHECK(count >= 9);
    }
  }
}

TEST_CASE("spiegelhalter is blind to errors that leave the Brier score as it should be",
          "[levels]") {
  // Half of all samples are given 0.6 and right with 0.8, half are given 0.8 and right with 0.8 -
  // 1/15: the sum of (q - c)(1 - 2c) is 0.
  constexpr std::size_t sets = 400;
  const auto times = rejected(sets, [](unsigned seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform;
    sample s(precision::float64);
    for (int i = 0; i < 1000; ++i) {
      const bool low = i % 2 == 0;
      s.push_back(low ? 0.6 : 0.8, uniform(random) < (low ? 0.8 : 0.8 - 1.0 / 15));
    }
    return std::vector<test_result>{spiegelhalter_test(s), hosmer_lemeshow_test(s)};
  });
  // The variance of Z is (0.04 0.16 + 0.36 0.1956) / (0.04 0.24 + 0.36 0.16) = 1.14, which makes of
  // 5 % 6.7.
  CHECK(times.at("spiegelhalter") / sets <= 0.067 + four_errors(0.067, sets));
  CHECK(times.at("hosmer_lemeshow") / sets > 0.99);
}

TEST_CASE("hosmer_lemeshow with 1 bin is blind to errors that cancel", "[levels]") {
  constexpr std::size_t sets = 400;
  std::size_t seen = 0, by_many = 0;
  for (unsigned seed = 0; seed < sets; ++seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform;
    sample s(precision::float64);
    for (int i = 0; i < 1000; ++i) {
      const double c = 0.2 + 0.6 * uniform(random);
      s.push_back(c, uniform(random) < 0.5);  // c is 1/2 on average
    }
    seen += hosmer_lemeshow_test.with({.bins = 1})(s).p <= 0.05 ? 1U : 0U;
    by_many += hosmer_lemeshow_test(s).p <= 0.05 ? 1U : 0U;
  }
  // The variance of the gap is 1/4 from the hits and 0.03 from the confidences, and is taken for
  // 1/4: of 5 % it makes 6.5.
  CHECK(static_cast<double>(seen) / sets <= 0.065 + four_errors(0.065, sets));
  CHECK(by_many >= sets * 99 / 100);
}

TEST_CASE("ks and kuiper with many ties give p of the outcomes that confidences promise",
          "[levels]") {
  constexpr std::size_t simulations = 10000;
  struct problem {
    std::vector<double> c;
    std::vector<int> size;
  };
  // Groups large enough for a step to be as good as normal, and of unlike confidences, so that
  // totals lie close together.
  const problem problems[] = {{{0.31, 0.42, 0.57, 0.83}, {800, 500, 950, 700}},
                              {{0.613}, {3000}},
                              {{0.17, 0.29, 0.385, 0.51, 0.66, 0.74, 0.87, 0.93},
                               {150, 900, 200, 400, 310, 600, 240, 500}}};
  std::mt19937_64 random(12);
  int checked = 0;
  for (const problem& of : problems) {
    const auto drawn_hits = [&](std::size_t g) {
      return std::binomial_distribution<int>(of.size[g], of.c[g])(random);
    };
    std::vector<double> far, wide;
    for (std::size_t i = 0; i < simulations; ++i) {
      const auto [ks, kuiper] = walked(of.c, of.size, drawn_hits);
      far.push_back(ks);
      wide.push_back(kuiper);
    }
    for (int repeat = 0; repeat < 8; ++repeat) {
      sample s(precision::float64);
      std::vector<int> hits;
      for (std::size_t g = 0; g < of.c.size(); ++g) {
        hits.push_back(drawn_hits(g));
        for (int i = 0; i < of.size[g]; ++i) s.push_back(of.c[g], i < hits.back());
      }
      const auto [far_here, wide_here] =
          walked(of.c, of.size, [&](std::size_t g) { return hits[g]; });
      const auto check = [&](const test_result& r, double expected,
                             const std::vector<double>& simulated) {
        INFO(r.name << " " << r.statistic << " p " << r.p);
        CHECK(r.statistic == Approx(expected).margin(1e-11));
        CHECK(r.p * 10000 == Approx(std::round(r.p * 10000)).margin(1e-7));
        // The share of outcomes as far out; half of those that are just as far count, since hits
        // are whole and normal steps are not. Both shares are of 10,000.
        double as_far = 0;
        for (const double x : simulated)
          as_far += std::abs(x - r.statistic) < 1e-9 ? 0.5 : x > r.statistic ? 1 : 0;
        const double share = as_far / simulations;
        CHECK(r.p == Approx(share).margin(std::sqrt(2.0) * four_errors(share, simulations)));
        ++checked;
      };
      check(ks_test(s), far_here, far);
      check(kuiper_test(s), wide_here, wide);
    }
  }
  CHECK(checked == 48);
}

TEST_CASE("far out, ks and kuiper with ties give p by the law of many steps", "[levels]") {
  sample s(precision::float64);
  for (int i = 0; i < 4000; ++i) s.push_back(i % 4 < 2 ? 0.4 : 0.7, i % 4 == 0 || i % 16 == 2);
  const double ks = ks_test(s).statistic, kuiper = kuiper_test(s).statistic;
  REQUIRE(ks > 5);
  // A walk is looked at more rarely than a Brownian motion: p is at most that.
  CHECK(ks_test(s).p == Approx(detail::brownian_maximum_tail(ks)));
  CHECK(kuiper_test(s).p == Approx(detail::brownian_range_tail(kuiper)));
}

// Below 20 of 10,000 walks p is the Brownian motion's, which for few steps is several times as
// large as 20 of 10,000.
TEST_CASE("p of ks and kuiper never ascends with the statistic", "[levels]") {
  double ks = 1, kuiper = 1;
  for (int hits = 500; hits <= 570; hits += 2) {
    sample s(precision::float64);
    for (int i = 0; i < 1000; ++i) s.push_back(0.5, i < hits);
    INFO(hits << " of 1000 hits at 0.5");
    CHECK(ks_test(s).p <= ks);
    CHECK(kuiper_test(s).p <= kuiper);
    ks = ks_test(s).p;
    kuiper = kuiper_test(s).p;
  }
}
