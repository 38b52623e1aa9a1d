// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// t_cal_test against its doc block: levels, statistics of each, and the furthest of them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/hypothesis/t_cal.hpp"
#include "pairs.hpp"

using namespace calibra;

namespace {

/// Bins of level b that hold several samples, as lists of samples.
std::vector<std::vector<std::size_t>> bins_of(const std::vector<double>& c, int b) {
  std::map<int, std::vector<std::size_t>> bins;
  const int many = 1 << b;
  for (std::size_t i = 0; i < c.size(); ++i)
    bins[std::min(static_cast<int>(std::floor(c[i] * many)), many - 1)].push_back(i);
  std::vector<std::vector<std::size_t>> several;
  for (const auto& [bin, of] : bins) several.push_back(of);
  return several;
}

/// How many levels there are: up to the number of bins by n, and while 100 pairs share a bin.
int levels_of(const std::vector<double>& c) {
  const auto n = static_cast<double>(c.size());
  const int most =
      std::min(30, static_cast<int>(std::floor(2 * std::log2(n / std::sqrt(std::log(n))))));
  int levels = 1;
  while (levels < most) {
    std::size_t pairs = 0;
    for (const auto& bin : bins_of(c, levels + 1)) pairs += bin.size() * (bin.size() - 1) / 2;
    if (pairs < 100) break;
    ++levels;
  }
  return levels;
}

/// Sum over bins of (s^2 - q) / n.
real statistic_of(const std::vector<std::vector<std::size_t>>& bins, const std::vector<double>& c,
                  const std::vector<int>& y) {
  real total = 0;
  for (const auto& bin : bins) {
    real s = 0, q = 0;
    for (const std::size_t i : bin) {
      const real u = static_cast<real>(c[i]) - static_cast<real>(y[i]);
      s += u;
      q += u * u;
    }
    total += (s * s - q) / static_cast<real>(bin.size());
  }
  return total;
}

struct naive_result {
  double statistic, p;
  int levels;
};

/// `draw(d)` gives the outcomes of draw d, 1, 2, ..., of ascending confidences.
naive_result naive_t_cal(const std::vector<row>& rows, std::size_t draws,
                         const std::function<std::vector<int>(std::size_t)>& draw) {
  std::vector<double> c;
  std::vector<std::vector<int>> outcomes(1);
  for (const row& r : ascending(rows)) {
    if (r.w == 0) continue;
    c.push_back(r.c);
    outcomes[0].push_back(r.hit ? 1 : 0);
  }
  for (std::size_t d = 1; d <= draws; ++d) outcomes.push_back(draw(d));
  const int levels = levels_of(c);
  std::vector<real> furthest(draws + 1, 0);
  for (int b = 1; b <= levels; ++b) {
    const auto bins = bins_of(c, b);
    std::vector<real> values;
    real mean = 0, variance = 0;
    for (const std::vector<int>& y : outcomes) values.push_back(statistic_of(bins, c, y));
    for (const real x : values) mean += x / static_cast<real>(draws + 1);
    for (const real x : values) variance += (x - mean) * (x - mean) / static_cast<real>(draws + 1);
    for (std::size_t d = 0; d <= draws; ++d)
      furthest[d] = std::max(furthest[d], (values[d] - mean) / std::sqrt(variance));
  }
  const auto as_far = std::count_if(furthest.begin(), furthest.end(),
                                    [&](real x) { return x >= furthest[0] - 1e-9L; });
  return {static_cast<double>(furthest[0]),
          static_cast<double>(as_far) / static_cast<double>(draws + 1), levels};
}

std::vector<double> counted(const std::vector<row>& rows) {
  std::vector<double> c;
  for (const row& r : ascending(rows))
    if (r.w != 0) c.push_back(r.c);
  return c;
}

}  // namespace

