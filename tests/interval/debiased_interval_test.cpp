// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// debiased_interval() against sums over all pairs of rows of different units.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
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

using namespace calibra;

namespace {

using real = long double;

struct one_row {
  double confidence;
  bool hit;
  double weight = 1;
  std::int64_t cluster = 0, stratum = 0;
};

/// Which columns a record is given.
struct columns {
  bool weights = false, clusters = false, strata = false;
};

row_record record_of(const std::vector<one_row>& rows, const columns& with) {
  row_record record(false);
  for (const one_row& r : rows) {
    record.add(r.confidence, r.hit);
    if (with.weights) record.add_weight(r.weight);
    if (with.clusters) record.add_cluster(r.cluster);
    if (with.strata) record.add_stratum(r.stratum);
  }
  return record;
}

/// The doc block, read word by word: every sum over pairs is a double loop.
struct by_pairs {
  real value = 0, off = 0, first = 0, second = 0;

  by_pairs(const std::vector<one_row>& rows, const columns& with, const binning& bins) {
    const std::size_t n = rows.size();
    std::vector<std::size_t> unit(n);
    std::vector<real> w(n), miss(n);
    std::vector<std::vector<bool>> in(bins.size(), std::vector<bool>(n));
    std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> numbers;
    std::map<std::int64_t, std::vector<std::size_t>> units_of;
    for (std::size_t i = 0; i < n; ++i) {
      const one_row& r = rows[i];
      const std::int64_t stratum = with.strata ? r.stratum : 0;
      const std::pair key(stratum, with.clusters ? r.cluster : static_cast<std::int64_t>(i));
      const auto [at, fresh] = numbers.emplace(key, numbers.size());
      unit[i] = at->second;
      if (fresh) units_of[stratum].push_back(at->second);
      w[i] = with.weights ? r.weight : 1;
      miss[i] = static_cast<real>(r.confidence) - (r.hit ? 1 : 0);
      bins.for_each_bin(r.confidence, [&](std::size_t b) { in[b][i] = true; });
    }
    const std::size_t units = numbers.size();
    real total = 0;  // of all rows that count, those in no bin too
    std::vector<bool> counts(n);
    for (std::size_t i = 0; i < n; ++i) {
      counts[i] = bins.index(rows[i].confidence) != binning::removed;
      if (counts[i]) total += w[i];
    }
    std::vector<real> gap(bins.size());
    // by bin and unit: sums of w and of w (confidence - hit)
    std::vector<std::vector<real>> weight(bins.size(), std::vector<real>(units)), sum = weight;
    std::vector<real> all(bins.size());
    std::vector<bool> used(bins.size());
    std::vector<real> root(bins.size());  // of f
    real plain = 0;
    for (std::size_t b = 0; b < bins.size(); ++b) {
      real s = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (!in[b][i]) continue;
        weight[b][unit[i]] += w[i];
        sum[b][unit[i]] += w[i] * miss[i];
        all[b] += w[i];
        s += w[i] * miss[i];
      }
      gap[b] = all[b] > 0 ? s / all[b] : 0;
    }
    for (std::size_t b = 0; b < bins.size(); ++b) {
      real products = 0, pairs = 0;
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
          if (in[b][i] && in[b][j] && unit[i] != unit[j]) {
            products += w[i] * miss[i] * w[j] * miss[j];
            pairs += w[i] * w[j];
          }
      used[b] = pairs > 0;
      if (used[b]) {
        value += all[b] / total * products / pairs;
        plain += all[b] / total * gap[b] * gap[b];
        root[b] = std::sqrt(all[b] * all[b] / pairs);
      } else {
        gap[b] = 0;  // adds nothing
      }
    }
    off = std::max<real>(0, plain - value);
    for (const auto& [stratum, members] : units_of) {
      const auto m = static_cast<real>(members.size());
      std::vector<real> influence;
      real mean = 0, squares = 0;
      for (const std::size_t u : members) {
        real x = 0;
        for (std::size_t i = 0; i < n; ++i) {
          if (unit[i] != u || !counts[i]) continue;
          x -= w[i] * value / total;
          for (std::size_t b = 0; b < bins.size(); ++b)
            if (in[b][i])
              x += w[i] * (2 * gap[b] * root[b] * (miss[i] - gap[b]) + gap[b] * gap[b]) / total;
        }
        influence.push_back(x);
        mean += x / m;
      }
      for (const real x : influence) squares += (x - mean) * (x - mean);
      first += m / (m - 1) * squares;
    }
    for (std::size_t u = 0; u < units; ++u)
      for (std::size_t v = 0; v < units; ++v) {
        if (u == v) continue;
        real inner = 0;
        for (std::size_t b = 0; b < bins.size(); ++b)
          if (used[b])
            inner += root[b] * (sum[b][u] - gap[b] * weight[b][u]) * root[b] *
                     (sum[b][v] - gap[b] * weight[b][v]) / (all[b] * total);
        second += 2 * inner * inner;
      }
  }
  real variance(real t) const { return (first + 2 * second) / (value + 2 * off) * (t + off / 2); }
  double error() const {
    return static_cast<double>(std::sqrt(variance(std::max<real>(0, value))));
  }
  /// How many standard errors of t the value lies above t.
  real z_of(real t, real z) const {
    const real c = (first + 2 * second) / (value + 2 * off), at = std::max<real>(0, value);
    const real third = c * c * (3 * at + off) / 2;  // at the value
    const real skew = (z * z - 1) / 6 * third / variance(at);
    return (value - skew - t) / std::sqrt(variance(t));
  }
};

