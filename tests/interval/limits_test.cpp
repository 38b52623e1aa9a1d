// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// How limits are read off replicates, against the values of the replicates themselves.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
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

/// Values of a metric on replicates, and without each of some groups.
struct values_on {
  std::vector<double> drawn, without;
};
values_on values_of(const any_metric& m, const evidence& whole, std::uint64_t seed,
                    std::size_t replicates) {
  const evidence_replicates draws(whole, seed);
  evidence_replicates::workspace room;
  values_on v;
  for (std::uint64_t r = 0; r < replicates; ++r)
    v.drawn.push_back(m.of(evidence_view(draws.draw(r, room), m.needs())));
  const std::size_t groups = std::min<std::size_t>(draws.units(), 200);
  const std::vector<std::uint8_t> group = draws.groups(static_cast<std::uint8_t>(groups));
  for (std::size_t g = 0; g < groups; ++g) {
    std::vector<std::uint8_t> rest;
    for (const std::uint8_t own : group) rest.push_back(own == g ? 0 : 1);
    v.without.push_back(m.of(evidence_view(draws.repeated(rest, room), m.needs())));
  }
  return v;
}

/// The value that a share q of n values lies below: the i-th smallest of n, counted from 1, stands
/// for i / (n + 1), and between two of them it is a straight line.
double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  if (q * (n + 1) <= 1) return values.front();
  if (q * (n + 1) >= n) return values.back();
  std::size_t i = 1;
  while (static_cast<double>(i + 1) <= q * (n + 1)) ++i;
  const double part = q * (n + 1) - static_cast<double>(i);
  return (1 - part) * values[i - 1] + part * values[i];
}

struct expected {
  double lower, upper;
};
expected percentile(const values_on& v, double level) {
  return {quantile(v.drawn, (1 - level) / 2), quantile(v.drawn, (1 + level) / 2)};
}
expected basic(const values_on& v, double value, double level) {
  const expected q = percentile(v, level);
  return {2 * value - q.upper, 2 * value - q.lower};
}
/// Efron 1987: z0 of the share of replicates below the value (ties count half), a sixth of the
/// skewness of the jackknife.
expected bca(const values_on& v, double value, double level) {
  double below = 0;
  for (const double x : v.drawn) below += x < value ? 1 : x == value ? 0.5 : 0;
  const double z0 = detail::normal_quantile(below / static_cast<double>(v.drawn.size()));
  real mean = 0, squares = 0, cubes = 0;
  for (const double x : v.without) mean += static_cast<real>(x) / v.without.size();
  for (const double x : v.without) {
    squares += std::pow(mean - x, real{2});
    cubes += std::pow(mean - x, real{3});
  }
  const auto a = static_cast<double>(cubes / (6 * std::pow(squares, real{1.5})));
  const auto at = [&](double q) {
    const double z = z0 + detail::normal_quantile(q);
    return quantile(v.drawn, detail::normal_cdf(z0 + z / (1 - a * z)));
  };
  return {at((1 - level) / 2), at((1 + level) / 2)};
}
double deviation(const std::vector<double>& values) {
  real mean = 0, squares = 0;
  for (const double x : values) mean += static_cast<real>(x) / values.size();
  for (const double x : values) squares += (x - mean) * (x - mean);
  return static_cast<double>(std::sqrt(squares / static_cast<real>(values.size() - 1)));
}

/// Interpolation between replicates and sums over them, in another order: a few roundings each.
Approx near(double x) {
  return Approx(x).epsilon(1e-12).margin(1e-15);
}

}  // namespace

TEST_CASE("limits are those of the replicates' values", "[limits]") {
  drawn<double> d(300, 4, 61);
  for (std::vector<double>& z : d.z)
    for (double& x : z) x *= 1.5;  // overconfident, so that no limit is cut off
  for (const bool weighted : {false, true}) {
    options o{.keep_rows = true};
    if (weighted) o.weights = d.weights;
    const metric_list list{ece, ks_error};
    const evidence whole = evidence_of(logits(d.z), d.labels, list, o);
    for (const std::uint64_t seed : {0U, 7U}) {
      const values_on of_ece = values_of(ece, whole, seed, 157),
                      of_ks = values_of(ks_error, whole, seed, 157);
      for (const double level : {0.95, 0.6}) {
        for (const interval_kind kind :
             {interval_kind::basic, interval_kind::percentile, interval_kind::bca}) {
          const interval_report r =
              intervals(logits(d.z), d.labels, list, o,
                        {.replicates = 157, .level = level, .seed = seed, .kind = kind});
          CHECK(r.replicates == 157);
          CHECK(r.level == level);
          for (const char* name : {"ece", "ks_error"}) {
            const metric_interval& i = r[name];
            const values_on& v = name == std::string("ece") ? of_ece : of_ks;
            INFO(name << " " << i.method << " " << level);
            const expected e = kind == interval_kind::basic        ? basic(v, i.value, level)
                               : kind == interval_kind::percentile ? percentile(v, level)
                                                                   : bca(v, i.value, level);
            REQUIRE(e.lower > 0);
            CHECK(i.lower == near(e.lower));
            CHECK(i.upper == near(e.upper));
            CHECK(i.standard_error == near(deviation(v.drawn)));
            CHECK(i.method == (kind == interval_kind::basic        ? "basic"
                               : kind == interval_kind::percentile ? "percentile"
                                                                   : "bca"));
            CHECK(i.note == "");
          }
        }
      }
    }
  }
}

