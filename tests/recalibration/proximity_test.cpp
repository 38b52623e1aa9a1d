// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators of scores with a proximity a sample, against double loops in long double.
#include <calibra/json.hpp>
#include <calibra/recalibration/histogram_mass.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/procal_bin_mean_shift.hpp>
#include <calibra/recalibration/procal_density_ratio.hpp>
#include <calibra/recalibration/temperature.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "constants.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;
using calibra::options;

/// Random logits, of which those of a high proximity are the surer ones.
struct proximity_problem : problem<double> {
  std::vector<double> proximity;

  proximity_problem(std::size_t n, std::size_t k, unsigned seed)
      : problem<double>(random_problem<double>(n, k, 1.5, 2, seed)), proximity(n) {
    std::mt19937_64 generator(seed);
    std::uniform_real_distribution<double> uniform;
    for (std::size_t i = 0; i < n; ++i) {
      proximity[i] = 0.1 + 0.9 * uniform(generator);
      weights[i] = std::floor(weights[i]);  // 0, 1 or 2
    }
  }
  std::size_t size() const { return labels.size(); }
};

struct naive_pair {
  real c, d, w;
  bool hit;
};

/// The normal reference rule and the double loop.
struct naive_ratio {
  std::vector<naive_pair> pairs;

  real deviation(real naive_pair::*which, bool all, bool hit) const {
    real n = 0, mean = 0, squares = 0;
    for (const naive_pair& p : pairs)
      if (all || p.hit == hit) n += p.w, mean += p.w * p.*which;
    for (const naive_pair& p : pairs)
      if (all || p.hit == hit) squares += p.w * (p.*which - mean / n) * (p.*which - mean / n);
    return std::sqrt(squares / n);
  }
  real count(bool hit) const {
    real n = 0;
    for (const naive_pair& p : pairs)
      if (p.hit == hit) n += p.w;
    return n;
  }
  real density(bool hit, real c, real d) const {
    const real n = count(hit);
    if (n == 0) return 0;
    const auto bandwidth = [&](real naive_pair::*which) {
      real spread = deviation(which, false, hit);
      if (spread < 1e-16L) spread = deviation(which, true, hit);
      return spread < 1e-16L ? 0 : 1.06L * spread * std::pow(n, -1.0L / 6);
    };
    const real h = bandwidth(&naive_pair::c), g = bandwidth(&naive_pair::d);
    const auto gauss = [](real x, real width) {
      if (width == 0) return 1.0L;
      return std::exp(-x * x / (2 * width * width)) /
             (width * std::sqrt(2 * std::numbers::pi_v<real>));
    };
    real sum = 0;
    for (const naive_pair& p : pairs)
      if (p.hit == hit) sum += p.w * gauss(c - p.c, h) * gauss(d - p.d, g);
    return sum / n;
  }
  double operator()(real c, real d) const {
    const real right = count(true), wrong = count(false);
    if (right == 0) return wrong == 0 ? static_cast<double>(c) : 0;
    const real f = density(true, c, d), g = density(false, c, d);
    return static_cast<double>(f / std::max(f + g * wrong / right, 1e-10L));
  }
};

template<class Weight>
naive_ratio naive_fit(const proximity_problem& x, Weight weight) {
  naive_ratio naive;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::vector<double> p = naive_softmax(x.z, i, 1);
    const auto top = std::max_element(p.begin(), p.end());
    if (weight(i) > 0)
      naive.pairs.push_back({*top, x.proximity[i], weight(i), top - p.begin() == x.labels[i]});
  }
  return naive;
}

double largest_difference(const matrix<double>& a, const matrix<double>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t k = 0; k < a.cols(); ++k) most = std::max(most, std::abs(a(i, k) - b(i, k)));
  return most;
}

/// Each sample as often as its weight says.
proximity_problem repeated(const proximity_problem& x) {
  proximity_problem more(1, x.z.cols(), 1);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (double w = x.weights[i]; w > 0; --w) rows.push_back(i);
  more.z = matrix<double>(rows.size(), x.z.cols());
  more.labels.clear();
  more.proximity.clear();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t k = 0; k < x.z.cols(); ++k) more.z(r, k) = x.z(rows[r], k);
    more.labels.push_back(x.labels[rows[r]]);
    more.proximity.push_back(x.proximity[rows[r]]);
  }
  more.weights.assign(rows.size(), 1);
  return more;
}

