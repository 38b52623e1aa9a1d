// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What a calibrated model of this size shows, and Wilson's interval of a share.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <random>
#include <utility>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/interval/debiased_interval.hpp"
#include "calibra/interval/evidence_replicates.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/table/noise_floor.hpp"
#include "drawn.hpp"
#include "naive.hpp"

using namespace calibra;

namespace {

using real = long double;

/// Sums of a few terms in double.
Approx near(real x) {
  return Approx(static_cast<double>(x)).epsilon(1e-13).margin(1e-16);
}

struct floors {
  real ece = 0, square = 0;
};
/// The formulas, on a table of plain sums.
floors naive_floors(const naive::table& t) {
  floors f;
  for (const naive::bin& b : t.bins) {
    if (!(b.weight > 0)) continue;
    const real c = b.confidence / b.weight, share = b.weight / t.total();
    const real n = b.weight * b.weight / b.squares;
    f.ece += share * std::sqrt(2 * c * (1 - c) / (std::numbers::pi_v<real> * n));
    f.square += share * c * (1 - c) / n;
  }
  return f;
}

reliability_table table_of(const std::vector<naive::pair>& pairs, const binning& bins) {
  reliability_table t(bins);
  for (const naive::pair& p : pairs) t.add(p.confidence, p.hit, p.weight);
  return t;
}

/// Pairs whose hits are drawn with their confidence.
std::vector<naive::pair> calibrated(const std::vector<double>& confidences,
                                    std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform;
  std::vector<naive::pair> pairs;
  for (const double c : confidences) pairs.push_back({c, uniform(random) < c});
  return pairs;
}

/// E|X - n p| of X that is binomial: De Moivre's 2 k C(n, k) p^k (1 - p)^(n - k + 1), k = floor(n
/// p)
/// + 1.
real mean_deviation(real n, real p) {
  const real k = std::floor(n * p) + 1;
  if (k > n) return 0;
  return 2 * k *
         std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                  k * std::log(p) + (n - k + 1) * std::log1p(-p));
}

}  // namespace

TEST_CASE("noise floors are their formulas", "[noise_floor]") {
  std::mt19937_64 random(51);
  std::uniform_real_distribution<double> uniform;
  for (const bool weighted : {false, true})
    for (const std::size_t bins : {1U, 10U, 60U}) {  // some of 60 stay empty, some hold one
      std::vector<naive::pair> pairs;
      for (int i = 0; i < 90; ++i) {
        const double c = i == 0 ? 0 : i == 1 ? 1 : uniform(random);
        pairs.push_back(
            {c, uniform(random) < 0.5, weighted ? static_cast<double>(random() % 4) / 3 : 1.0});
      }
      std::vector<double> edges;
      for (std::size_t k = 0; k <= bins; ++k)
        edges.push_back(static_cast<double>(k) / static_cast<double>(bins));
      const floors f = naive_floors({pairs, edges});
      const reliability_table t = table_of(pairs, binning::equal_width(bins));
      CHECK(ece_noise_floor(t) == near(f.ece));
      CHECK(rmsce_noise_floor(t) == near(std::sqrt(f.square)));
      CHECK(ece_noise_floor(t) < 0.4);
      CHECK(ece_noise_floor(t) <= rmsce_noise_floor(t));
    }
  // one bin, one half, one row: the most that there is
  reliability_table one(binning::equal_width(1));
  one.add(0.5, true);
  CHECK(ece_noise_floor(one) == near(std::sqrt(1 / (2 * std::numbers::pi_v<real>))));
  CHECK(rmsce_noise_floor(one) == near(0.5));
  // certain of all
  reliability_table sure(binning::equal_width(1));
  sure.add(1, true);
  sure.add(1, false);
  CHECK(ece_noise_floor(sure) == 0);
  CHECK(rmsce_noise_floor(sure) == 0);
}

TEST_CASE("samples in no bin are part of the total of a noise floor", "[noise_floor]") {
  reliability_table t(binning::equal_width(2));
  for (int i = 0; i < 10; ++i) t.add(0.25, i < 2);
  const double ece_alone = ece_noise_floor(t), rmsce_alone = rmsce_noise_floor(t);
  for (int i = 0; i < 30; ++i) t.add_outside(0.75, true, 1);
  CHECK(ece_noise_floor(t) == near(static_cast<real>(ece_alone) / 4));
  CHECK(rmsce_noise_floor(t) == near(static_cast<real>(rmsce_alone) / 2));
}

TEST_CASE("noise floors of no samples are NaN", "[noise_floor]") {
  reliability_table t(binning::equal_width(15));
  CHECK(std::isnan(ece_noise_floor(t)));
  CHECK(std::isnan(rmsce_noise_floor(t)));
  t.add(0.5, true, 0);
  CHECK(std::isnan(ece_noise_floor(t)));
  CHECK(std::isnan(rmsce_noise_floor(t)));
}

