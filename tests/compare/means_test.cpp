// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// compare(): values, and differences of metrics that are functions of means, against the textbook.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "calibra/compare/compare.hpp"
#include "calibra/conventions/netcal.hpp"
#include "calibra/evaluate.hpp"
#include "models.hpp"
#include "naive.hpp"

using namespace calibra;

namespace {

using real = long double;

enum term { correct, confidence, log_loss, brier_score, top_score, terms };
using row_terms = std::array<real, terms>;

std::vector<row_terms> terms_of(const std::vector<std::vector<double>>& z,
                                const std::vector<int>& labels) {
  std::vector<row_terms> all;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    const naive::row r = naive::of_logits(z[i], label);
    const bool hit = r.prediction == label;
    const real c = r.confidence, miss = c - (hit ? 1 : 0);
    all.push_back(
        {hit ? real{1} : real{0}, c, -static_cast<real>(r.log_likelihood), r.brier, miss * miss});
  }
  return all;
}
row_terms mean_of(const std::vector<row_terms>& x, const std::vector<double>& w) {
  row_terms mean{};
  real weight = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    weight += static_cast<real>(w[i]);
    for (std::size_t t = 0; t < terms; ++t) mean[t] += static_cast<real>(w[i]) * x[i][t];
  }
  for (real& m : mean) m /= weight;
  return mean;
}

/// The textbook's paired error: of what each row adds to the difference, w_i (d_i - mean d), units
/// of rows in strata: root of the sum over strata of n/(n-1) sum over units (z - mean z)^2, over
/// sum w.
double paired_error(const std::vector<real>& d, const std::vector<double>& w,
                    const std::vector<std::int64_t>& unit,
                    const std::vector<std::int64_t>& stratum) {
  real weight = 0, mean = 0;
  for (std::size_t i = 0; i < d.size(); ++i) {
    weight += static_cast<real>(w[i]);
    mean += static_cast<real>(w[i]) * d[i];
  }
  mean /= weight;
  std::map<std::int64_t, std::map<std::int64_t, real>> of;
  for (std::size_t i = 0; i < d.size(); ++i)
    of[stratum[i]][unit[i]] += static_cast<real>(w[i]) * (d[i] - mean);
  real variance = 0;
  for (const auto& [s, units] : of) {
    const auto n = static_cast<real>(units.size());
    real middle = 0;
    for (const auto& [u, z] : units) middle += z / n;
    for (const auto& [u, z] : units) variance += n / (n - 1) * (z - middle) * (z - middle);
  }
  return static_cast<double>(std::sqrt(variance) / weight);
}

/// Losses are kept in float32, half a unit of 2^-23 off, and differ by about as much as they are
/// large; slopes of functions of means cost 1e-10.
constexpr double of_losses = 4 * 0x1p-24;

/// In two means at once.
struct product {
  static constexpr metric_info info{.name = "product", .range = "[0, inf)"};
  double of(const summary& s) const { return s.accuracy() * s.nll(); }
};

const metric_list of_means{accuracy, mean_confidence, nll, brier, brier_top, product{}};