void check_same(const fit_report& a, const fit_report& b) {
  CHECK(a.converged == b.converged);
  CHECK(a.note == b.note);
  CHECK(a.passes == b.passes);
  CHECK(a.fitted_on == b.fitted_on);
}

}  // namespace

TEST_CASE("procal_density_ratio: the top class by the naive ratio, the others in proportion") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const std::size_t k = 2 + seed % 4;
    const proximity_problem x(seed == 12 ? 1500 : 40 + 10 * seed, k, seed);
    const proximity_problem test(50, k, 1000 + seed);
    for (const bool weighted : {false, true}) {
      row_options o;
      if (weighted) o.weights = x.weights;
      const auto r = procal_density_ratio::fit(logits(x.z), x.labels, x.proximity, o);
      const naive_ratio naive =
          naive_fit(x, [&](std::size_t i) { return weighted ? x.weights[i] : 1.0; });
      CHECK(r.report().converged);
      CHECK(r.report().note.empty());
      CHECK(r.right().confidences.size() + r.wrong().confidences.size() == naive.pairs.size());
      const matrix<double> q = r.transform(logits(test.z), test.proximity);
      for (std::size_t i = 0; i < test.size(); ++i) {
        const std::vector<double> p = naive_softmax(test.z, i, 1);
        const auto top = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
        const double c = naive(p[top], test.proximity[i]);
        INFO(seed << " " << weighted << " " << i);
        CHECK(std::abs(q(i, top) - c) <= 1e-12);
        for (std::size_t j = 0; j < k; ++j)
          if (j != top) CHECK(std::abs(q(i, j) - (1 - c) * p[j] / (1 - p[top])) <= 1e-12);
      }
    }
  }
}

TEST_CASE("procal_density_ratio: weights are repetition, threads do not matter") {
  const proximity_problem x(700, 3, 5), test(900, 3, 6);
  const auto weighted =
      procal_density_ratio::fit(logits(x.z), x.labels, x.proximity, {.weights = x.weights});
  const proximity_problem more = repeated(x);
  const auto by_hand = procal_density_ratio::fit(logits(more.z), more.labels, more.proximity);
  const matrix<double> p = weighted.transform(logits(test.z), test.proximity);
  CHECK(largest_difference(p, by_hand.transform(logits(test.z), test.proximity)) <= 1e-12);
  const auto on_threads = procal_density_ratio::fit(logits(x.z), x.labels, x.proximity,
                                                    {.weights = x.weights, .threads = {3}});
  CHECK(on_threads.right() == weighted.right());
  CHECK(on_threads.wrong() == weighted.wrong());
  CHECK(largest_difference(
            p, on_threads.transform(logits(test.z), test.proximity, {.threads = {3}})) == 0);
}

TEST_CASE("procal_density_ratio: binary scores, other kinds, arrays written to") {
  const proximity_problem x(200, 2, 3);
  std::vector<double> z(x.size()), p(x.size());
  matrix<double> both(x.size(), 2);
  for (std::size_t i = 0; i < x.size(); ++i) {
    z[i] = x.z(i, 1) - x.z(i, 0);
    p[i] = 1 / (1 + std::exp(-z[i]));
    both(i, 0) = 1 - p[i];
    both(i, 1) = p[i];
  }
  const matrix<double> expected = procal_density_ratio::fit(logits(x.z), x.labels, x.proximity)
                                      .transform(logits(x.z), x.proximity);
  const auto of_logits = procal_density_ratio::fit(binary_logits(z), x.labels, x.proximity);
  const auto of_p = procal_density_ratio::fit(binary_probabilities(p), x.labels, x.proximity);
  const std::vector<double> q = of_logits.transform(binary_logits(z), x.proximity);
  const std::vector<double> r = of_p.transform(binary_probabilities(p), x.proximity);
  const matrix<double> s = procal_density_ratio::fit(probabilities(both), x.labels, x.proximity)
                               .transform(probabilities(both), x.proximity);
  std::vector<float> flat(2 * x.size());
  of_logits.transform(binary_logits(z), x.proximity, p);
  procal_density_ratio::fit(probabilities(both), x.labels, x.proximity)
      .transform(probabilities(both), x.proximity, flat);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(std::abs(q[i] - expected(i, 1)) <= 1e-11);
    CHECK(std::abs(r[i] - expected(i, 1)) <= 1e-11);
    CHECK(std::abs(s(i, 1) - expected(i, 1)) <= 1e-11);
    CHECK(p[i] == q[i]);
    CHECK(flat[2 * i + 1] == static_cast<float>(s(i, 1)));
  }
  CHECK_THROWS_WITH(of_logits.transform(binary_probabilities(r), x.proximity),
                    Catch::Contains("fitted on binary_logits, got binary_probabilities"));
}