TEST_CASE("calibrated models show the noise floor", "[noise_floor]") {
  constexpr int tables = 400;
  struct problem {
    const char* name;
    std::vector<double> confidences;
    std::size_t bins;
  };
  std::mt19937_64 random(52);
  std::uniform_real_distribution<double> uniform;
  std::vector<problem> problems(3);
  problems[0] = {"one confidence a bin", {}, 10};
  for (int i = 0; i < 600; ++i)
    problems[0].confidences.push_back(0.05 + 0.1 * static_cast<double>(i % 10));
  problems[1] = {"spread over the bins", {}, 15};
  for (int i = 0; i < 600; ++i) problems[1].confidences.push_back(uniform(random));
  problems[2] = {"few rows, sure of most", {}, 15};
  for (int i = 0; i < 150; ++i)
    problems[2].confidences.push_back(1 - 0.9 * uniform(random) * uniform(random));
  for (const problem& p : problems) {
    INFO(p.name);
    const binning bins = binning::equal_width(p.bins);
    double sum = 0, squares = 0, square_sum = 0, square_squares = 0;
    for (int t = 0; t < tables; ++t) {
      const reliability_table table = table_of(calibrated(p.confidences, random), bins);
      const double e = ece(table), r = rmsce(table) * rmsce(table);
      sum += e;
      squares += e * e;
      square_sum += r;
      square_squares += r * r;
    }
    const reliability_table table = table_of(calibrated(p.confidences, random), bins);
    const double mean = sum / tables, square = square_sum / tables;
    const double error = std::sqrt((squares / tables - mean * mean) / (tables - 1)),
                 square_error =
                     std::sqrt((square_squares / tables - square * square) / (tables - 1));
    // The floor takes every row of a bin for one of its mean confidence. That of the rows
    // themselves is less by the variance of confidences within the bin, over n: in squares exactly.
    // Beside it the normal distribution stands for the binomial: how much that is off is known.
    std::vector<std::vector<double>> of_bin(p.bins);
    for (const double c : p.confidences)
      of_bin[static_cast<std::size_t>(bins.index(c))].push_back(c);
    real spread = 0, spread_square = 0, normal = 0;
    for (const std::vector<double>& in : of_bin) {
      if (in.empty()) continue;
      const auto n = static_cast<real>(in.size()),
                 share = n / static_cast<real>(p.confidences.size());
      real m = 0, own = 0;
      for (const double c : in) {
        m += static_cast<real>(c) / n;
        own += static_cast<real>(c) * (1 - static_cast<real>(c)) / n;
      }
      const real v = m * (1 - m);
      spread_square += share * (v - own) / n;
      spread +=
          share * (std::sqrt(v) - std::sqrt(own)) * std::sqrt(2 / (std::numbers::pi_v<real> * n));
      normal += share * std::abs(mean_deviation(n, m) / n -
                                 std::sqrt(2 * v / (std::numbers::pi_v<real> * n)));
    }
    const double floor = ece_noise_floor(table), allowed = static_cast<double>(spread + normal);
    // the allowances say less than a quarter
    CHECK(allowed < 0.25 * floor);
    CHECK(std::abs(mean - floor) < 4 * error + allowed);
    const double floor_square = rmsce_noise_floor(table) * rmsce_noise_floor(table);
    CHECK(std::abs(square - (floor_square - static_cast<double>(spread_square))) <
          4 * square_error);
    CHECK(static_cast<double>(spread_square) < 0.1 * floor_square);
  }
}

TEST_CASE("samples_for_floor() is where the floor comes down to it", "[noise_floor]") {
  std::mt19937_64 random(53);
  std::vector<double> c;
  for (int i = 0; i < 40; ++i) c.push_back(static_cast<double>(i % 8) / 8 + 0.05);
  const std::vector<naive::pair> pairs = calibrated(c, random);
  const reliability_table table = table_of(pairs, binning::equal_width(8));
  const double now = ece_noise_floor(table);
  CHECK(samples_for_floor(table, now * (1 + 1e-9)) == 40);
  CHECK(samples_for_floor(table, now / 2 * (1 + 1e-9)) == 160);
  for (const double floor : {0.001, 0.01, 0.05, 0.2}) {
    const double ratio = now / floor;
    CHECK(samples_for_floor(table, floor) == std::ceil(40 * ratio * ratio));
  }
  // As many of the same kind show it: 25 times the table.
  reliability_table more(binning::equal_width(8));
  for (int i = 0; i < 25; ++i) more += table;
  CHECK(samples_for_floor(table, ece_noise_floor(more) * (1 + 1e-9)) == 1000);
  CHECK(samples_for_floor(more, ece_noise_floor(more) * (1 + 1e-9)) == 1000);
  for (const double floor : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(samples_for_floor(table, floor), option_error);
    CHECK_THROWS_WITH(samples_for_floor(table, floor), Catch::Contains("samples_for_floor()"));
  }
  CHECK(std::isnan(samples_for_floor(reliability_table(binning::equal_width(8)), 0.1)));
}