void check(const two_models<>& m, const options& o, const std::vector<double>& w,
           const std::vector<std::int64_t>& unit, const std::vector<std::int64_t>& stratum) {
  const std::vector<row_terms> a = terms_of(m.a, m.labels), b = terms_of(m.b, m.labels);
  const row_terms mean_a = mean_of(a, w), mean_b = mean_of(b, w);
  const comparison c = compare(logits(m.a), logits(m.b), m.labels, of_means, o, {.level = 0.9});
  CHECK(c.level == 0.9);
  REQUIRE(c.differences.size() == 6);
  const auto check_one = [&](const char* name, const row_terms& slope_a, const row_terms& slope_b) {
    INFO(name);
    std::vector<real> d(a.size(), 0);
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t t = 0; t < terms; ++t) d[i] += slope_a[t] * a[i][t] - slope_b[t] * b[i][t];
    const double error = paired_error(d, w, unit, stratum);
    const metric_difference& got = c[name];
    CHECK(got.method == "normal");
    CHECK(got.note == "");
    CHECK(got.difference == got.a - got.b);
    CHECK(got.standard_error == Approx(error).epsilon(of_losses).margin(0));
    const double z = 1.644853626951472714864;  // the normal distribution's 95 %
    CHECK(got.lower == Approx(got.difference - z * got.standard_error).margin(1e-13));
    CHECK(got.upper == Approx(got.difference + z * got.standard_error).margin(1e-13));
    const double away = std::abs(got.difference) / got.standard_error;
    CHECK(got.p == Approx(std::erfc(away / std::sqrt(2.0))).epsilon(1e-11).margin(0));
    // p by the textbook alone: its exponent is off by as much as the standard error is
    CHECK(got.p == Approx(std::erfc(std::abs(got.difference) / error / std::sqrt(2.0)))
                       .epsilon((1 + away * away) * of_losses)
                       .margin(0));
  };
  const auto single = [](term t) {
    row_terms slope{};
    slope[t] = 1;
    return slope;
  };
  check_one("accuracy", single(correct), single(correct));
  check_one("confidence", single(confidence), single(confidence));
  check_one("nll", single(log_loss), single(log_loss));
  check_one("brier", single(brier_score), single(brier_score));
  check_one("brier_top", single(top_score), single(top_score));
  check_one("product", {mean_a[log_loss], 0, mean_a[correct], 0, 0},
            {mean_b[log_loss], 0, mean_b[correct], 0, 0});
}

