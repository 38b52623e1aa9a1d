// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// calibration_monitor: the e-value while samples come in.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/hypothesis/e_value.hpp"
#include "constants.hpp"
#include "pairs.hpp"

using namespace calibra;
using calibra::test::infinity;

namespace {

calibration_monitor of(const std::vector<row>& rows) {
  calibration_monitor m;
  for (const row& r : rows) m.add(r.c, r.hit);
  return m;
}

/// The mean over shifts of products of likelihood ratios: long double does not overflow here.
real naive_e(const std::vector<row>& rows) {
  real mean = 0;
  for (const real d : {-1.0L, -0.5L, -0.25L, -0.1L, 0.1L, 0.25L, 0.5L, 1.0L}) {
    real product = 1;
    for (const row& r : rows) {
      const real c = r.c;
      if (c == 0 || c == 1) continue;
      const real q = 1 / (1 + std::exp(-(std::log(c / (1 - c)) + d)));
      product *= r.hit ? q / c : (1 - q) / (1 - c);
    }
    mean += product / 8;
  }
  return mean;
}

}  // namespace

TEST_CASE("the e-value is the mean of products of likelihood ratios", "[monitor]") {
  for (const std::size_t n : {0U, 1U, 2U, 30U, 400U})
    for (const double power : {0.6, 1.0, 1.5}) {
      INFO(n << " " << power);
      const std::vector<row> rows = drawn_rows(n, static_cast<unsigned>(n) + 3, {.power = power});
      const calibration_monitor m = of(rows);
      const double e = static_cast<double>(naive_e(rows));
      CHECK(m.count() == n);
      CHECK(m.e_value() == Approx(e).epsilon(1e-12));
      CHECK(m.log_e_value() == Approx(std::log(e)).margin(1e-12));
      CHECK(m.p() == Approx(std::min(1.0, 1 / e)).epsilon(1e-12));
      CHECK(m.p() <= 1);
    }
}

TEST_CASE("nothing seen is no evidence", "[monitor]") {
  const calibration_monitor m;
  CHECK(m.count() == 0);
  CHECK(m.e_value() == 1);
  CHECK(m.log_e_value() == 0);
  CHECK(m.p() == 1);
}

TEST_CASE("confidences near 0 and 1 lose no digits", "[monitor]") {
  // 1 - c is the nearest double, so that the likelihood of a miss at c is that of a hit at 1 - c
  // where both are exact.
  for (const int power : {2, 10, 30, 50, 53}) {
    const double tiny = std::ldexp(1.0, -power);
    INFO(tiny);
    for (const bool hit : {false, true}) {
      CHECK(of({{tiny, hit}}).e_value() ==
            Approx(static_cast<double>(naive_e({{tiny, hit}}))).epsilon(1e-12));
      CHECK(of({{1 - tiny, !hit}}).e_value() == Approx(of({{tiny, hit}}).e_value()).epsilon(1e-12));
    }
  }
  // A hit at the least double: every shift takes its probability by e^d.
  double mean = 0;
  for (const double d : {1.0, 0.5, 0.25, 0.1}) mean += 2 * std::cosh(d) / 8;
  CHECK(of({{5e-324, true}}).e_value() == Approx(mean));
  CHECK(of({{5e-324, false}}).e_value() == Approx(1));
}

TEST_CASE("streams add up", "[monitor]") {
  const std::vector<row> rows = drawn_rows(1000, 8, {.power = 1.2});
  const calibration_monitor whole = of(rows);
  for (const std::size_t cut : {0U, 1U, 333U, 999U, 1000U}) {
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(cut);
    calibration_monitor first = of({rows.begin(), middle});
    const calibration_monitor second = of({middle, rows.end()});
    first += second;
    INFO(cut);
    CHECK(first.count() == 1000);
    CHECK(first.log_e_value() == Approx(whole.log_e_value()).margin(1e-12));
    CHECK(first.p() == Approx(whole.p()).epsilon(1e-11));
  }
  calibration_monitor twice = whole;
  twice += twice;
  std::vector<row> both = rows;
  both.insert(both.end(), rows.begin(), rows.end());
  CHECK(twice.count() == 2000);
  CHECK(twice.log_e_value() == Approx(of(both).log_e_value()).margin(1e-11));
}

