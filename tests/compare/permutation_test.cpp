// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// compare(): limits and p of metrics of tables and pairs.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/compare/compare.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/interval/evidence_replicates.hpp"
#include "models.hpp"

using namespace calibra;

namespace {

/// The same sums in another order.
constexpr double of_sums = 1e-12;

/// The quantile q, linear between order statistics, of which number i of n is at i / (n + 1).
double naive_quantile(std::vector<double> x, double q) {
  std::sort(x.begin(), x.end());
  const double at = q * static_cast<double>(x.size() + 1);
  if (at <= 1) return x.front();
  if (at >= static_cast<double>(x.size())) return x.back();
  const double below = std::floor(at);
  const auto i = static_cast<std::size_t>(below);  // of 1, 2, ...
  return x[i - 1] * (1 - (at - below)) + x[i] * (at - below);
}

const metric_list of_both{ece, ks_error};

/// Differences on replicates that are drawn of both by one seed.
std::map<std::string, std::vector<double>> drawn_differences(const two_models<>& m, options o,
                                                             std::uint64_t seed,
                                                             std::size_t replicates) {
  o.keep_rows = true;
  const evidence_replicates a(evidence_of(logits(m.a), m.labels, of_both, o), seed);
  const evidence_replicates b(evidence_of(logits(m.b), m.labels, of_both, o), seed);
  std::map<std::string, std::vector<double>> all;
  evidence_replicates::workspace room;
  for (std::size_t r = 0; r < replicates; ++r) {
    const evaluation of_a = evaluate(a.draw(r, room), of_both);
    const evaluation of_b = evaluate(b.draw(r, room), of_both);
    for (const char* name : {"ece", "ks_error"}) all[name].push_back(of_a[name] - of_b[name]);
  }
  return all;
}

void check_limits(const two_models<>& m, const options& o) {
  constexpr std::size_t replicates = 120;
  const auto drawn = drawn_differences(m, o, 31, replicates);
  for (const interval_kind kind :
       {interval_kind::basic, interval_kind::percentile, interval_kind::bca}) {
    const comparison c =
        compare(logits(m.a), logits(m.b), m.labels, of_both, o,
                {.replicates = replicates, .level = 0.9, .seed = 31, .kind = kind});
    for (const char* name : {"ece", "ks_error"}) {
      INFO(name);
      const std::vector<double>& x = drawn.at(name);
      const double low = naive_quantile(x, 0.05), high = naive_quantile(x, 0.95);
      const metric_difference& d = c[name];
      CHECK(d.method == "permutation");
      CHECK(d.note == "");
      if (kind == interval_kind::percentile) {
        CHECK(d.lower == Approx(low).margin(of_sums));
        CHECK(d.upper == Approx(high).margin(of_sums));
      } else {  // bca is taken as basic
        CHECK(d.lower == Approx(2 * d.difference - high).margin(of_sums));
        CHECK(d.upper == Approx(2 * d.difference - low).margin(of_sums));
      }
      double mean = 0, squares = 0;
      for (const double v : x) mean += v / replicates;
      for (const double v : x) squares += (v - mean) * (v - mean);
      CHECK(d.standard_error == Approx(std::sqrt(squares / (replicates - 1))).margin(of_sums));
    }
  }
}

/// How often models exchanged on units chosen by coins, on scores themselves, differ as much.
double exchanged_share(const two_models<>& m, const std::vector<std::int64_t>& unit,
                       const options& o, const metric_list& list, const char* name, int exchanges) {
  std::mt19937_64 random(77);
  const double found = std::abs(evaluate(logits(m.a), m.labels, list, o)[name] -
                                evaluate(logits(m.b), m.labels, list, o)[name]);
  int as_far = 0;
  for (int e = 0; e < exchanges; ++e) {
    std::map<std::int64_t, bool> coin;
    two_models<> other = m;
    for (std::size_t i = 0; i < m.a.size(); ++i) {
      const auto [at, fresh] = coin.emplace(unit[i], false);
      if (fresh) at->second = random() % 2 == 0;
      if (at->second) std::swap(other.a[i], other.b[i]);
    }
    const double here = evaluate(logits(other.a), m.labels, list, o)[name] -
                        evaluate(logits(other.b), m.labels, list, o)[name];
    as_far += std::abs(here) >= found - of_sums ? 1 : 0;
  }
  return static_cast<double>(as_far) / exchanges;
}

}  // namespace

