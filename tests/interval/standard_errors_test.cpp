// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Standard errors of metrics that are functions of means, against the textbook.
#include <algorithm>
#include <array>
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

/// Losses are kept in float32, each half a unit of 2^-23 off, and so is the standard error at most,
/// save where means are small beside it; slopes are differences over 1e-5 of the mean, which costs
/// 1e-10. Twice that.
constexpr double of_float_losses = 2 * 0x1p-24;

enum term { correct, confidence, log_loss, brier_score, top_score, count };

/// What a row adds to each mean.
using row_terms = std::array<real, count>;

std::vector<row_terms> terms_of(const drawn<double>& d) {
  std::vector<row_terms> all;
  for (std::size_t i = 0; i < d.z.size(); ++i) {
    const auto label = static_cast<std::size_t>(d.labels[i]);
    const naive::row r = naive::of_logits(d.z[i], label);
    const bool hit = r.prediction == label;
    const real c = r.confidence, miss = c - (hit ? 1 : 0);
    all.push_back(
        {hit ? real{1} : real{0}, c, -static_cast<real>(r.log_likelihood), r.brier, miss * miss});
  }
  return all;
}

/// The textbook: means of x by w, and the covariance of any two of them; of units that are drawn in
/// strata, sum over strata of n/(n-1) sum over units of (z - mean z)(z' - mean z') / (sum w)^2, z
/// the sum of w (x - mean x) over the unit's rows.
struct textbook {
  row_terms mean{};
  std::array<row_terms, count> covariance{};

  textbook(const std::vector<row_terms>& x, const std::vector<double>& w,
           const std::vector<std::int64_t>& unit, const std::vector<std::int64_t>& stratum) {
    real weight = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      weight += w[i];
      for (std::size_t j = 0; j < count; ++j) mean[j] += w[i] * x[i][j];
    }
    for (real& m : mean) m /= weight;
    std::map<std::int64_t, std::map<std::int64_t, row_terms>> of_unit;
    for (std::size_t i = 0; i < x.size(); ++i) {
      row_terms& z = of_unit[stratum[i]][unit[i]];
      for (std::size_t j = 0; j < count; ++j) z[j] += w[i] * (x[i][j] - mean[j]);
    }
    for (const auto& [s, units] : of_unit) {
      const auto n = static_cast<real>(units.size());
      row_terms middle{};
      for (const auto& [u, z] : units)
        for (std::size_t j = 0; j < count; ++j) middle[j] += z[j] / n;
      for (const auto& [u, z] : units)
        for (std::size_t j = 0; j < count; ++j)
          for (std::size_t l = 0; l < count; ++l)
            covariance[j][l] +=
                n / (n - 1) * (z[j] - middle[j]) * (z[l] - middle[l]) / (weight * weight);
    }
  }
  /// Of a function of the means with these slopes.
  double error(const row_terms& slope) const {
    real variance = 0;
    for (std::size_t j = 0; j < count; ++j)
      for (std::size_t l = 0; l < count; ++l) variance += slope[j] * slope[l] * covariance[j][l];
    return static_cast<double>(std::sqrt(variance));
  }
  double error(term t) const {
    row_terms slope{};
    slope[t] = 1;
    return error(slope);
  }
};

/// How much less sure than right: below 0 where a model is overconfident.
struct shyness {
  static constexpr metric_info info{.name = "shyness", .range = "[-1, 1]"};
  double of(const summary& s) const { return s.accuracy() - s.confidence(); }
};
struct product {
  static constexpr metric_info info{.name = "product", .range = "[0, inf)"};
  double of(const summary& s) const { return s.accuracy() * s.nll(); }
};
/// Curved in four means at once.
struct curved {
  static constexpr metric_info info{.name = "curved", .range = "(-inf, inf)"};
  double of(const summary& s) const {
    return std::sqrt(s.brier_top()) * std::log(s.confidence()) + s.brier() * s.brier() / s.nll();
  }
};

const metric_list functions_of_means{accuracy,  mean_confidence, nll,       brier,
                                     brier_top, shyness{},       product{}, curved{}};