TEST_CASE("certain outcomes change nothing and impossible ones end it", "[monitor]") {
  const std::vector<row> rows = drawn_rows(40, 9);
  const calibration_monitor before = of(rows);
  calibration_monitor m = before;
  m.add(0, false);
  m.add(1, true);
  CHECK(m.count() == 42);
  CHECK(m.log_e_value() == before.log_e_value());
  for (const bool hit : {false, true}) {
    calibration_monitor ended = before;
    ended.add(hit ? 0 : 1, hit);
    CHECK(ended.e_value() == infinity);
    CHECK(ended.log_e_value() == infinity);
    CHECK(ended.p() == 0);
    ended.add(0.5, true);
    CHECK(ended.e_value() == infinity);
    // and it is not forgotten where streams are added, whichever way
    calibration_monitor other = before;
    other += ended;
    CHECK(other.e_value() == infinity);
    ended += before;
    CHECK(ended.e_value() == infinity);
    CHECK(ended.count() == 82);
  }
}

TEST_CASE("a confidence outside [0, 1] is an error and is not counted", "[monitor]") {
  calibration_monitor m = of(drawn_rows(10, 10));
  const double before = m.log_e_value();
  for (const double c : {-0.1, 1.1, -infinity, infinity, std::nan(""), std::nextafter(1.0, 2.0)}) {
    INFO(c);
    CHECK_THROWS_AS(m.add(c, true), value_error);
    CHECK_THROWS_WITH(m.add(c, false), Catch::Contains("calibration_monitor"));
  }
  CHECK(m.count() == 10);
  CHECK(m.log_e_value() == before);
}

TEST_CASE("an e-value that overflows still has a logarithm", "[monitor]") {
  calibration_monitor m;
  for (int i = 0; i < 5000; ++i) m.add(0.1, true);
  // The shift by 1 is all: 0.1 becomes e / (9 + e).
  const double ratio = std::exp(1.0) / (9 + std::exp(1.0)) / 0.1;
  CHECK(m.log_e_value() == Approx(5000 * std::log(ratio) - std::log(8.0)).epsilon(1e-12));
  CHECK(m.e_value() == infinity);
  CHECK(m.p() == 0);
}

TEST_CASE("of calibrated streams few ever reach an e-value of 20", "[monitor]") {
  constexpr int streams = 1000;
  std::mt19937_64 random(2024);
  std::uniform_real_distribution<double> uniform;
  const auto share = [&](double power) {
    int reached = 0;
    for (int s = 0; s < streams; ++s) {
      calibration_monitor m;
      double most = 0;
      for (int i = 0; i < 200; ++i) {
        const double c = 0.05 + 0.9 * uniform(random);
        m.add(c, uniform(random) < std::pow(c, power));
        most = std::max(most, m.log_e_value());
      }
      reached += most >= std::log(20) ? 1 : 0;
    }
    return static_cast<double>(reached) / streams;
  };
  const double calibrated = share(1);
  CHECK(calibrated <= 0.05 + four_errors(0.05, streams));
  CHECK(calibrated > 0.002);  // the bound is not far from what happens
  CHECK(share(1.7) > 0.9);
}

TEST_CASE("the mean e-value of calibrated outcomes is 1", "[monitor]") {
  // Over all outcomes of a few samples, each with its probability: exactly.
  const std::vector<double> c{0.11, 0.35, 0.5, 0.62, 0.8, 0.97, 0.2, 0.66};
  real mean = 0;
  for (unsigned outcome = 0; outcome < 256; ++outcome) {
    calibration_monitor m;
    real probability = 1;
    for (std::size_t i = 0; i < 8; ++i) {
      const bool hit = ((outcome >> i) & 1U) != 0;
      m.add(c[i], hit);
      probability *= hit ? static_cast<real>(c[i]) : 1 - static_cast<real>(c[i]);
    }
    mean += probability * static_cast<real>(m.e_value());
  }
  CHECK(static_cast<double>(mean) == Approx(1).epsilon(1e-13));
}