TEST_CASE("limits of a difference are read off replicates of the same rows", "[permutation]") {
  const two_models<> m(150, 3, 3, 1, 1.5);
  check_limits(m, {.bins = 8});
  check_limits(m, {.weights = m.weights});
  check_limits(m, {.cluster = m.cluster});
  check_limits(m, {.weights = m.weights, .stratum = m.stratum});
}

TEST_CASE("p is the share of exchanges that differ as much", "[permutation]") {
  constexpr int exchanges = 2000;
  const two_models<> m(80, 3, 5, 1, 1.35);
  const metric_list list{ece, ks_error, ace, debiased_l2};
  const auto check = [&](const options& o, const std::vector<std::int64_t>& unit) {
    const comparison c =
        compare(logits(m.a), logits(m.b), m.labels, list, o, {.replicates = exchanges - 1});
    for (const char* name : {"ece", "ks_error", "ace", "debiased_l2"}) {
      const double share = exchanged_share(m, unit, o, list, name, exchanges);
      INFO(name << " p " << c[name].p << " expected " << share);
      CHECK(c[name].p * exchanges == Approx(std::round(c[name].p * exchanges)).margin(1e-8));
      // both are shares of 2000; a floor for very small ones
      CHECK(c[name].p == Approx(share).margin(
                             4 * std::sqrt(2 * std::max(share * (1 - share), 0.002) / exchanges)));
    }
  };
  SECTION("rows") {
    check({.bins = 6}, numbers(80));
  }
  SECTION("weights") {
    check({.bins = 6, .weights = m.weights}, numbers(80));
  }
  SECTION("clusters") {
    check({.bins = 6, .cluster = m.cluster}, m.cluster);
  }
}

TEST_CASE("models that are alike differ as often as p says", "[permutation]") {
  constexpr int sets = 200;
  int below = 0;
  for (int s = 0; s < sets; ++s) {
    const two_models<> m(300, 3, 900 + static_cast<unsigned>(s));
    const comparison c = compare(logits(m.a), logits(m.b), m.labels, {ece}, {},
                                 {.replicates = 199, .seed = static_cast<std::uint64_t>(s)});
    below += c["ece"].p <= 0.1 ? 1 : 0;
  }
  CHECK(static_cast<double>(below) / sets == Approx(0.1).margin(4 * std::sqrt(0.1 * 0.9 / sets)));
}

TEST_CASE("a worse calibrated model is found out", "[permutation]") {
  const two_models<> m(600, 3, 4, 1, 3);
  const comparison c = compare(logits(m.a), logits(m.b), m.labels,
                               {ece, ks_error, debiased_l2, ace}, {}, {.replicates = 199});
  for (const metric_difference& d : c) {
    INFO(d.name);
    CHECK(d.difference < 0);
    CHECK(d.p == Approx(1.0 / 200));
    if (d.name != "debiased_l2") CHECK(d.upper < 0);
  }
}

TEST_CASE("exchanging a and b negates differences and limits and keeps p", "[permutation]") {
  const two_models<> m(130, 3, 6, 1, 1.3);
  const metric_list list{accuracy, nll,      brier, mean_confidence, ece,
                         mce,      ks_error, ace,   debiased_l2};
  for (const interval_kind kind : {interval_kind::basic, interval_kind::percentile})
    for (const bool clusters : {false, true}) {
      options o{.weights = m.weights};
      if (clusters) o.cluster = m.cluster;
      const interval_options how{.replicates = 99, .seed = 5, .kind = kind};
      const comparison c = compare(logits(m.a), logits(m.b), m.labels, list, o, how);
      const comparison back = compare(logits(m.b), logits(m.a), m.labels, list, o, how);
      for (const metric_difference& d : c) {
        INFO(d.name);
        const metric_difference& e = back[d.name];
        CHECK(e.a == d.b);
        CHECK(e.b == d.a);
        CHECK(e.difference == -d.difference);
        CHECK(e.p == Approx(d.p).epsilon(1e-12));
        CHECK(e.method == d.method);
        if (d.name == "debiased_l2") continue;
        CHECK(e.standard_error == Approx(d.standard_error).epsilon(1e-12));
        CHECK(e.lower == Approx(-d.upper).margin(1e-14));
        CHECK(e.upper == Approx(-d.lower).margin(1e-14));
      }
    }
}