TEST_CASE("limits of clusters and strata are those of their replicates", "[limits]") {
  const drawn<double> d(300, 4, 62);
  std::vector<std::int64_t> cluster(300), stratum(300);
  for (std::size_t i = 0; i < 300; ++i) {
    stratum[i] = static_cast<std::int64_t>(i % 3);
    cluster[i] = 3 * static_cast<std::int64_t>((i / 3) % 40) + stratum[i];
  }
  const options o{.cluster = cluster, .stratum = stratum, .keep_rows = true};
  const values_on v = values_of(ece, evidence_of(logits(d.z), d.labels, {ece}, o), 5, 80);
  CHECK(v.without.size() == 120);  // as many groups as units
  for (const interval_kind kind : {interval_kind::percentile, interval_kind::bca}) {
    const interval_report r =
        intervals(logits(d.z), d.labels, {ece}, o, {.replicates = 80, .seed = 5, .kind = kind});
    const metric_interval& i = r["ece"];
    const expected e =
        kind == interval_kind::bca ? bca(v, i.value, r.level) : percentile(v, r.level);
    CHECK(i.lower == near(e.lower));
    CHECK(i.upper == near(e.upper));
  }
}

TEST_CASE("limits stay in the range of the metric", "[limits]") {
  // Calibrated, so that twice the value less a quantile falls below 0.
  std::vector<double> c;
  std::vector<int> hit;
  for (int i = 0; i < 100; ++i) {
    c.push_back(i % 2 == 0 ? 0.5 : 0.9);
    hit.push_back(i % 2 == 0 ? i % 4 == 0 : i % 20 != 1);
  }
  const options o{.keep_rows = true};
  const metric_list list{ece, ks_error};
  const values_on v = values_of(ece, evidence_of(confidences(c, hit), list, o), 0, 100);
  const interval_report r = intervals(confidences(c, hit), list, o, {.replicates = 100});
  REQUIRE(basic(v, r["ece"].value, 0.95).lower < 0);
  CHECK(r["ece"].lower == 0);
  CHECK(r["ece"].upper == near(std::max(0.0, basic(v, r["ece"].value, 0.95).upper)));
  // Means at an end of their range and beside it.
  const std::vector<int> all(100, 1), most = [] {
    std::vector<int> m(100, 1);
    m[0] = 0;
    return m;
  }();
  const interval_report right = intervals(confidences(c, all), {accuracy}),
                        nearly = intervals(confidences(c, most), {accuracy});
  CHECK(right["accuracy"].value == 1);
  CHECK(right["accuracy"].upper == 1);
  CHECK(right["accuracy"].lower <= 1);
  CHECK(nearly["accuracy"].value + 1.96 * nearly["accuracy"].standard_error > 1);
  CHECK(nearly["accuracy"].upper == 1);
  CHECK(nearly["accuracy"].lower < 0.98);
}

TEST_CASE("limits of bca where all replicates lie on one side are quantiles", "[limits]") {
  // As calibrated as can be: whatever is drawn is worse.
  std::vector<double> c;
  std::vector<int> hit;
  for (int i = 0; i < 80; ++i) {
    c.push_back(static_cast<double>(i / 8) / 10 + 0.05);
    hit.push_back(i % 8 < std::lround(8 * c.back()));
  }
  const options o{.keep_rows = true};
  const interval_options how{.replicates = 60, .kind = interval_kind::bca};
  const values_on v = values_of(ece, evidence_of(confidences(c, hit), {ece}, o), 0, 60);
  const interval_report r = intervals(confidences(c, hit), {ece}, o, how);
  const metric_interval& i = r["ece"];
  REQUIRE(*std::min_element(v.drawn.begin(), v.drawn.end()) > i.value);
  CHECK(i.method == "percentile");
  CHECK_THAT(i.note, Catch::Contains("one side"));
  CHECK(i.lower == near(percentile(v, 0.95).lower));
  CHECK(i.upper == near(percentile(v, 0.95).upper));
}