TEST_CASE("procal_density_ratio: all right, all wrong, one sample, none, no spread") {
  const std::vector<double> p = {0.9, 0.6, 0.7, 0.8}, d = {0.3, 0.5, 0.6, 0.4};
  const std::vector<int> right = {1, 1, 1, 1}, wrong = {0, 0, 0, 0}, mixed = {1, 0, 1, 0};
  const auto s = binary_probabilities(p);
  const auto all_right = procal_density_ratio::fit(s, right, d);
  CHECK(all_right(0.8, 0.4) == 1);
  CHECK(all_right(0.8, 1e6) == 0);  // far from all samples
  CHECK(all_right.report().converged);
  naive_ratio naive{
      {{0.9, 0.3, 1, true}, {0.6, 0.5, 1, true}, {0.7, 0.6, 1, true}, {0.8, 0.4, 1, true}}};
  int between = 0;  // where the density is near the least denominator
  for (int i = 0; i < 100; ++i) {
    const double c = all_right(0.8, 0.5 + 0.02 * i);
    CHECK(c == Approx(naive(0.8, 0.5 + 0.02 * i)).epsilon(1e-11).margin(0));
    between += c > 1e-6 && c < 1 - 1e-6;
  }
  CHECK(between > 0);
  CHECK(procal_density_ratio::fit(s, wrong, d)(0.8, 0.4) == 0);

  const std::vector<double> one = {0.9}, place = {0.5};
  CHECK(procal_density_ratio::fit(binary_probabilities(one), std::vector<int>{1}, place)(0.2, 0) ==
        1);
  CHECK(procal_density_ratio::fit(binary_probabilities(one), std::vector<int>{0}, place)(0.2, 0) ==
        0);

  const auto none = procal_density_ratio::fit(s, mixed, d, {.weights = std::vector<double>(4)});
  CHECK_FALSE(none.report().converged);
  CHECK(none.report().note == "no samples with a weight: nothing is changed");
  CHECK(none(0.3, 0.4) == 0.3);

  // Equal proximities tell nothing: the confidence alone counts, whatever the proximity is.
  const std::vector<double> same(4, 0.1);
  const auto flat = procal_density_ratio::fit(s, mixed, same);
  CHECK(flat(0.75, 0.1) == flat(0.75, 12));
  naive.pairs = {
      {0.9, 0.1, 1, true}, {0.6, 0.1, 1, false}, {0.7, 0.1, 1, true}, {0.8, 0.1, 1, false}};
  CHECK(flat(0.75, 0.1) == Approx(naive(0.75, 0.1)).epsilon(1e-13).margin(0));
  // One right sample takes the spread of all.
  const auto lone = procal_density_ratio::fit(s, std::vector<int>{1, 0, 0, 0}, d);
  naive.pairs = {
      {0.9, 0.3, 1, true}, {0.6, 0.5, 1, false}, {0.7, 0.6, 1, false}, {0.8, 0.4, 1, false}};
  CHECK(lone(0.75, 0.35) == Approx(naive(0.75, 0.35)).epsilon(1e-13).margin(0));

  // Nothing left for the others to share in proportion.
  const procal_density_ratio half({{1}, {0.5}, {}}, {{1}, {0.5}, {}});
  matrix<double> sure(1, 3);
  sure(0, 1) = 1;
  const matrix<double> q = half.transform(probabilities(sure), place);
  CHECK(q(0, 0) == 0.25);
  CHECK(q(0, 1) == 0.5);
  CHECK(q(0, 2) == 0.25);
  CHECK(half.transform(logits(matrix<double>(1, 1)), place)(0, 0) == 1);
  sure(0, 0) = 4e-320;  // less than that by which a double can be divided
  const matrix<double> tiny = half.transform(probabilities(sure), place);
  CHECK(tiny(0, 0) == 0.5);
  CHECK(tiny(0, 2) == 0);
}