/// Rows with ties, on a few bins, some of which stay empty or get one row.
std::vector<one_row> some_rows(std::size_t n, double bias, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform;
  std::vector<one_row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    double c = 0.3 + 0.65 * uniform(random);
    if (i % 4 == 0) c = 0.625;  // ties, off the edges
    if (i == 0) c = 0.03;       // alone in its bin
    one_row r{c, uniform(random) < c - bias};
    r.weight = static_cast<double>(1 + random() % 5) / 2;
    r.stratum = i % 5 == 0 ? -3 : i % 7 == 0 ? 12 : 4;
    r.cluster = 100 * r.stratum + static_cast<std::int64_t>(random() % (n / 6));
    rows.push_back(r);
  }
  return rows;
}

const binning five = binning::equal_width(5), fifteen = binning::equal_width(15);

}  // namespace

TEST_CASE("debiased_interval() is a sum over pairs of units", "[debiased]") {
  for (const double bias : {0.0, 0.25})
    for (const bool weights : {false, true})
      for (const bool clusters : {false, true})
        for (const bool strata : {false, true})
          for (const binning& bins : {five, fifteen, binning::equal_width(1)}) {
            INFO("bias " << bias << ", weights " << weights << ", clusters " << clusters
                         << ", strata " << strata << ", bins " << bins.size());
            const std::vector<one_row> rows = some_rows(70, bias, 31);
            const columns with{weights, clusters, strata};
            const by_pairs naive(rows, with, bins);
            const squared_interval found = debiased_interval(record_of(rows, with), bins, 0.9);
            // Differences of sums of some 70 terms below 1: roundings of 2^-53 each.
            CHECK(found.value == Approx(static_cast<double>(naive.value)).epsilon(0).margin(1e-14));
            CHECK(found.standard_error == Approx(naive.error()).epsilon(1e-10));
            constexpr double z = 1.644853626951472714864;
            const auto z_of = [&](double t) { return static_cast<double>(naive.z_of(t, z)); };
            if (found.limits.lower > 0)
              CHECK(z_of(found.limits.lower) == Approx(z).epsilon(1e-9));
            else
              CHECK(z_of(0) < z);
            CHECK(found.limits.upper > 0);
            CHECK(z_of(found.limits.upper) == Approx(-z).epsilon(1e-9));
          }
}

TEST_CASE("both orders of the variance count in these cases", "[debiased]") {
  // Of a calibrated model the first is made of the noise of the gaps, about twice the second.
  const by_pairs at_home(some_rows(70, 0, 32), {}, fifteen);
  const by_pairs away(some_rows(70, 0.5, 33), {}, fifteen);
  CHECK(at_home.second > at_home.first / 4);
  CHECK(away.first > 4 * away.second);
}