TEST_CASE("t_cal is the furthest level, by the draws of the seed", "[t_cal]") {
  for (const std::size_t n : {3U, 40U, 150U, 700U})
    for (const double power : {1.0, 1.4})
      for (const bool zeros : {false, true}) {
        const auto seed = static_cast<unsigned>(n);
        if (n < 10 && zeros) continue;
        std::vector<row> rows = drawn_rows(n, seed, {.zeros = zeros, .power = power});
        if (n > 10) {  // 1 is in the last bin
          rows[1] = {1, true};
          rows[2] = {0, false};
        }
        const std::vector<double> c = counted(rows);
        // Draw d is stream d of the seed, y = 1 where a number of 53 bits lies below c.
        const naive_result expected = naive_t_cal(rows, 60, [&](std::size_t d) {
          detail::counter_random random(9, d);
          std::vector<int> y;
          for (const double x : c)
            y.push_back(static_cast<double>(random() >> 11) * 0x1p-53 < x ? 1 : 0);
          return y;
        });
        for (const test_result& r :
             {t_cal_test.with({.draws = 60, .seed = 9})(sample_of(rows)),
              t_cal_test.with({.draws = 60, .seed = 9})(sample_of(shuffled(rows, 4)))}) {
          INFO(n << " " << power << " " << zeros);
          CHECK(r.name == "t_cal");
          // prefix sums of a few hundred terms of at most 1, over deviations of about 1
          CHECK(r.statistic == Approx(expected.statistic).margin(1e-10));
          CHECK(r.p == Approx(expected.p).margin(1e-12));
          CHECK(r.note == std::to_string(expected.levels) + " numbers of bins, 60 draws");
        }
      }
}

TEST_CASE("t_cal agrees with outcomes drawn elsewhere", "[t_cal]") {
  constexpr std::size_t draws = 3000;
  for (const double power : {1.0, 1.3}) {
    const std::vector<row> rows = drawn_rows<float>(90, 6, {.power = power});
    const std::vector<double> c = counted(rows);
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> uniform;
    const naive_result expected = naive_t_cal(rows, draws, [&](std::size_t) {
      std::vector<int> y;
      for (const double x : c) y.push_back(uniform(random) < x ? 1 : 0);
      return y;
    });
    const test_result r = t_cal_test.with({.draws = draws})(sample_of<float>(rows));
    INFO(r.p << " " << expected.p);
    CHECK(r.p == Approx(expected.p).margin(std::sqrt(2.0) * four_errors(expected.p, draws)));
    // Means and deviations of the draws, which have long tails, are some 1 and 2 in root(draws)
    // off.
    CHECK(r.statistic ==
          Approx(expected.statistic)
              .margin(4 * std::sqrt(2.0 / draws) * (1 + 2 * std::abs(expected.statistic))));
  }
}

TEST_CASE("t_cal stops where no 100 pairs share a bin, and at 2^30 bins", "[t_cal]") {
  const auto levels = [](const std::vector<double>& c) {
    sample s(precision::float64);
    for (const double x : c) s.push_back(x, true);
    const std::string note = t_cal_test.with({.draws = 19})(s).note;
    return std::stoi(note);
  };
  std::vector<double> apart, tied(200, 0.3);
  for (int i = 0; i < 200; ++i) apart.push_back((i + 0.5) / 200);
  // 200 apart on 2^b bins: 200 (200 / 2^b - 1) / 2 pairs, about
  CHECK(levels(apart) == levels_of(apart));
  CHECK(levels(apart) == 6);
  // 2 log2(200 / sqrt(ln 200)) = 12.9
  CHECK(levels(tied) == 12);
  // 14 and 15 of a kind are 91 and 105 pairs; 2 log2(15 / sqrt(ln 15)) = 6.4
  CHECK(levels(std::vector<double>(14, 0.3)) == 1);
  CHECK(levels(std::vector<double>(15, 0.3)) == 6);
  CHECK(levels(std::vector<double>(3, 0.3)) == 1);        // 3 pairs
  CHECK(levels(std::vector<double>(200000, 0.3)) == 30);  // 31.6 by their number
}

TEST_CASE("t_cal sees gaps whose sign changes from bin to bin", "[t_cal]") {
  // Confidences in eighths, odd ones too high and even ones too low.
  std::mt19937_64 random(31);
  std::uniform_real_distribution<double> uniform;
  sample s(precision::float64);
  for (int i = 0; i < 4000; ++i) {
    const double c = 0.2 + 0.6 * uniform(random);
    const bool odd = static_cast<int>(c * 16) % 2 == 1;
    s.push_back(c, uniform(random) < c + (odd ? 0.19 : -0.19));
  }
  CHECK(t_cal_test.with({.draws = 199})(s).p == Approx(1.0 / 200));
}