TEST_CASE("procal_density_ratio: rows that are left out") {
  proximity_problem x(60, 3, 4), kept(1, 3, 1);
  std::vector<unsigned char> valid(60, 1);
  x.labels[3] = 77;           // ignored
  valid[10] = 0;              // masked
  x.z(20, 1) = not_a_number;  // counted
  x.proximity[10] = x.proximity[20] = x.proximity[3] = not_a_number;
  x.weights.assign(60, 1);
  x.weights[3] = x.weights[10] = x.weights[20] = 0;
  kept = repeated(x);
  const row_options o{.ignore_label = 77, .valid = valid, .nan = nan_policy::count};
  const auto r = procal_density_ratio::fit(logits(x.z), x.labels, x.proximity, o);
  const auto expected = procal_density_ratio::fit(logits(kept.z), kept.labels, kept.proximity);
  CHECK(r.right() == expected.right());
  CHECK(r.wrong() == expected.wrong());
  x.proximity[3] = x.proximity[10] = 0.5;
  const matrix<double> p = r.transform(logits(x.z), x.proximity, {.nan = nan_policy::count});
  CHECK(std::isnan(p(20, 0)));
  CHECK(p(21, 0) + p(21, 1) + p(21, 2) == Approx(1).epsilon(1e-14));

  using temperature_bins = procal_bin_mean_shift<temperature_scaling>;
  x.proximity[3] = x.proximity[10] = not_a_number;
  const auto bins = temperature_bins::fit(logits(x.z), x.labels, x.proximity, o, {.bins = 3});
  const auto of_kept =
      temperature_bins::fit(logits(kept.z), kept.labels, kept.proximity, {}, {.bins = 3});
  CHECK(bins.edges() == of_kept.edges());
  for (std::size_t b = 0; b < 3; ++b)
    CHECK(bins.of_bin(b).temperature() ==
          Approx(of_kept.of_bin(b).temperature()).epsilon(1e-10).margin(0));
}

TEST_CASE("procal_bin_mean_shift: each bin by a recalibrator of its own") {
  using recalibrator_type = one_against_rest<histogram_mass>;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const proximity_problem x(90 * seed, 3, seed), test(40, 3, 100 + seed);
    const std::size_t bins = 1 + seed;
    const row_options o{.weights = x.weights};
    const auto r = procal_bin_mean_shift<recalibrator_type>::fit(
        logits(x.z), x.labels, x.proximity, o, {.bins = bins, .method = {.bins = 4}});
    REQUIRE(r.edges().size() == bins - 1);
    // The edges are order statistics or between two of them.
    std::vector<double> sorted;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x.weights[i] > 0) sorted.push_back(x.proximity[i]);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t e = 0; e + 1 < bins; ++e) {
      const double position =
          static_cast<double>((e + 1) * (sorted.size() - 1)) / static_cast<double>(bins);
      const auto rank = static_cast<std::size_t>(position);
      const double part = position - static_cast<double>(rank);
      CHECK(r.edges()[e] ==
            Approx((1 - part) * sorted[rank] + part * sorted[rank + 1]).epsilon(1e-12));
    }
    const matrix<double> p = r.transform(logits(test.z), test.proximity, {.threads = {2}});
    double before = 0, after = 0, total = 0;
    for (std::size_t b = 0; b < bins; ++b) {
      std::vector<std::size_t> rows;
      for (std::size_t i = 0; i < x.size(); ++i)
        if ((b == 0 || x.proximity[i] >= r.edges()[b - 1]) &&
            (b + 1 == bins || x.proximity[i] < r.edges()[b]))
          rows.push_back(i);
      matrix<double> z(rows.size(), 3);
      std::vector<std::int64_t> y;
      std::vector<double> w;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t k = 0; k < 3; ++k) z(i, k) = x.z(rows[i], k);
        y.push_back(x.labels[rows[i]]);
        w.push_back(x.weights[rows[i]]);
      }
      const auto own = fit<recalibrator_type>(logits(z), y, {.weights = w}, {.bins = 4});
      const matrix<double> q = own.transform(logits(test.z));
      for (std::size_t i = 0; i < test.size(); ++i)
        if (r.bin(test.proximity[i]) == b)
          for (std::size_t k = 0; k < 3; ++k) CHECK(std::abs(p(i, k) - q(i, k)) <= 1e-13);
      double weight = 0;
      for (const double v : w) weight += v;
      before += weight * own.report().objective_before;
      after += weight * own.report().objective_after;
      total += weight;
    }
    CHECK(r.report().objective_before == Approx(before / total).epsilon(1e-12));
    CHECK(r.report().objective_after == Approx(after / total).epsilon(1e-12));
    CHECK(r.report().converged);
    CHECK(r.report().fitted_on == score_kind::logits);
  }
}