TEST_CASE("a mean of debiased_interval() over draws is the squared error", "[debiased]") {
  // Confidence 0.7 in one bin and 0.4 in another, hits with 0.6 and 0.5: errors of 0.1 and -0.1,
  // whose square is 0.01; the standard error says how far draws lie from it.
  std::mt19937_64 random(34);
  std::uniform_real_distribution<double> uniform;
  constexpr int draws = 3000;
  double sum = 0, squares = 0, variance = 0;
  for (int d = 0; d < draws; ++d) {
    std::vector<one_row> rows;
    for (int i = 0; i < 40; ++i) {
      const bool high = i % 2 == 0;
      rows.push_back({high ? 0.7 : 0.4, uniform(random) < (high ? 0.6 : 0.5)});
    }
    const squared_interval s = debiased_interval(record_of(rows, {}), five);
    sum += s.value;
    squares += (s.value - 0.01) * (s.value - 0.01);
    variance += s.standard_error * s.standard_error;
  }
  const double spread = std::sqrt(squares / draws);
  CHECK(std::abs(sum / draws - 0.01) < 4 * spread / std::sqrt(draws));
  // Of the variance at max(0, value), which lies above the truth on average: so does this.
  CHECK(variance / draws > squares / draws * 0.9);
  CHECK(variance / draws < squares / draws * 1.3);
}

TEST_CASE("limits of debiased_interval() cover as they say, near 0 too", "[debiased]") {
  // Ten bins of one confidence each, whose hits are so much off.
  std::mt19937_64 random(42);
  std::uniform_real_distribution<double> uniform;
  const binning ten = binning::equal_width(10);
  for (const double gap : {0.0, 0.05, 0.1, 0.15, 0.3}) {
    constexpr int draws = 3000;
    int below = 0, above = 0, from_zero = 0;
    for (int d = 0; d < draws; ++d) {
      std::vector<one_row> rows;
      for (int i = 0; i < 250; ++i) {
        const double c = (i % 10 + 0.5) / 10;
        const double shift = c < 0.5 ? gap : -gap;
        rows.push_back({c, uniform(random) < c + shift});
      }
      const interval_limits l = debiased_interval(record_of(rows, {}), ten).limits;
      below += gap * gap < l.lower ? 1 : 0;
      above += gap * gap > l.upper ? 1 : 0;
      from_zero += l.lower == 0 ? 1 : 0;
    }
    INFO("gap " << gap << ": " << below << " below, " << above << " above, " << from_zero
                << " from 0");
    CHECK(below + above <= 210);              // 93 %
    if (gap > 0) CHECK(below + above >= 75);  // 97.5 %, two standard errors off 97
    CHECK(below <= 120);
    CHECK(above <= 120);
    // An error that is there is seen.
    if (gap == 0.15) CHECK(from_zero < draws / 10);
    if (gap == 0.3) CHECK(from_zero == 0);
  }
}

TEST_CASE("limits of debiased_interval() where nothing is off", "[debiased]") {
  // No gap at all in what was drawn: it may still be as large as noise.
  std::vector<one_row> even;
  for (int i = 0; i < 40; ++i) even.push_back({0.5, i % 2 == 0});
  const squared_interval s = debiased_interval(record_of(even, {}), binning::equal_width(1));
  CHECK(s.value < 0);
  CHECK(s.standard_error > 0);
  CHECK(s.limits.lower == 0);
  CHECK(s.limits.upper > 0.01);
  CHECK(s.limits.upper < 0.1);
  // Gaps that do not vary.
  for (const bool hit : {false, true}) {
    const squared_interval sure = debiased_interval(
        record_of(std::vector<one_row>(20, one_row{1, hit}), {}), binning::equal_width(1));
    CHECK(sure.value == (hit ? 0 : 1));
    CHECK(sure.standard_error == 0);
    CHECK(sure.limits == interval_limits{sure.value, sure.value});
  }
  // At a level that says next to nothing the value is still there.
  const squared_interval narrow =
      debiased_interval(record_of(some_rows(70, 0.25, 43), {}), fifteen, 0.01);
  CHECK(narrow.limits.lower <= narrow.value);
  CHECK(narrow.limits.upper >= narrow.value);
}

TEST_CASE("debiased_interval() with nothing to go by", "[debiased]") {
  const squared_interval none = debiased_interval(record_of({}, {}), fifteen);
  CHECK(std::isnan(none.value));
  CHECK(std::isnan(none.standard_error));
  CHECK(std::isnan(none.limits.lower));
  CHECK(std::isnan(none.limits.upper));
  const squared_interval weightless =
      debiased_interval(record_of({{0.5, true, 0}, {0.6, false, 0}}, {.weights = true}), fifteen);
  CHECK(std::isnan(weightless.value));
  CHECK(std::isnan(weightless.limits.upper));
  // Every bin has one unit.
  const squared_interval lonely =
      debiased_interval(record_of({{0.1, true}, {0.3, false}, {0.5, true}}, {}), fifteen);
  CHECK(std::isnan(lonely.value));
  CHECK(std::isnan(lonely.standard_error));
  CHECK(std::isnan(lonely.limits.upper));
}