TEST_CASE("t_cal is a function of the seed", "[t_cal]") {
  const sample s = sample_of(drawn_rows(200, 12, {.power = 1.05}));
  const auto of = [&](std::uint64_t seed) {
    return t_cal_test.with({.draws = 299, .seed = seed})(s);
  };
  const test_result a = of(1), b = of(1), c = of(2);
  CHECK(a.statistic == b.statistic);
  CHECK(a.p == b.p);
  CHECK(a.statistic != c.statistic);
  CHECK(a.p == Approx(c.p).margin(std::sqrt(2.0) * four_errors(a.p, 299)));
  CHECK(t_cal_test(s).p == t_cal_test.with({.draws = 1000, .seed = 0})(s).p);
}

TEST_CASE("p of t_cal is at least one in one more than the draws", "[t_cal]") {
  sample s(precision::float64);
  for (int i = 0; i < 300; ++i) s.push_back(0.5 + i / 650.0, false);
  for (const std::size_t draws : {19U, 99U, 1000U})
    CHECK(t_cal_test.with({.draws = draws})(s).p == Approx(1 / (static_cast<double>(draws) + 1)));
}

TEST_CASE("t_cal of certain and impossible outcomes", "[t_cal]") {
  sample s(precision::float64);
  for (int i = 0; i < 50; ++i) s.push_back(i % 2, i % 2 == 1);
  CHECK(t_cal_test(s).statistic == 0);
  CHECK(t_cal_test(s).p == 1);
  // Two, which make a pair: no draw has any.
  s.push_back(1, false);
  s.push_back(1, false);
  CHECK(t_cal_test(s).p == Approx(1.0 / 1001));
  CHECK(std::isfinite(t_cal_test(s).statistic));
  CHECK(t_cal_test(s).statistic > 5);
}

TEST_CASE("t_cal needs 3 samples of one weight", "[t_cal]") {
  const auto note_of = [](const std::vector<row>& rows) {
    const test_result r = t_cal_test(sample_of(rows));
    CHECK(r.name == "t_cal");
    CHECK(std::isnan(r.statistic));
    CHECK(std::isnan(r.p));
    return r.note;
  };
  CHECK(note_of({}) == "needs at least 3 samples");
  CHECK(note_of({{0.3, true}}) == "needs at least 3 samples");
  CHECK(note_of({{0.3, true}, {0.4, false}}) == "needs at least 3 samples");
  CHECK(note_of({{0.3, true}, {0.4, false}, {0.5, true, 0}}) == "needs at least 3 samples");
  CHECK(note_of({{0.3, true}, {0.4, false}, {0.5, true, 2}}) ==
        "needs samples that weigh the same");
  CHECK(t_cal_test(sample_of({{0.3, true}, {0.4, false}, {0.5, true}})).p > 0);
}

TEST_CASE("t_cal says how many draws it needs", "[t_cal]") {
  const sample s = sample_of(drawn_rows(30, 3));
  for (const std::size_t draws : {0U, 1U, 18U}) {
    CHECK_THROWS_AS(t_cal_test.with({.draws = draws})(s), option_error);
    CHECK_THROWS_WITH(t_cal_test.with({.draws = draws})(s),
                      Catch::Contains("t_cal_test()") && Catch::Contains("at least 19"));
  }
  CHECK_NOTHROW(t_cal_test.with({.draws = 19})(s));
}

// Draws that have the same statistic but for rounding are counted or not as the sums round, which
// depends on the order of tied samples.
TEST_CASE("p of t_cal does not depend on the order of tied samples", "[t_cal]") {
  int differing = 0;
  for (int hits = 196; hits <= 226; hits += 2) {
    std::vector<row> rows(300, row{0.7, false});
    for (int i = 0; i < hits; ++i) rows[static_cast<std::size_t>(i)].hit = true;
    std::vector<double> p;
    for (unsigned seed = 0; seed < 5; ++seed)
      p.push_back(t_cal_test.with({.draws = 200})(sample_of(shuffled(rows, seed))).p);
    for (const double x : p) differing += x != p[0] ? 1 : 0;
  }
  CHECK(differing == 0);
}