TEST_CASE("ece and rmsce carry their noise floor, and no other metric", "[noise_floor]") {
  const drawn<double> d(200, 4, 54);
  for (const bin_scheme scheme : {bin_scheme::equal_width, bin_scheme::equal_mass}) {
    const interval_report r =
        intervals(logits(d.z), d.labels, {accuracy, ece, mce, rmsce, ks_error}, {.scheme = scheme},
                  {.replicates = 40});
    for (const metric_interval& i : r) {
      INFO(i.name);
      if (i.name == "ece")
        CHECK(i.floor == ece_noise_floor(r.values.table));
      else if (i.name == "rmsce")
        CHECK(i.floor == rmsce_noise_floor(r.values.table));
      else
        CHECK(std::isnan(i.floor));
    }
  }
  const interval_report none =
      intervals(confidences(std::vector<double>(), std::vector<int>()), {ece, rmsce});
  CHECK(std::isnan(none["ece"].floor));
  CHECK(std::isnan(none["rmsce"].floor));
}

TEST_CASE("limits of wilson_interval() are where the share is z away", "[wilson]") {
  const std::pair<double, double> levels[] = {{0.95, 1.959963984540054}, {0.5, 0.6744897501960817}};
  for (const auto& [level, z] : levels)
    for (const double n : {0.5, 1.0, 7.25, 100.0, 1e6})
      for (const double share : {0.0, 1e-3, 0.3, 0.5, 0.97, 1.0}) {
        INFO("share " << share << ", n " << n << ", level " << level);
        const interval_limits w = wilson_interval(share, n, level);
        CHECK(w.lower >= 0);
        CHECK(w.upper <= 1);
        CHECK(w.lower <= share);
        CHECK(w.upper >= share);
        for (const double p : {w.lower, w.upper}) {
          // Both sides are small differences where p nears the share, 0 or 1: of numbers up to 1,
          // a few roundings off.
          const double left = (share - p) * (share - p), right = z * z * p * (1 - p) / n;
          CHECK(left == Approx(right).epsilon(1e-9).margin(1e-15 * (1 + z * z / n)));
        }
        // in the mirror
        const interval_limits m = wilson_interval(1 - share, n, level);
        CHECK(m.lower == Approx(1 - w.upper).epsilon(1e-9).margin(1e-15));
        CHECK(m.upper == Approx(1 - w.lower).epsilon(1e-9).margin(1e-15));
      }
  CHECK(wilson_interval(0.3, 20) == wilson_interval(0.3, 20, 0.95));
}

TEST_CASE("wilson_interval() of shares 0 and 1", "[wilson]") {
  const double z = 1.959963984540054;
  for (const double n : {1.0, 10.0, 1000.0}) {
    const interval_limits none = wilson_interval(0, n), all = wilson_interval(1, n);
    CHECK(none.lower == 0);
    CHECK(none.upper == Approx(z * z / (n + z * z)).epsilon(1e-13));
    CHECK(all.upper == Approx(1).epsilon(1e-15));
    CHECK(all.lower == Approx(n / (n + z * z)).epsilon(1e-13));
  }
  bool within = true;  // whatever the rounding
  for (double n = 1; n < 2000; ++n) within = within && wilson_interval(1, n).upper <= 1;
  CHECK(within);
}

TEST_CASE("wilson_interval() of no samples is NaN, and nonsense an error", "[wilson]") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(wilson_interval(0.5, 0).lower));
  CHECK(std::isnan(wilson_interval(0.5, 0).upper));
  CHECK(std::isnan(wilson_interval(nan, 0).upper));  // the share of no samples
  for (const double share : {-0.1, 1.1, nan})
    CHECK_THROWS_WITH(wilson_interval(share, 10),
                      Catch::Contains("wilson_interval()") && Catch::Contains("[0, 1]"));
  for (const double n : {-1.0, nan})
    CHECK_THROWS_WITH(wilson_interval(0.5, n),
                      Catch::Contains("wilson_interval()") && Catch::Contains("n >= 0"));
  for (const double level : {0.0, 1.0, -1.0, 2.0, nan}) {
    CHECK_THROWS_AS(wilson_interval(0.5, 10, level), option_error);
    CHECK_THROWS_WITH(wilson_interval(0.5, 10, level),
                      Catch::Contains("wilson_interval()") && Catch::Contains("(0, 1)"));
  }
}

TEST_CASE("bin_interval() is Wilson's of the bin's accuracy", "[wilson]") {
  reliability_table t(binning::equal_width(3));
  for (int i = 0; i < 12; ++i) t.add(0.1, i < 3);
  for (int i = 0; i < 5; ++i) t.add(0.9, i < 4, i == 0 ? 3 : 1);
  CHECK(bin_interval(t, 0) == wilson_interval(0.25, 12));
  CHECK(bin_interval(t, 0, 0.5) == wilson_interval(0.25, 12, 0.5));
  CHECK(std::isnan(bin_interval(t, 1).lower));
  CHECK(std::isnan(bin_interval(t, 1).upper));
  // weights: (3 + 4)^2 / (9 + 4) samples
  CHECK(bin_interval(t, 2) == wilson_interval(6.0 / 7, 49.0 / 13));
  CHECK_THROWS_AS(bin_interval(t, 0, 1), option_error);
}