/// All but smooth_ece, a replicate of which takes some 25 ms.
metric_list quick_metrics() {
  metric_list list({});
  for (const any_metric& m : all_metrics())
    if (m.name() != "smooth_ece") list.push_back(m);
  return list;
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEST_CASE("values of compare() are those of evaluate()", "[compare]") {
  const two_models<> m(300, 4, 1, 1, 1.7);
  const two_models<float> single(300, 4, 1, 1, 1.7);
  const auto check_values = [](const auto& a, const auto& b, const std::vector<int>& y,
                               const metric_list& list, const options& o) {
    const comparison c = compare(a, b, y, list, o, {.replicates = 40});
    const evaluation of_a = evaluate(a, y, list, o), of_b = evaluate(b, y, list, o);
    REQUIRE(c.a.metrics.size() == of_a.metrics.size());
    REQUIRE(c.differences.size() == of_a.metrics.size());
    CHECK(c.a.samples == of_a.samples);
    std::size_t at = 0;
    for (const metric_difference& d : c) {
      INFO(d.name);
      CHECK(d.name == of_a.metrics[at].name);
      CHECK(same(d.a, of_a.metrics[at].value));
      CHECK(same(d.b, of_b.metrics[at].value));
      CHECK(same(c.a.metrics[at].value, d.a));
      CHECK(same(c.b.metrics[at].value, d.b));
      CHECK(same(d.difference, d.a - d.b));
      ++at;
    }
  };
  check_values(logits(m.a), logits(m.b), m.labels, quick_metrics(), {});
  check_values(logits(m.a), logits(m.b), m.labels, quick_metrics(),
               {.bins = 7, .scheme = bin_scheme::equal_mass, .weights = m.weights});
  check_values(logits(single.a), logits(single.b), single.labels, quick_metrics(),
               {.ignore_label = 2});
  check_values(logits(m.a), logits(m.b), m.labels, quick_metrics(), {.like = conventions::netcal});
  std::vector<double> x, z;
  std::vector<int> y;
  for (std::size_t i = 0; i < 300; ++i) {
    x.push_back(m.a[i][0]);
    z.push_back(m.b[i][0]);
    y.push_back(m.labels[i] == 0 ? 1 : 0);
  }
  const metric_list of_binary{accuracy, nll, brier, brier_top, ece, ace, ks_error, debiased_l2};
  check_values(binary_logits(x), binary_logits(z), y, of_binary, {});
  check_values(binary_logits(x), binary_logits(z), y, of_binary,
               {.binary = binary_target::top_label});
}

TEST_CASE("differences of means have the textbook's paired standard error", "[compare]") {
  const two_models<> m(400, 4, 2, 0.6, 1.5);
  const std::vector<double> one(400, 1.0);
  const std::vector<std::int64_t> zero(400, 0);
  SECTION("rows") {
    check(m, {}, one, numbers(400), zero);
  }
  SECTION("weights") {
    check(m, {.weights = m.weights}, m.weights, numbers(400), zero);
  }
  SECTION("clusters") {
    check(m, {.cluster = m.cluster}, one, m.cluster, zero);
    check(m, {.weights = m.weights, .cluster = m.cluster}, m.weights, m.cluster, zero);
  }
  SECTION("strata") {
    check(m, {.stratum = m.stratum}, one, numbers(400), m.stratum);
  }
  SECTION("clusters in strata") {
    check(m, {.weights = m.weights, .cluster = m.cluster, .stratum = m.stratum}, m.weights,
          m.cluster, m.stratum);
  }
}

TEST_CASE("pairing makes standard errors of models that err together small", "[compare]") {
  const two_models<> m(2000, 3, 3, 3);
  const comparison c = compare(logits(m.a), logits(m.b), m.labels, {nll, brier});
  for (const char* name : {"nll", "brier"}) {
    const std::vector<row_terms> a = terms_of(m.a, m.labels);
    std::vector<real> alone;
    for (const row_terms& t : a) alone.push_back(t[name[0] == 'n' ? log_loss : brier_score]);
    const double one = paired_error(alone, std::vector<double>(2000, 1.0), numbers(2000),
                                    std::vector<std::int64_t>(2000, 0));
    CHECK(c[name].standard_error < one);  // unpaired it were some root 2 of it
  }
}

TEST_CASE("a model differs from itself by nothing", "[compare]") {
  const two_models<> m(200, 3, 4);
  const comparison c =
      compare(logits(m.a), logits(m.a), m.labels,
              {accuracy, nll, brier, ece, mce, ks_error, debiased_l2, ace}, {}, {.replicates = 60});
  for (const metric_difference& d : c) {
    INFO(d.name);
    CHECK(d.difference == 0);
    CHECK(d.p == 1);
    if (d.name == "debiased_l2") continue;
    CHECK(d.lower == 0);
    CHECK(d.upper == 0);
    CHECK(d.standard_error == 0);
  }
}

TEST_CASE("what cannot be compared has a note", "[compare]") {
  const two_models<> m(200, 3, 5);
  const comparison c =
      compare(logits(m.a), logits(m.b), m.labels, quick_metrics(), {.bins = 5}, {.replicates = 60});
  std::size_t of_classes = 0;
  for (const metric_difference& d : c) {
    INFO(d.name);
    if (d.name.starts_with("classwise") || d.name == "tace" || d.name == "pooled_ece") {
      ++of_classes;
      CHECK(std::isfinite(d.difference));
      CHECK(d.method == "jackknife");
      CHECK(d.note == "");
      CHECK(d.standard_error > 0);
      CHECK(d.lower < d.difference);
      CHECK(d.upper > d.difference);
      CHECK(d.p > 0);
      CHECK(d.p <= 1);
      continue;
    } else if (d.name == "piece") {
      CHECK(std::isnan(d.difference));  // there are no proximities
      CHECK(d.note == "the metric is not defined here");
    } else {
      CHECK(d.p > 0);
      CHECK(d.p <= 1);
      continue;
    }
    CHECK(d.method == "");
    for (const double x : {d.lower, d.upper, d.standard_error, d.p}) CHECK(std::isnan(x));
  }
  CHECK(of_classes == 7);
  const metric_difference& debiased = c["debiased_l2"];
  CHECK(debiased.p > 0);
  CHECK_THAT(debiased.note, Catch::Contains("no limits"));
  for (const double x : {debiased.lower, debiased.upper, debiased.standard_error})
    CHECK(std::isnan(x));
  // Infinite, and of infinities.
  std::vector<std::vector<double>> p{{1, 0}, {0.5, 0.5}, {0.25, 0.75}}, q = p;
  const std::vector<int> y{1, 0, 1};
  q[0] = {0.5, 0.5};
  const comparison one = compare(probabilities(p), probabilities(q), y, {nll, brier});
  CHECK(std::isinf(one["nll"].difference));
  CHECK(std::isnan(one["nll"].p));
  CHECK(one["nll"].note == "the value is infinite");
  CHECK(one["brier"].p > 0);
  const comparison both = compare(probabilities(p), probabilities(p), y, {nll});
  CHECK(std::isnan(both["nll"].difference));
  CHECK(both["nll"].note == "the metric is not defined here");
}

TEST_CASE("one row says nothing of how a difference varies", "[compare]") {
  const two_models<> m(1, 3, 6);
  const comparison c = compare(logits(m.a), logits(m.b), m.labels, {brier});
  CHECK(std::isfinite(c["brier"].difference));
  CHECK(std::isnan(c["brier"].standard_error));
  CHECK(std::isnan(c["brier"].lower));
  CHECK(std::isnan(c["brier"].p));
}

TEST_CASE("a p of a mean holds its level", "[compare]") {
  constexpr int sets = 400;
  int below = 0;
  for (int s = 0; s < sets; ++s) {
    const two_models<> m(150, 3, 500 + static_cast<unsigned>(s));
    below += compare(logits(m.a), logits(m.b), m.labels, {brier})["brier"].p <= 0.1 ? 1 : 0;
  }
  const double share = static_cast<double>(below) / sets;
  CHECK(share == Approx(0.1).margin(4 * std::sqrt(0.1 * 0.9 / sets)));
}

namespace {

struct shyness {
  static constexpr metric_info info{.name = "shyness", .range = "[-1, 1]"};
  double of(const summary& s) const { return s.accuracy() - s.confidence(); }
};
struct largest_bin {
  static constexpr metric_info info{.name = "largest_bin"};
  double of(const reliability_table& t) const {
    double most = 0;
    for (const reliability_bin& b : t) most = std::max(most, b.weight / t.total_weight());
    return most;
  }
};
struct median_confidence {
  static constexpr metric_info info{.name = "median_confidence"};
  double of(const sample& ascending) const { return ascending.confidence(ascending.size() / 2); }
};

}  // namespace

TEST_CASE("metrics of one's own are compared as others", "[compare]") {
  const two_models<> m(200, 3, 7, 1, 1.5);
  const metric_list list{shyness{}, largest_bin{}, median_confidence{}};
  const comparison c = compare(logits(m.a), logits(m.b), m.labels, list, {}, {.replicates = 99});
  const evaluation a = evaluate(logits(m.a), m.labels, list),
                   b = evaluate(logits(m.b), m.labels, list);
  REQUIRE(c.differences.size() == 3);
  for (const metric_difference& d : c) {
    INFO(d.name);
    CHECK(d.difference == a[d.name] - b[d.name]);
    CHECK(d.method == (d.name == "shyness" ? "normal" : "permutation"));
    CHECK(d.lower < d.upper);
    CHECK(d.standard_error > 0);
    CHECK(d.p > 0);
    CHECK(d.p <= 1);
  }
  // b is more confident by far than a by chance.
  CHECK(c["median_confidence"].p == Approx(0.01));
}

TEST_CASE("compare() says what is wrong", "[compare]") {
  const two_models<> m(60, 3, 8);
  const auto of = [&](const interval_options& how) {
    return compare(logits(m.a), logits(m.b), m.labels, {nll}, {}, how);
  };
  CHECK_THROWS_AS(of({.level = 1}), option_error);
  CHECK_THROWS_AS(of({.level = 0}), option_error);
  CHECK_THROWS_WITH(of({.replicates = 39}), Catch::Contains("compare()"));
  CHECK_NOTHROW(of({.replicates = 40}));
  const comparison c = of({});
  CHECK_THROWS_AS(c["brier"], option_error);
  CHECK_THROWS_WITH(c["brier"], Catch::Contains("brier") && Catch::Contains("nll"));
  std::vector<int> labels = m.labels;
  labels.pop_back();
  CHECK_THROWS_AS(compare(logits(m.a), logits(m.b), labels, {nll}), shape_error);
  std::vector<std::vector<double>> fewer = m.b;
  fewer.pop_back();
  CHECK_THROWS_AS(compare(logits(m.a), logits(fewer), m.labels, {nll}), shape_error);
  CHECK_THROWS_AS(compare(logits(fewer), logits(m.b), m.labels, {nll}), shape_error);
}

TEST_CASE("rows left out of one model alone are an error", "[compare]") {
  two_models<> m(60, 3, 9);
  const auto with = [&](const options& o) {
    return compare(logits(m.a), logits(m.b), m.labels, {nll, ece}, o, {.replicates = 40});
  };
  m.b[7][1] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(with({.nan = nan_policy::count}), value_error);
  CHECK_THROWS_WITH(with({.nan = nan_policy::count}), Catch::Contains("compare()"));
  CHECK_THROWS_AS(with({}), value_error);
  // Not the same rows, though as many.
  m.a[8][1] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(with({.nan = nan_policy::count}), value_error);
  std::vector<unsigned char> valid(60, 1);
  valid[7] = valid[8] = 0;
  CHECK(with({.valid = valid, .nan = nan_policy::count}).a.samples == 58);
}

TEST_CASE("rows of weight 0 change nothing", "[compare]") {
  const two_models<> m(90, 3, 10);
  two_models<> kept = m;
  std::vector<double> w(90, 1.0);
  for (std::size_t i = 60; i < 90; ++i) w[i] = 0;
  kept.a.resize(60);
  kept.b.resize(60);
  kept.labels.resize(60);
  const comparison all = compare(logits(m.a), logits(m.b), m.labels, {nll, brier}, {.weights = w});
  const comparison some = compare(logits(kept.a), logits(kept.b), kept.labels, {nll, brier});
  for (const char* name : {"nll", "brier"}) {
    INFO(name);
    CHECK(all[name].difference == Approx(some[name].difference).margin(1e-12));
    CHECK(all[name].standard_error == Approx(some[name].standard_error).epsilon(1e-9));
    CHECK(all[name].p == Approx(some[name].p).epsilon(1e-9));
  }
}

// Scores of both are of one kind, whatever their elements are: nothing else is asked for.
TEST_CASE("a model of float scores is compared with one of double", "[compare]") {
  const two_models<> m(60, 3, 11);
  std::vector<std::vector<float>> single;
  for (const auto& z : m.b) single.emplace_back(z.begin(), z.end());
  CHECK_NOTHROW(compare(logits(m.a), logits(single), m.labels, {nll}));
  CHECK_NOTHROW(
      compare(logits(m.a), logits(single), m.labels, {ece, ks_error}, {}, {.replicates = 40}));
}

TEST_CASE("models with different numbers of classes are refused", "[compare]") {
  const two_models<> m(60, 3, 12), more(60, 4, 12);
  const auto said = [&](const metric_list& list) -> std::string {
    try {
      static_cast<void>(
          compare(logits(m.a), logits(more.a), m.labels, list, {}, {.replicates = 40}));
      return "";
    } catch (const shape_error& e) {
      return e.what();
    }
  };
  CHECK(said({nll}) == "compare(): expected as many classes in both, got 3 and 4");
  CHECK(said({ece}) == said({nll}));
  auto odd = m.b;
  odd[7][2] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(compare(logits(m.a), logits(odd), m.labels, {ece}),
                    Catch::Contains("compare(): b: score nan at row 7, column 2"));
  CHECK_THROWS_WITH(compare(logits(odd), logits(m.b), m.labels, {ece}),
                    Catch::Contains("compare(): a: score nan at row 7, column 2"));
}