TEST_CASE("debiased_interval() of one unit does not pretend to know", "[debiased]") {
  for (const bool clusters : {false, true}) {
    std::vector<one_row> rows{{0.9, false, 1, 5}};
    if (clusters) rows = {{0.9, false, 1, 5}, {0.9, false, 1, 5}, {0.2, true, 1, 5}};
    const squared_interval one =
        debiased_interval(record_of(rows, {.clusters = clusters}), fifteen);
    CHECK(std::isnan(one.value));
    CHECK(std::isnan(one.standard_error));
    CHECK(std::isnan(one.limits.lower));
    CHECK(std::isnan(one.limits.upper));
  }
  // A stratum of one unit beside another of many.
  std::vector<one_row> rows = some_rows(40, 0.3, 35);
  for (one_row& r : rows) r.stratum = 1;
  rows[7].stratum = 2;
  const squared_interval s = debiased_interval(record_of(rows, {.strata = true}), fifteen);
  CHECK(s.value > 0.01);
  CHECK(std::isnan(s.standard_error));
  CHECK(std::isnan(s.limits.lower));
  CHECK(std::isnan(s.limits.upper));
}

TEST_CASE("the scale of weights does not change debiased_interval()", "[debiased]") {
  std::vector<one_row> rows = some_rows(70, 0, 36);
  const squared_interval plain = debiased_interval(record_of(rows, {.weights = true}), fifteen);
  for (const double scale : {0x1p-80, 0x1p80}) {
    std::vector<one_row> scaled = rows;
    for (one_row& r : scaled) r.weight *= scale;
    const squared_interval s = debiased_interval(record_of(scaled, {.weights = true}), fifteen);
    CHECK(s.value == Approx(plain.value).epsilon(1e-12));
    CHECK(s.standard_error == Approx(plain.standard_error).epsilon(1e-12));
  }
}

TEST_CASE("weights as small and as large as options take do not change debiased_interval()",
          "[debiased]") {
  std::vector<one_row> rows = some_rows(70, 0, 36);
  const squared_interval plain = debiased_interval(record_of(rows, {.weights = true}), fifteen);
  for (const double scale : {1e-99, 1e-90, 1e90, 1e99}) {
    std::vector<one_row> scaled = rows;
    for (one_row& r : scaled) r.weight *= scale;
    const squared_interval s = debiased_interval(record_of(scaled, {.weights = true}), fifteen);
    INFO(scale);
    CHECK(s.value == Approx(plain.value).epsilon(1e-12));
    CHECK(s.standard_error == Approx(plain.standard_error).epsilon(1e-12));
  }
}

TEST_CASE("rows of weight 0 do not change debiased_interval()", "[debiased]") {
  const drawn<double> d(60, 3, 37), kept = d.part(0, 40);
  std::vector<double> w(60), some_w(40);
  for (std::size_t i = 0; i < 40; ++i) some_w[i] = w[i] = 1 + static_cast<double>(i % 3);
  const auto of = [](const drawn<double>& x, const std::vector<double>& weights) {
    return debiased_interval(
        *evidence_of(logits(x.z), x.labels, {ece}, {.weights = weights, .keep_rows = true}).rows,
        fifteen);
  };
  const squared_interval all = of(d, w), some = of(kept, some_w);
  CHECK(all.value == some.value);
  CHECK(all.standard_error == some.standard_error);
}