/// Compares every standard error with the textbook's, and the limits with value +- z of them.
void check_errors(const drawn<double>& d, const options& o, const textbook& t) {
  const interval_options how{.level = 0.9};
  const interval_report r = intervals(logits(d.z), d.labels, functions_of_means, o, how);
  CHECK(r.replicates == 0);
  const row_terms& m = t.mean;
  const std::pair<const char*, double> expected[] = {
      {"accuracy", t.error(correct)},
      {"confidence", t.error(confidence)},
      {"nll", t.error(log_loss)},
      {"brier", t.error(brier_score)},
      {"brier_top", t.error(top_score)},
      {"shyness", t.error({1, -1, 0, 0, 0})},
      {"product", t.error({m[log_loss], 0, m[correct], 0, 0})},
      {"curved", t.error({0, std::sqrt(m[top_score]) / m[confidence],
                          -m[brier_score] * m[brier_score] / (m[log_loss] * m[log_loss]),
                          2 * m[brier_score] / m[log_loss],
                          std::log(m[confidence]) / (2 * std::sqrt(m[top_score]))})},
  };
  for (const auto& [name, error] : expected) {
    INFO(name);
    const metric_interval& i = r[name];
    CHECK(i.method == "normal");
    CHECK(i.note == "");
    CHECK(std::isnan(i.floor));
    CHECK(i.value == evaluate(logits(d.z), d.labels, functions_of_means, o)[name]);
    CHECK(i.standard_error == Approx(error).epsilon(of_float_losses).margin(0));
    // No limit reaches the end of a range here. 1.6448536...: the normal distribution's 95 %.
    const double z = 1.644853626951472714864;
    CHECK(i.lower == Approx(i.value - z * i.standard_error).epsilon(1e-14).margin(1e-14));
    CHECK(i.upper == Approx(i.value + z * i.standard_error).epsilon(1e-14).margin(1e-14));
  }
}

std::vector<std::int64_t> numbers(std::size_t n) {
  std::vector<std::int64_t> all(n);
  for (std::size_t i = 0; i < n; ++i) all[i] = static_cast<std::int64_t>(i);
  return all;
}

}  // namespace

TEST_CASE("standard errors of means are the textbook's", "[standard_errors]") {
  const drawn<double> d(400, 4, 21);
  const std::vector<row_terms> x = terms_of(d);
  const std::vector<double> one(400, 1.0);
  const std::vector<std::int64_t> zero(400, 0);
  SECTION("rows") {
    check_errors(d, {}, textbook(x, one, numbers(400), zero));
  }
  SECTION("one mean is the standard deviation over the root of n") {
    const interval_report r = intervals(logits(d.z), d.labels, {accuracy, brier_top});
    const double a = r["accuracy"].value;
    CHECK(r["accuracy"].standard_error == Approx(std::sqrt(a * (1 - a) / 399)).epsilon(1e-9));
  }
  // From here on weights without 0: what rows of weight 0 do is another case.
  std::vector<double> w = d.weights;
  for (double& v : w) v += 0.25;
  SECTION("weights") {
    check_errors(d, {.weights = w}, textbook(x, w, numbers(400), zero));
  }
  std::vector<std::int64_t> cluster(400), stratum(400), nested(400);
  for (std::size_t i = 0; i < 400; ++i) {
    cluster[i] = static_cast<std::int64_t>((i * i) % 61) - 30;  // of 1 to 20 rows
    stratum[i] = i % 17 < 3 ? 4 : d.labels[i];
    nested[i] = 1000 * stratum[i] + static_cast<std::int64_t>(i % 9);
  }
  SECTION("clusters") {
    check_errors(d, {.cluster = cluster}, textbook(x, one, cluster, zero));
    check_errors(d, {.weights = w, .cluster = cluster}, textbook(x, w, cluster, zero));
  }
  SECTION("strata") {
    check_errors(d, {.stratum = stratum}, textbook(x, one, numbers(400), stratum));
    check_errors(d, {.weights = w, .stratum = stratum}, textbook(x, w, numbers(400), stratum));
  }
  SECTION("clusters in strata") {
    check_errors(d, {.weights = w, .cluster = nested, .stratum = stratum},
                 textbook(x, w, nested, stratum));
  }
}