TEST_CASE("threads change no bit", "[permutation]") {
  const two_models<> m(25000, 3, 7, 1, 1.1);
  const two_models<float> single(25000, 3, 7, 1, 1.1);
  const metric_list list{accuracy, nll, brier, brier_top, mean_confidence, ece, rmsce, ks_error};
  const auto check = [&](const auto& models) {
    const auto of = [&](unsigned threads) {
      return compare(logits(models.a), logits(models.b), models.labels, list,
                     {.threads = {threads}}, {.replicates = 40, .seed = 3});
    };
    const comparison one = of(1);
    for (const unsigned threads : {2U, 5U}) {
      const comparison many = of(threads);
      REQUIRE(many.differences.size() == one.differences.size());
      for (std::size_t i = 0; i < one.differences.size(); ++i) {
        const metric_difference &d = one.differences[i], &e = many.differences[i];
        INFO(d.name << " " << threads);
        for (double metric_difference::*part :
             {&metric_difference::a, &metric_difference::b, &metric_difference::difference,
              &metric_difference::lower, &metric_difference::upper,
              &metric_difference::standard_error, &metric_difference::p})
          CHECK((d.*part == e.*part || (std::isnan(d.*part) && std::isnan(e.*part))));
      }
    }
  };
  check(m);
  check(single);
}

TEST_CASE("p is a function of the seed", "[permutation]") {
  const two_models<> m(100, 3, 8, 1, 1.2);
  const auto of = [&](std::uint64_t seed) {
    return compare(logits(m.a), logits(m.b), m.labels, {ece}, {},
                   {.replicates = 400, .seed = seed})["ece"];
  };
  const metric_difference a = of(1), b = of(1), c = of(2);
  CHECK(a.p == b.p);
  CHECK(a.lower == b.lower);
  CHECK(a.p != c.p);
  CHECK(a.lower != c.lower);
  CHECK(a.p == Approx(c.p).margin(4 * std::sqrt(2 * a.p * (1 - a.p) / 400)));
}

namespace {

/// No number where the first bin is empty.
struct fragile {
  static constexpr metric_info info{.name = "fragile"};
  double of(const reliability_table& t) const { return t[0].accuracy; }
};

}  // namespace

TEST_CASE("a metric that is not defined on some replicates has no limits", "[permutation]") {
  std::vector<std::vector<double>> a(60, {0.25, 0.75}), b = a;
  std::vector<int> y(60, 1);
  a[0] = b[0] = {0.5, 0.5};
  b[1] = {0.45, 0.55};
  const comparison c = compare(probabilities(a), probabilities(b), y, {fragile{}},
                               {.edges = {0, 0.6, 1}}, {.replicates = 80});
  const metric_difference& d = c["fragile"];
  CHECK(d.difference != 0);
  CHECK(std::isnan(d.lower));
  CHECK(std::isnan(d.upper));
  CHECK_THAT(d.note, Catch::Contains("of 80 replicates"));
}

namespace {

/// Two models of which all rows but one are the same: every exchange gives the difference or its
/// negative, so that p is 1.
template<class T>
void check_one_row(std::size_t rows, double by) {
  two_models<T> m(rows, 3, 11);
  m.b = m.a;
  m.b[7][0] += static_cast<T>(by);
  const comparison c =
      compare(logits(m.a), logits(m.b), m.labels,
              {ece, rmsce, debiased_l2, brier_reliability, ks_error, mmce}, {}, {.replicates = 99});
  for (const metric_difference& d : c) {
    INFO(d.name << ", " << rows << " rows of " << sizeof(T) << " bytes a score, one off by " << by
                << ", difference " << d.difference);
    CHECK(d.difference != 0);
    CHECK(d.p == 1);
  }
}

}  // namespace

TEST_CASE("models that differ in one row are exchanged to no effect", "[permutation]") {
  check_one_row<double>(200, 0.5);
  check_one_row<double>(2000, 0.1);
  check_one_row<float>(200, 0.5);
  check_one_row<float>(200, 1e-3);
  check_one_row<float>(5000, 0.5);
}

TEST_CASE("models that hardly differ in one row are exchanged to no effect", "[permutation]") {
  check_one_row<double>(200, 1e-6);
  check_one_row<double>(5000, 1e-8);
}