TEST_CASE("the level of debiased_interval() is checked", "[debiased]") {
  const row_record rows = record_of(some_rows(10, 0, 38), {});
  for (const double level : {0.0, 1.0, -0.5, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(debiased_interval(rows, fifteen, level), option_error);
    CHECK_THROWS_WITH(debiased_interval(rows, fifteen, level),
                      Catch::Contains("debiased_interval()") && Catch::Contains("(0, 1)"));
  }
}

namespace {

/// Confidences below 0.5 lie in no bin; [0.6, 0.8) is in two.
struct holes_and_overlaps {
  bool holes = true;
  std::size_t size() const { return 2; }
  std::ptrdiff_t index(double c) const {
    if (holes && c < 0.5) return binning::none;
    return c < 0.8 ? 0 : 1;
  }
  std::ptrdiff_t second(double c) const {
    return !holes && c >= 0.6 && c < 0.8 ? 1 : binning::none;
  }
  double lower(std::size_t b) const { return b == 0 ? 0.5 : 0.6; }
  double upper(std::size_t b) const { return b == 0 ? 0.8 : 1; }
  std::string describe() const { return holes ? "holes" : "overlaps"; }
};
/// What is below 0.6 does not count at all.
struct removing {
  std::size_t size() const { return 2; }
  std::ptrdiff_t index(double c) const { return c < 0.6 ? binning::removed : c < 0.8 ? 0 : 1; }
  double lower(std::size_t b) const { return b == 0 ? 0.6 : 0.8; }
  double upper(std::size_t b) const { return b == 0 ? 0.8 : 1; }
  std::string describe() const { return "removing"; }
};

}  // namespace

TEST_CASE("rows in no bin, removed and in two bins are in debiased_interval() as it says",
          "[debiased]") {
  for (const bool clusters : {false, true})
    for (const binning& bins : {binning(holes_and_overlaps{true}), binning(removing{})}) {
      const columns with{.weights = true, .clusters = clusters};
      const std::vector<one_row> rows = some_rows(70, 0.2, 40);
      const by_pairs naive(rows, with, bins);
      const squared_interval found = debiased_interval(record_of(rows, with), bins);
      INFO(bins.describe());
      CHECK(found.value == Approx(static_cast<double>(naive.value)).epsilon(0).margin(1e-14));
      CHECK(found.standard_error == Approx(naive.error()).epsilon(1e-10));
    }
}

TEST_CASE("rows in two bins weigh once in the influences of debiased_interval()", "[debiased]") {
  const binning bins = holes_and_overlaps{false};
  const std::vector<one_row> rows = some_rows(70, 0.4, 41);
  const by_pairs naive(rows, {}, bins);
  const squared_interval found = debiased_interval(record_of(rows, {}), bins);
  CHECK(found.value == Approx(static_cast<double>(naive.value)).epsilon(0).margin(1e-14));
  CHECK(found.standard_error == Approx(naive.error()).epsilon(1e-10));
}

TEST_CASE("debiased_interval() weighs bins as debiased_squared_l2() does", "[debiased]") {
  // One confidence a bin, where both estimates are the same number.
  std::vector<one_row> rows;
  for (int i = 0; i < 20; ++i) {
    rows.push_back({0.25, i % 4 == 0});
    rows.push_back({0.7, i % 4 != 0});
    rows.push_back({0.9, i % 2 == 0});
  }
  for (const bool holes : {true, false}) {
    const binning bins = holes_and_overlaps{holes};
    reliability_table table(bins);
    for (const one_row& r : rows) table.add(r.confidence, r.hit);
    INFO(bins.describe());
    if (holes)
      CHECK(debiased_interval(record_of(rows, {}), bins).value ==
            Approx(debiased_squared_l2(table)).epsilon(1e-12));
    else  // bins of several confidences: within some 1 / n of each other
      CHECK(debiased_interval(record_of(rows, {}), bins).value ==
            Approx(debiased_squared_l2(table)).epsilon(0.05));
  }
}

TEST_CASE("debiased_l2 carries debiased_interval()", "[debiased]") {
  const drawn<double> d(500, 4, 39);
  const std::vector<double>& w = d.weights;
  for (const bool weighted : {false, true}) {
    options o{.bins = 10, .keep_rows = true};
    if (weighted) o.weights = w;
    const evidence e = evidence_of(logits(d.z), d.labels, {debiased_l2}, o);
    const squared_interval s = debiased_interval(*e.rows, binning::equal_width(10), 0.8);
    const interval_report r = intervals(logits(d.z), d.labels, {debiased_l2}, o, {.level = 0.8});
    const metric_interval& i = r["debiased_l2"];
    CHECK(r.replicates == 0);
    CHECK(i.method == "analytic");
    CHECK(i.value == debiased_l2(logits(d.z), d.labels, o));
    CHECK(i.lower == std::sqrt(s.limits.lower));
    CHECK(i.upper == std::sqrt(s.limits.upper));
    REQUIRE(s.value > 0);
    CHECK(i.standard_error == Approx(s.standard_error / (2 * std::sqrt(s.value))).epsilon(1e-14));
  }
}