TEST_CASE("standard errors of binary scores tell correct from hit", "[standard_errors]") {
  const std::vector<double> p{.1, .2, .3, .35, .4, .6, .7, .8, .9, .95};
  const std::vector<int> y{0, 1, 0, 0, 1, 1, 0, 1, 1, 1};
  real accuracy_squares = 0, top_squares = 0, accuracy_mean = 0, top_mean = 0;
  const auto right = [&](std::size_t i) { return (p[i] > 0.5) == (y[i] == 1) ? real{1} : real{0}; };
  const auto top = [&](std::size_t i) {
    const real miss = static_cast<real>(p[i]) - static_cast<real>(y[i]);
    return miss * miss;
  };
  for (std::size_t i = 0; i < 10; ++i) {
    accuracy_mean += right(i) / 10;
    top_mean += top(i) / 10;
  }
  for (std::size_t i = 0; i < 10; ++i) {
    accuracy_squares += (right(i) - accuracy_mean) * (right(i) - accuracy_mean);
    top_squares += (top(i) - top_mean) * (top(i) - top_mean);
  }
  const interval_report r = intervals(binary_probabilities(p), y, {accuracy, brier_top, nll});
  // exact but for the slope
  CHECK(r["accuracy"].standard_error ==
        Approx(static_cast<double>(std::sqrt(accuracy_squares / 90))).epsilon(1e-9));
  CHECK(r["brier_top"].standard_error ==
        Approx(static_cast<double>(std::sqrt(top_squares / 90))).epsilon(1e-9));
  // Of confidences alone the hit is what is right, and there are no losses.
  const interval_report c = intervals(confidences(p, y), {accuracy, brier_top, nll, brier});
  CHECK(c["accuracy"].value == Approx(0.6));
  CHECK(c["accuracy"].standard_error == Approx(std::sqrt(0.6 * 0.4 / 9)).epsilon(1e-9));
  CHECK(c["brier_top"].standard_error == r["brier_top"].standard_error);
  for (const char* name : {"nll", "brier"}) {
    INFO(name);
    CHECK(std::isnan(c[name].value));
    CHECK(std::isnan(c[name].lower));
    CHECK(c[name].method == "");
    CHECK(c[name].note == "the metric is not defined here");
  }
}

TEST_CASE("an infinite nll has no interval and harms no other", "[standard_errors]") {
  drawn<double> d(200, 3, 22);
  std::vector<std::vector<double>> p;
  for (const std::vector<double>& z : d.z) p.push_back(naive::of_logits(z, 0).probability);
  const metric_list list{accuracy, nll, brier, brier_top, ece, mce, debiased_l2, ks_error, mmce};
  const interval_report before =
      intervals(probabilities(p), d.labels, list, {}, {.replicates = 100});
  // One row more, which has no chance by nll.
  p.push_back({1, 0, 0});
  d.labels.push_back(2);
  for (const interval_kind kind : {interval_kind::basic, interval_kind::bca}) {
    const interval_report r =
        intervals(probabilities(p), d.labels, list, {}, {.replicates = 100, .kind = kind});
    CHECK(std::isinf(r["nll"].value));
    CHECK(std::isnan(r["nll"].lower));
    CHECK(std::isnan(r["nll"].upper));
    CHECK(std::isnan(r["nll"].standard_error));
    CHECK(r["nll"].method == "");
    CHECK(r["nll"].note == "the value is infinite");
    for (const metric_interval& i : r) {
      INFO(i.name);
      if (i.name == "nll") continue;
      const metric_interval& other = before[i.name];
      CHECK(std::isnan(i.lower) == std::isnan(other.lower));
      CHECK(std::isnan(i.standard_error) == std::isnan(other.standard_error));
      // one row of 201, at most 2 off
      if (!std::isnan(i.standard_error) && i.name != "debiased_l2")
        CHECK(i.standard_error == Approx(other.standard_error).margin(0.02));
    }
  }
  const interval_report r = intervals(probabilities(p), d.labels, {accuracy, nll});
  const double a = r["accuracy"].value;
  CHECK(r["accuracy"].standard_error == Approx(std::sqrt(a * (1 - a) / 200)).epsilon(1e-9));
}