TEST_CASE("procal_bin_mean_shift: recalibrators that make logits, and of binary scores") {
  const proximity_problem x(300, 3, 8);
  const auto r = procal_bin_mean_shift<temperature_scaling>::fit(logits(x.z), x.labels, x.proximity,
                                                                 {.threads = {2}});
  REQUIRE(r.edges().size() == 4);  // five bins
  const matrix<double> p = r.transform(logits(x.z), x.proximity);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = r.of_bin(r.bin(x.proximity[i])).temperature();
    const std::vector<double> q = naive_softmax(x.z, i, t);
    for (std::size_t k = 0; k < 3; ++k) CHECK(std::abs(p(i, k) - q[k]) <= 16 * epsilon);
  }
  std::vector<double> z(x.size());
  std::vector<int> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    z[i] = x.z(i, 0);
    y[i] = x.labels[i] == 0;
  }
  const auto binary = procal_bin_mean_shift<isotonic>::fit(binary_logits(z), y, x.proximity);
  const std::vector<double> q = binary.transform(binary_logits(z), x.proximity);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double e = std::exp(-std::abs(z[i]));
    CHECK(q[i] == binary.of_bin(binary.bin(x.proximity[i]))((z[i] < 0 ? e : 1) / (1 + e)));
  }
}

TEST_CASE("procal_bin_mean_shift: equal proximities, few samples, none") {
  const proximity_problem x(30, 3, 2);
  using bins = procal_bin_mean_shift<temperature_scaling>;
  const auto one = bins::fit(logits(x.z), x.labels, std::vector<double>(30, 0.3));
  CHECK(one.edges().empty());
  CHECK(one.of_bin(0).temperature() ==
        fit<temperature_scaling>(logits(x.z), x.labels).temperature());
  // More bins than samples: each sample has one.
  matrix<double> two(2, 2);
  two(0, 0) = 1;
  const auto few = procal_bin_mean_shift<>::fit(logits(two), std::vector<int>{0, 1},
                                                std::vector<double>{0.1, 0.2}, {}, {.bins = 10});
  CHECK(few.edges().size() == 1);
  CHECK(few.bin(0.1) == 0);
  CHECK(few.bin(0.2) == 1);
  const auto none =
      bins::fit(logits(x.z), x.labels, x.proximity, {.weights = std::vector<double>(30)});
  CHECK(none.edges().empty());
  CHECK_FALSE(none.report().converged);
  CHECK(none.report().note.starts_with("bin 0: "));
  CHECK(none.of_bin(0).temperature() == 1);
}