namespace {

/// Accuracy of the first bin; NaN where it is empty.
struct first_accuracy {
  static constexpr metric_info info{.name = "first_accuracy"};
  double of(const reliability_table& t) const { return t[0].accuracy; }
};

}  // namespace

TEST_CASE("a metric that some replicates leave undefined has no interval", "[limits]") {
  // Three rows of 30 lie in the first bin: one replicate in some twenty draws none of them.
  std::vector<double> c(30, 0.6);
  std::vector<int> hit(30, 1);
  for (const std::size_t i : {3U, 11U, 25U}) c[i] = 0.01;
  const options o{.keep_rows = true};
  const evidence whole = evidence_of(confidences(c, hit), {first_accuracy{}, ece}, o);
  const values_on v = values_of(first_accuracy{}, whole, 0, 200);
  const auto undefined =
      std::count_if(v.drawn.begin(), v.drawn.end(), [](double x) { return std::isnan(x); });
  REQUIRE(undefined > 0);
  const interval_report r = intervals(whole, {first_accuracy{}, ece}, {.replicates = 200});
  const metric_interval& i = r["first_accuracy"];
  CHECK(i.note == "not defined on " + std::to_string(undefined) + " of 200 replicates");
  CHECK(i.method == "");
  CHECK(i.value == 1);
  CHECK(std::isnan(i.lower));
  CHECK(std::isnan(i.upper));
  CHECK(std::isnan(i.standard_error));
  CHECK(r["ece"].method == "basic");
}

TEST_CASE("levels and replicates that make no interval are errors", "[limits]") {
  const std::vector<double> c{.1, .4, .6, .9};
  const std::vector<int> hit{0, 1, 0, 1};
  const evidence e = evidence_of(confidences(c, hit), {ece, accuracy}, {.keep_rows = true});
  const auto both = [&](const interval_options& how,
                        const Catch::Matchers::Impl::MatcherBase<std::string>& says) {
    // Even where no replicate is drawn.
    for (const metric_list& list : {metric_list{ece}, metric_list{accuracy}}) {
      CHECK_THROWS_AS(intervals(confidences(c, hit), list, {}, how), option_error);
      CHECK_THROWS_WITH(intervals(confidences(c, hit), list, {}, how), says);
      CHECK_THROWS_WITH(intervals(binary_probabilities(c), hit, list, {}, how), says);
      CHECK_THROWS_WITH(intervals(e, list, how), says);
    }
  };
  for (const double level : {0.0, 1.0, -0.1, 1.1, std::numeric_limits<double>::quiet_NaN()})
    both({.level = level},
         Catch::Contains("intervals()") && Catch::Contains("expected a level in (0, 1)"));
  for (const std::size_t replicates : {0U, 1U, 10U, 39U})
    both({.replicates = replicates},
         Catch::Contains("intervals(): expected at least 40 replicates for a level of 0.95, got " +
                         std::to_string(replicates)));
  both({.replicates = 1999, .level = 0.999}, Catch::Contains("at least 2000 replicates"));
  both({.replicates = 19, .level = 0.9}, Catch::Contains("at least 20 replicates"));
  CHECK_NOTHROW(intervals(confidences(c, hit), {ece}, {}, {.replicates = 40}));
  CHECK_NOTHROW(intervals(confidences(c, hit), {ece}, {}, {.replicates = 20, .level = 0.9}));
}

TEST_CASE("higher levels have wider limits", "[limits]") {
  const drawn<double> d(200, 3, 63);
  for (const interval_kind kind :
       {interval_kind::basic, interval_kind::percentile, interval_kind::bca}) {
    double before = 0;
    for (const double level : {0.5, 0.8, 0.9, 0.99}) {
      const interval_report r = intervals(logits(d.z), d.labels, {ks_error}, {},
                                          {.replicates = 200, .level = level, .kind = kind});
      const double width = r["ks_error"].upper - r["ks_error"].lower;
      CHECK(width > before);
      before = width;
    }
  }
}

TEST_CASE("quantile_of() is linear between order statistics", "[limits]") {
  const std::vector<double> five{1, 2, 4, 8, 16};
  const auto q = [&](double at) { return calibra::detail::quantile_of(five, at); };
  CHECK(q(0) == 1);
  CHECK(q(1.0 / 6) == near(1));
  CHECK(q(0.25) == near(1.5));
  CHECK(q(0.5) == near(4));
  CHECK(q(0.75) == near(12));
  CHECK(q(5.0 / 6) == near(16));
  CHECK(q(1) == 16);
  CHECK(calibra::detail::quantile_of({3}, 0.4) == 3);
  for (int k = 0; k <= 100; ++k) CHECK(q(k / 100.0) == near(quantile(five, k / 100.0)));
}