TEST_CASE("an infinite loss of weight 0 is no loss", "[standard_errors]") {
  std::vector<std::vector<double>> p{{.75, .25}, {.5, .5}, {.25, .75}, {1, 0}};
  const std::vector<int> y{0, 0, 0, 1};
  const std::vector<double> w{1, 1, 1, 0};
  const interval_report r = intervals(probabilities(p), y, {nll}, {.weights = w});
  CHECK(std::isfinite(r["nll"].value));
  CHECK(r["nll"].standard_error > 0);
  CHECK(std::isfinite(r["nll"].standard_error));
}

namespace {

/// Finite where nll is not.
struct likelihood {
  static constexpr metric_info info{.name = "likelihood"};
  double of(const summary& s) const { return std::exp(-s.nll()); }
};

}  // namespace

TEST_CASE("a finite function of an infinite mean has no standard error", "[standard_errors]") {
  std::vector<std::vector<double>> p(20, {0.25, 0.75});
  std::vector<int> y(20, 1);
  p[0] = {0, 1};
  y[0] = 0;
  for (std::size_t i = 1; i < 8; ++i) y[i] = 0;
  const interval_report r = intervals(probabilities(p), y, {likelihood{}});
  CHECK(r["likelihood"].value == 0);
  CHECK(std::isnan(r["likelihood"].standard_error));
}

TEST_CASE("a loss beyond float32 is not left out of a standard error", "[standard_errors]") {
  std::vector<std::vector<double>> z(20, {0, 1});
  z[0] = {0, 1e39};
  const std::vector<int> y(20, 0);
  const interval_report r = intervals(logits(z), y, {nll});
  CHECK(r["nll"].value == Approx(5e37));
  // one row of 20 makes all of it
  CHECK((std::isnan(r["nll"].standard_error) || r["nll"].standard_error > 1e37));
}

TEST_CASE("rows of weight 0 change no standard error", "[standard_errors]") {
  const drawn<double> d(60, 3, 23), kept = d.part(0, 40);
  std::vector<double> w(60, 1.0);
  for (std::size_t i = 40; i < 60; ++i) w[i] = 0;
  const interval_report all = intervals(logits(d.z), d.labels, {accuracy, brier}, {.weights = w});
  const interval_report some = intervals(logits(kept.z), kept.labels, {accuracy, brier});
  for (const char* name : {"accuracy", "brier"})
    CHECK(all[name].standard_error == Approx(some[name].standard_error).epsilon(1e-9));
}

TEST_CASE("one unit says nothing of how it varies", "[standard_errors]") {
  const drawn<double> d(30, 3, 24);
  std::vector<std::int64_t> stratum(30, 1), cluster(30, 1);
  stratum[4] = 2;  // alone
  const std::vector<std::vector<double>> one{{0.25, 0.75}};
  const interval_report reports[] = {
      intervals(logits(d.z), d.labels, {accuracy, nll, brier}, {.stratum = stratum}),
      intervals(logits(d.z), d.labels, {accuracy, nll, brier}, {.cluster = cluster}),
      intervals(probabilities(one), std::vector<int>{1}, {accuracy, nll, brier})};
  for (const interval_report& r : reports)
    for (const metric_interval& i : r) {
      INFO(i.name);
      CHECK(std::isfinite(i.value));
      CHECK(std::isnan(i.standard_error));
      CHECK(std::isnan(i.lower));
      CHECK(std::isnan(i.upper));
    }
}

namespace {

// metric_info::range is "[0, 1]" unless the metric says otherwise, and its author may forget.
struct below_zero {
  static constexpr metric_info info{.name = "below_zero"};
  double of(const summary& s) const { return s.accuracy() - s.confidence() - 0.5; }
};
struct above_one {
  static constexpr metric_info info{.name = "above_one"};
  double of(const reliability_table& t) const { return 2 + ece(t); }
};

}  // namespace

TEST_CASE("a limit never lies beyond the value, whatever range a metric claims",
          "[standard_errors]") {
  const drawn<double> d(100, 3, 25);
  const interval_report r = intervals(logits(d.z), d.labels, {below_zero{}, above_one{}}, {},
                                      {.kind = interval_kind::percentile});
  CHECK(r["below_zero"].value < 0);
  CHECK(r["below_zero"].lower <= r["below_zero"].value);
  CHECK(r["below_zero"].value <= r["below_zero"].upper);
  CHECK(r["above_one"].value > 1);
  CHECK(r["above_one"].upper > 2);
  CHECK(r["above_one"].lower < r["above_one"].upper);
}