TEST_CASE("recalibrators with proximities: in a document and back") {
  const proximity_problem x(120, 3, 11), test(30, 3, 12);
  for (const bool weighted : {false, true}) {
    row_options o;
    if (weighted) o.weights = x.weights;
    const auto r = procal_density_ratio::fit(logits(x.z), x.labels, x.proximity, o);
    const auto again = recalibrator_from_json<procal_density_ratio>(to_json(r));
    CHECK(again.right() == r.right());
    CHECK(again.wrong() == r.wrong());
    check_same(again.report(), r.report());
    CHECK(largest_difference(again.transform(logits(test.z), test.proximity),
                             r.transform(logits(test.z), test.proximity)) == 0);
    const auto b = procal_bin_mean_shift<>::fit(logits(x.z), x.labels, x.proximity, o);
    const auto c = recalibrator_from_json<procal_bin_mean_shift<>>(to_json(b));
    CHECK(c.edges() == b.edges());
    check_same(c.report(), b.report());
    CHECK(largest_difference(c.transform(logits(test.z), test.proximity),
                             b.transform(logits(test.z), test.proximity)) == 0);
    CHECK_THROWS_WITH(
        recalibrator_from_json<procal_bin_mean_shift<temperature_scaling>>(to_json(b)),
        Catch::Contains("expected kind \"temperature\""));
    CHECK_THROWS_WITH(recalibrator_from_json<procal_bin_mean_shift<>>(to_json(r)),
                      Catch::Contains("expected kind \"procal_bin_mean_shift\""));
  }
}

TEST_CASE("recalibrators with proximities: what they refuse") {
  proximity_problem x(5, 3, 1);
  const auto fitted = [&](const std::vector<double>& d) {
    return procal_density_ratio::fit(logits(x.z), x.labels, d);
  };
  CHECK_THROWS_MATCHES(
      fitted({0.5, 0.5}), shape_error,
      Catch::Message("procal_density_ratio::fit(): expected 5 proximities to match "
                     "5 rows, got 2"));
  const procal_density_ratio r = fitted(x.proximity);
  CHECK_THROWS_MATCHES(r.transform(logits(x.z), std::vector<double>{0.5}), shape_error,
                       Catch::Message("procal_density_ratio.transform(): expected 5 proximities to "
                                      "match 5 rows, got 1"));
  std::vector<double> bad = x.proximity;
  bad[3] = not_a_number;
  CHECK_THROWS_MATCHES(
      fitted(bad), value_error,
      Catch::Message("procal_density_ratio::fit(): proximity nan at row 3 is not finite"));
  CHECK_THROWS_MATCHES(
      r.transform(logits(x.z), bad), value_error,
      Catch::Message("procal_density_ratio.transform(): proximity nan at row 3 is not finite"));
  CHECK_THROWS_AS(r.transform(probabilities(matrix<double>(5, 3)), x.proximity), value_error);
  CHECK_THROWS_AS(r.transform(logits(matrix<double>(5, 0)), x.proximity), shape_error);
  CHECK_THROWS_MATCHES(
      procal_density_ratio({{0.5}, {0.5, 0.2}, {}}, {}), shape_error,
      Catch::Message("procal_density_ratio(): the right samples have 1 confidences, 2 proximities "
                     "and 0 weights; expected as many of each, or no weights"));
  CHECK_THROWS_MATCHES(
      procal_density_ratio({}, {{0.5, 1.5}, {0.5, 0.2}, {}}), value_error,
      Catch::Message("procal_density_ratio(): confidence 1.5 of wrong sample 1 is not in [0, 1]"));
  CHECK_THROWS_MATCHES(procal_density_ratio({}, {{0.5}, {0.5}, {0}}), value_error,
                       Catch::Message("procal_density_ratio(): weight 0 of wrong sample 0 is not a "
                                      "finite number > 0"));
  using bins = procal_bin_mean_shift<temperature_scaling>;
  CHECK_THROWS_MATCHES(
      bins::fit(logits(x.z), x.labels, x.proximity, {}, {.bins = 0}), option_error,
      Catch::Message("procal_bin_mean_shift::fit(): expected at least 1 bin, got 0"));
  CHECK_THROWS_MATCHES(
      bins({0.2}, {temperature_scaling(1)}), shape_error,
      Catch::Message("procal_bin_mean_shift(): expected 2 recalibrators for 1 inner "
                     "edges, got 1"));
  CHECK_THROWS_MATCHES(bins({0.2, 0.2}, {}), option_error,
                       Catch::Message("procal_bin_mean_shift(): edge 0.2 at position 1; expected "
                                      "finite edges that ascend"));
  x.labels[2] = 9;
  CHECK_THROWS_WITH(fitted(x.proximity), Catch::Contains("row 2"));
}
