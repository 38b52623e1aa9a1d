// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Statistics and p of the tests that have them in closed form, against the formulas of their doc
// blocks, written down again in long double.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/hypothesis/e_value.hpp"
#include "calibra/hypothesis/hosmer_lemeshow.hpp"
#include "calibra/hypothesis/ks.hpp"
#include "calibra/hypothesis/kuiper.hpp"
#include "calibra/hypothesis/logistic.hpp"
#include "calibra/hypothesis/spiegelhalter.hpp"
#include "constants.hpp"
#include "pairs.hpp"

using namespace calibra;
using calibra::test::infinity;

namespace {

/// Sums of a few hundred terms in double, over standard deviations that are not small beside them.
constexpr double of_sums = 1e-12;

/// C_k of the doc block: where it goes, and sigma.
struct walk {
  real lowest = 0, highest = 0, variance = 0;
  std::vector<real> steps;  // variance of what enters together

  explicit walk(const std::vector<row>& rows) {
    const std::vector<row> sorted = ascending(rows);
    real sum = 0;
    for (std::size_t i = 0; i < sorted.size();) {
      real step = 0;
      const double c = sorted[i].c;
      for (; i < sorted.size() && sorted[i].c == c; ++i) {
        const real w = sorted[i].w;
        sum += w * ((sorted[i].hit ? 1 : 0) - static_cast<real>(c));
        step += w * w * static_cast<real>(c) * (1 - static_cast<real>(c));
      }
      lowest = std::min(lowest, sum);
      highest = std::max(highest, sum);
      steps.push_back(step);
      variance += step;
    }
  }
  double kuiper() const { return static_cast<double>((highest - lowest) / std::sqrt(variance)); }
  double ks() const {
    return static_cast<double>(std::max(highest, -lowest) / std::sqrt(variance));
  }
  /// The law of a walk that is looked at at its steps: x further out by -zeta(1/2) / sqrt(2 pi)
  /// mean steps, each step as long as it lasts.
  double shift() const {
    real step = 0;
    for (const real v : steps) step += v / variance * std::sqrt(v / variance);
    return static_cast<double>(step * 1.4603545088095868129L / std::sqrt(2 * std::acos(-1.0L)));
  }
};

double naive_spiegelhalter(const std::vector<row>& rows) {
  real sum = 0, variance = 0;
  for (const row& r : rows) {
    const real c = r.c, w = r.w;
    sum += w * ((r.hit ? 1 : 0) - c) * (1 - 2 * c);
    variance += w * w * (1 - 2 * c) * (1 - 2 * c) * c * (1 - c);
  }
  return static_cast<double>(sum / std::sqrt(variance));
}

/// Bins of equal mass: parts of the sorted pairs, the first N mod B one larger, cut half way
/// between neighbours; a confidence on a cut is below it.
std::pair<double, std::size_t> naive_hosmer_lemeshow(const std::vector<row>& rows,
                                                     std::size_t bins) {
  const std::vector<row> sorted = ascending(rows);
  const std::size_t n = sorted.size();
  std::vector<double> cuts;
  std::size_t first = 0;
  for (std::size_t part = 0; part + 1 < std::min(bins, n); ++part) {
    first += n / std::min(bins, n) + (part < n % std::min(bins, n) ? 1 : 0);
    cuts.push_back((sorted[first - 1].c + sorted[first].c) / 2);
  }
  struct bin {
    real weight = 0, squares = 0, confidence = 0, hits = 0;
  };
  std::vector<bin> of(bins + 1);
  for (const row& r : sorted) {
    std::size_t b = 0;
    for (std::size_t k = 0; k < cuts.size(); ++k)
      if (r.c > cuts[k]) b = k + 1;
    const real w = r.w;
    of[b].weight += w;
    of[b].squares += w * w;
    of[b].confidence += w * static_cast<real>(r.c);
    of[b].hits += r.hit ? w : 0;
  }
  real sum = 0;
  std::size_t used = 0;
  for (const bin& b : of) {
    if (!(b.weight > 0)) continue;
    ++used;
    const real c = b.confidence / b.weight, gap = b.hits / b.weight - c;
    sum += b.weight * b.weight / b.squares * gap * gap / (c * (1 - c));
  }
  return {static_cast<double>(sum), used};
}

struct cox {
  real gain = 0, slope = 1, intercept = 0;  ///< twice the gain
};

/// Newton's steps, halved where they do not help. `free_slope`: else the intercept alone.
cox naive_logistic(const std::vector<row>& rows, bool free_slope = true) {
  const auto likelihood = [&](real slope, real intercept) {
    real sum = 0;
    for (const row& r : rows) {
      if (r.w == 0) continue;
      const real c = r.c, z = slope * std::log(c / (1 - c)) + intercept;
      sum -= std::log1p(std::exp(r.hit ? -z : z));
    }
    return sum;
  };
  cox found;
  const real before = likelihood(1, 0);
  for (int step = 0; step < 60; ++step) {
    real g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
    for (const row& r : rows) {
      if (r.w == 0) continue;
      const real c = r.c, x = std::log(c / (1 - c));
      const real q = 1 / (1 + std::exp(-found.slope * x - found.intercept));
      g0 += (r.hit ? 1 : 0) - q;
      g1 += ((r.hit ? 1 : 0) - q) * x;
      h00 += q * (1 - q);
      h01 += q * (1 - q) * x;
      h11 += q * (1 - q) * x * x;
    }
    real move0 = g0 / h00, move1 = 0;
    if (free_slope) {
      const real det = h00 * h11 - h01 * h01;
      move0 = (h11 * g0 - h01 * g1) / det;
      move1 = (h00 * g1 - h01 * g0) / det;
    }
    real part = 1;
    while (part > 1e-9L && likelihood(found.slope + part * move1, found.intercept + part * move0) <
                               likelihood(found.slope, found.intercept))
      part /= 2;
    found.slope += part * move1;
    found.intercept += part * move0;
  }
  found.gain = 2 * (likelihood(found.slope, found.intercept) - before);
  return found;
}

/// ln of the mean over shifts of the product of likelihood ratios: the product itself.
double naive_log_e(const std::vector<row>& rows) {
  real mean = 0;
  for (const real d : {-1.0L, -0.5L, -0.25L, -0.1L, 0.1L, 0.25L, 0.5L, 1.0L}) {
    real product = 1;
    for (const row& r : rows) {
      if (r.w == 0) continue;
      const real c = r.c, q = 1 / (1 + std::exp(-(std::log(c / (1 - c)) + d)));
      product *= r.hit ? q / c : (1 - q) / (1 - c);
    }
    mean += product / 8;
  }
  return static_cast<double>(std::log(mean));
}

double normal_tail(double x) {
  return std::erfc(x / std::sqrt(2.0)) / 2;
}

/// Of rows of unit weights or 0: what needs them. Else only what takes any.
void check_all(const std::vector<row>& rows, const sample& s) {
  const walk w(rows);
  const test_result of_kuiper = kuiper_test(s), of_ks = ks_test(s);
  CHECK(of_kuiper.name == "kuiper");
  CHECK(of_kuiper.statistic == Approx(w.kuiper()).margin(of_sums));
  CHECK(of_ks.name == "ks");
  CHECK(of_ks.statistic == Approx(w.ks()).margin(of_sums));

  const test_result z = spiegelhalter_test(s);
  CHECK(z.name == "spiegelhalter");
  CHECK(z.statistic == Approx(naive_spiegelhalter(rows)).margin(of_sums));
  CHECK(z.p == Approx(2 * normal_tail(std::abs(naive_spiegelhalter(rows)))).margin(of_sums));

  for (const std::size_t bins : {1U, 2U, 7U, 10U, 1000U}) {
    const auto [sum, used] = naive_hosmer_lemeshow(rows, bins);
    const test_result h = hosmer_lemeshow_test.with({.bins = bins})(s);
    INFO("bins " << bins);
    CHECK(h.name == "hosmer_lemeshow");
    CHECK(h.statistic == Approx(sum).epsilon(1e-10).margin(of_sums));
    CHECK(h.p == Approx(detail::chi_squared_tail(sum, static_cast<double>(used)))
                     .epsilon(1e-9)
                     .margin(1e-15));
    CHECK(h.note == std::to_string(used) + " degrees of freedom");
  }
}
void check_of_unit_weights(const std::vector<row>& rows, const sample& s) {
  const test_result e = e_value_test(s);
  CHECK(e.name == "e_value");
  CHECK(e.statistic == Approx(naive_log_e(rows)).margin(of_sums));
  CHECK(e.p == Approx(std::min(1.0, std::exp(-naive_log_e(rows)))).margin(of_sums));

  const cox found = naive_logistic(rows);
  const test_result l = logistic_test(s);
  CHECK(l.name == "logistic");
  // Two log-likelihoods of some hundreds are subtracted; the maximum itself is flat.
  CHECK(l.statistic == Approx(static_cast<double>(found.gain)).margin(1e-11));
  CHECK(l.p == Approx(std::exp(-static_cast<double>(found.gain) / 2)).margin(1e-11));
  double slope = 0, intercept = 0;
  std::string word, comma;
  std::istringstream note(l.note);
  note >> word >> slope >> comma >> word >> intercept;
  // The note gives four decimals.
  CHECK(slope == Approx(static_cast<double>(found.slope)).margin(0.51e-4));
  CHECK(intercept == Approx(static_cast<double>(found.intercept)).margin(0.51e-4));
}

}  // namespace

TEST_CASE("statistics are those of the formulas", "[statistics]") {
  for (const std::size_t n : {7U, 60U, 301U})
    for (const std::size_t levels : {0U, 5U})
      for (const double power : {1.0, 1.6}) {
        const auto seed = static_cast<unsigned>(n + levels);
        INFO("n " << n << ", levels " << levels << ", power " << power);
        const std::vector<row> rows = drawn_rows(n, seed, {.levels = levels, .power = power});
        check_all(rows, sample_of(rows));
        check_all(rows, sample_of(rows, false));
        const std::vector<row> floats =
            drawn_rows<float>(n, seed, {.levels = levels, .power = power});
        check_all(floats, sample_of<float>(floats));
        const std::vector<row> weighted =
            drawn_rows(n, seed, {.levels = levels, .weights = true, .power = power});
        check_all(weighted, sample_of(weighted));
        const std::vector<row> zeros =
            drawn_rows(n, seed, {.levels = levels, .zeros = true, .power = power});
        check_all(zeros, sample_of(zeros));
        if (n < 60) continue;  // so few may be separable
        check_of_unit_weights(rows, sample_of(rows));
        check_of_unit_weights(floats, sample_of<float>(floats, false));
        check_of_unit_weights(zeros, sample_of(zeros));
      }
}

TEST_CASE("p of untied pairs is that of the corrected law", "[statistics]") {
  for (const std::size_t n : {1U, 2U, 9U, 60U, 500U, 5000U})
    for (const double power : {1.0, 1.3}) {
      INFO("n " << n << ", power " << power);
      for (const bool weights : {false, true}) {
        std::vector<row> rows = drawn_rows(n, static_cast<unsigned>(n) + 50,
                                           {.weights = weights && n > 10, .power = power});
        const walk w(rows);
        CHECK(kuiper_test(sample_of(rows)).p ==
              Approx(detail::brownian_range_tail(w.kuiper() + 2 * w.shift())).margin(1e-11));
        CHECK(ks_test(sample_of(rows)).p ==
              Approx(detail::brownian_maximum_tail(w.ks() + w.shift())).margin(1e-11));
      }
    }
}

TEST_CASE("the order of the pairs does not matter", "[statistics]") {
  const auto same = [](const test_result& a, const test_result& b) {
    INFO(a.name);
    CHECK(a.name == b.name);
    CHECK(a.statistic == Approx(b.statistic).margin(of_sums));
    // Walks are compared with the statistic, and none of 10,000 lies within a rounding of it.
    CHECK(a.p == Approx(b.p).margin(1e-11));
    CHECK(a.note == b.note);
  };
  for (const std::size_t levels : {0U, 4U}) {
    const std::vector<row> rows = drawn_rows(300, 17, {.levels = levels, .power = 1.2});
    const sample sorted = sample_of(ascending(rows));
    REQUIRE(sorted.sorted());
    for (unsigned seed = 0; seed < 3; ++seed) {
      const sample mixed = sample_of(shuffled(rows, seed));
      REQUIRE_FALSE(mixed.sorted());
      same(kuiper_test(mixed), kuiper_test(sorted));
      same(ks_test(mixed), ks_test(sorted));
      same(spiegelhalter_test(mixed), spiegelhalter_test(sorted));
      same(hosmer_lemeshow_test(mixed), hosmer_lemeshow_test(sorted));
      same(logistic_test(mixed), logistic_test(sorted));
      same(e_value_test(mixed), e_value_test(sorted));
      CHECK_FALSE(mixed.sorted());
    }
  }
}

TEST_CASE("rows of weight 0 and the scale of weights are of no account", "[statistics]") {
  const std::vector<row> rows = drawn_rows(200, 23, {.zeros = true, .power = 1.3});
  std::vector<row> kept, scaled;
  for (const row& r : rows) {
    if (r.w != 0) kept.push_back(r);
    scaled.push_back({r.c, r.hit, 2e-4 * r.w});
  }
  const sample all = sample_of(rows), some = sample_of(kept), small = sample_of(scaled);
  const auto same = [&](const auto& test, bool any_weights) {
    INFO(test.name());
    CHECK(test(all).statistic == Approx(test(some).statistic).margin(of_sums));
    CHECK(test(all).p == Approx(test(some).p).margin(of_sums));
    if (any_weights) {
      CHECK(test(small).statistic == Approx(test(all).statistic).margin(of_sums));
      CHECK(test(small).p == Approx(test(all).p).margin(of_sums));
    } else {
      CHECK(std::isnan(test(small).statistic));
      CHECK(std::isnan(test(small).p));
      CHECK(test(small).note == "needs samples that weigh the same");
    }
  };
  same(kuiper_test, true);
  same(ks_test, true);
  same(spiegelhalter_test, true);
  same(hosmer_lemeshow_test.with({.bins = 1}), true);  // bins are cut by counts
  same(logistic_test, false);
  same(e_value_test, false);
}

TEST_CASE("no samples have no statistic", "[statistics]") {
  const sample none, weightless = sample_of({{0.4, true, 0}, {0.7, false, 0}, {0.7, true, 0}});
  for (const sample* s : {&none, &weightless})
    for (const test_result& r : {kuiper_test(*s), ks_test(*s), spiegelhalter_test(*s),
                                 hosmer_lemeshow_test(*s), logistic_test(*s)}) {
      INFO(r.name);
      CHECK(r.name != "");
      CHECK(std::isnan(r.statistic));
      CHECK(std::isnan(r.p));
    }
  for (const sample* s : {&none, &weightless}) CHECK(std::isnan(e_value_test(*s).p));
}

TEST_CASE("one sample", "[statistics]") {
  const std::vector<row> rows{{0.75, false}};
  const sample s = sample_of(rows);
  // sigma^2 = 3/16, C = -3/4
  const double root3 = std::sqrt(3.0);
  CHECK(kuiper_test(s).statistic == Approx(root3));
  CHECK(ks_test(s).statistic == Approx(root3));
  CHECK(spiegelhalter_test(s).statistic == Approx(root3));
  CHECK(spiegelhalter_test(s).p == Approx(2 * normal_tail(root3)));
  CHECK(hosmer_lemeshow_test(s).statistic == Approx(3));
  CHECK(hosmer_lemeshow_test(s).p == Approx(2 * normal_tail(root3)));
  CHECK(hosmer_lemeshow_test(s).note == "1 degrees of freedom");
  CHECK(e_value_test(s).statistic == Approx(naive_log_e(rows)));
  CHECK(kuiper_test(s).p > 0);
  CHECK(ks_test(s).p < 1);
}

TEST_CASE("certain outcomes of confidences 0 and 1 are as they should be", "[statistics]") {
  for (const bool weighted : {false, true}) {
    sample certain(precision::float64);
    for (int i = 0; i < 20; ++i) {
      const std::optional<double> w = weighted ? std::optional(1.0) : std::nullopt;
      certain.push_back(i % 3 == 0 ? 1 : 0, i % 3 == 0, w);
    }
    for (const test_result& r :
         {kuiper_test(certain), ks_test(certain), spiegelhalter_test(certain),
          hosmer_lemeshow_test(certain), hosmer_lemeshow_test.with({.bins = 2})(certain),
          e_value_test(certain)}) {
      INFO(r.name);
      CHECK(r.statistic == 0);
      CHECK(r.p == 1);
    }
    // Logits are clipped, so that these are certain to 1e-38 alone.
    CHECK(logistic_test(certain).statistic == Approx(0).margin(1e-12));
    CHECK(logistic_test(certain).p == Approx(1).margin(1e-12));
  }
}

TEST_CASE("one impossible outcome among certain ones", "[statistics]") {
  for (const bool hit : {false, true}) {
    sample s(precision::float64);
    for (int i = 0; i < 20; ++i) s.push_back(i % 2, i % 2 == 1);
    s.push_back(hit ? 0 : 1, hit);
    for (const test_result& r : {kuiper_test(s), ks_test(s), spiegelhalter_test(s),
                                 hosmer_lemeshow_test(s), e_value_test(s)}) {
      INFO(r.name << " " << hit);
      CHECK(r.statistic == infinity);
      CHECK(r.p == 0);
    }
    CHECK(logistic_test(s).p < 1e-10);
  }
}

TEST_CASE("certain outcomes among others", "[statistics]") {
  std::vector<row> rows = drawn_rows(100, 5, {.power = 1.5}), more = rows;
  for (int i = 0; i < 30; ++i) more.push_back({i % 2 == 0 ? 1.0 : 0.0, i % 2 == 0});
  const sample a = sample_of(rows), b = sample_of(more);
  CHECK(kuiper_test(b).statistic == Approx(kuiper_test(a).statistic).margin(of_sums));
  CHECK(ks_test(b).statistic == Approx(ks_test(a).statistic).margin(of_sums));
  CHECK(kuiper_test(b).p == Approx(kuiper_test(a).p).margin(of_sums));
  CHECK(ks_test(b).p == Approx(ks_test(a).p).margin(of_sums));
  CHECK(spiegelhalter_test(b).statistic == Approx(spiegelhalter_test(a).statistic).margin(of_sums));
  CHECK(e_value_test(b).statistic == Approx(e_value_test(a).statistic).margin(of_sums));
  // An impossible one: infinite evidence by the likelihood, a step of no variance by the others.
  more.push_back({0, true});
  const sample c = sample_of(more);
  CHECK(e_value_test(c).statistic == infinity);
  CHECK(e_value_test(c).p == 0);
  CHECK(kuiper_test(c).statistic == Approx(walk(more).kuiper()).margin(of_sums));
  CHECK(ks_test(c).statistic == Approx(walk(more).ks()).margin(of_sums));
  CHECK(spiegelhalter_test(c).statistic == Approx(naive_spiegelhalter(more)).margin(of_sums));
}

TEST_CASE("confidences of 1/2 alone say nothing by the Brier score", "[statistics]") {
  const sample s = sample_of({{0.5, true}, {0.5, true}, {0.5, true}, {0.5, false}});
  CHECK(spiegelhalter_test(s).statistic == 0);
  CHECK(spiegelhalter_test(s).p == 1);
  CHECK(kuiper_test(s).statistic == Approx(1));
}

TEST_CASE("Spiegelhalter's Z is above 0 where confidences above 1/2 are too high", "[statistics]") {
  std::vector<row> rows;
  for (int i = 0; i < 50; ++i) rows.push_back({0.9, i % 2 == 0});
  CHECK(spiegelhalter_test(sample_of(rows)).statistic > 3);
  for (row& r : rows) r = {0.6, true};
  CHECK(spiegelhalter_test(sample_of(rows)).statistic < -3);
}

TEST_CASE("hosmer_lemeshow of samples that something was fitted to", "[statistics]") {
  const std::vector<row> rows = drawn_rows(200, 31, {.power = 1.3});
  const sample s = sample_of(rows);
  for (const std::size_t bins : {3U, 10U}) {
    const double sum = naive_hosmer_lemeshow(rows, bins).first;
    const test_result r = hosmer_lemeshow_test.with({.bins = bins, .fitted = true})(s);
    CHECK(r.statistic == Approx(sum));
    CHECK(r.p == Approx(detail::chi_squared_tail(sum, static_cast<double>(bins) - 2)));
    CHECK(r.note == std::to_string(bins - 2) + " degrees of freedom");
  }
  for (const std::size_t bins : {1U, 2U}) {
    const test_result r = hosmer_lemeshow_test.with({.bins = bins, .fitted = true})(s);
    CHECK(r.statistic == Approx(naive_hosmer_lemeshow(rows, bins).first));
    CHECK(std::isnan(r.p));
    CHECK_THAT(r.note, Catch::Contains("at least 3"));
  }
  CHECK_THROWS_AS(hosmer_lemeshow_test.with({.bins = 0})(s), option_error);
  CHECK_THROWS_WITH(hosmer_lemeshow_test.with({.bins = 0})(s), Catch::Contains("got 0"));
}

TEST_CASE("logistic of one confidence tests the intercept alone", "[statistics]") {
  std::vector<row> rows;
  for (int i = 0; i < 80; ++i) rows.push_back({0.8, i % 3 != 0});
  const cox found = naive_logistic(rows, false);
  const test_result r = logistic_test(sample_of(rows));
  CHECK(r.statistic == Approx(static_cast<double>(found.gain)).margin(1e-11));
  CHECK(r.p == Approx(std::erfc(std::sqrt(static_cast<double>(found.gain) / 2))).margin(1e-11));
}

TEST_CASE("logistic says how confidences are off", "[statistics]") {
  // True logits half as large and 0.3 up.
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  sample s(precision::float64);
  for (int i = 0; i < 20000; ++i) {
    const double x = 1.5 * normal(random);
    s.push_back(1 / (1 + std::exp(-x)), uniform(random) < 1 / (1 + std::exp(-0.5 * x - 0.3)));
  }
  double slope = 0, intercept = 0;
  std::string word, comma;
  std::istringstream note(logistic_test(s).note);
  note >> word >> slope >> comma >> word >> intercept;
  // Standard errors of some 1 / sqrt(20000 q (1 - q) x^2), four of them.
  CHECK(slope == Approx(0.5).margin(0.05));
  CHECK(intercept == Approx(0.3).margin(0.065));
  CHECK(logistic_test(s).p < 1e-20);
}

TEST_CASE("the tests take scores, confidences and pairs alike", "[statistics]") {
  const drawn_classes d(150, 3, 3, 0, 1.4);
  std::vector<int> top;
  const sample pairs = collect(logits(d.z), d.labels);
  std::vector<double> c;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    c.push_back(pairs.confidence(i));
    top.push_back(pairs.hit(i) ? 1 : 0);
  }
  const auto same = [&](const auto& test) {
    const test_result of_pairs = test(pairs);
    for (const test_result& r : {test(logits(d.z), d.labels), test(confidences(c, top))}) {
      INFO(r.name);
      CHECK(r.name == test.name());
      CHECK(r.statistic == of_pairs.statistic);
      CHECK(r.p == of_pairs.p);
      CHECK(r.note == of_pairs.note);
    }
    // Rows that an option leaves out are left out.
    const test_result few = test(logits(d.z), d.labels, {.ignore_label = 2});
    CHECK(few.statistic == test(collect(logits(d.z), d.labels, {.ignore_label = 2})).statistic);
    CHECK(few.statistic != of_pairs.statistic);
  };
  same(kuiper_test);
  same(ks_test);
  same(spiegelhalter_test);
  same(hosmer_lemeshow_test);
  same(logistic_test);
  same(e_value_test);
  // Binary scores: the positive class, or the likelier.
  const std::vector<double> p{.1, .2, .6, .7, .9, .4};
  const std::vector<int> y{0, 1, 1, 0, 1, 0};
  const auto positive = kuiper_test(binary_probabilities(p), y);
  CHECK(positive.statistic == kuiper_test(confidences(p, y)).statistic);
  const std::vector<double> likelier{.9, .8, .6, .7, .9, .6};
  const std::vector<int> right{1, 0, 1, 0, 1, 1};
  CHECK(kuiper_test(binary_probabilities(p), y, {.binary = binary_target::top_label}).statistic ==
        Approx(kuiper_test(confidences(likelier, right)).statistic));
}

// The likelihood has no maximum where a slope or an intercept separates hits from misses, but a
// least upper bound: what Platt's targets reach is less, and for hits alone less than before.
TEST_CASE("logistic of separable samples gains up to the certain", "[statistics]") {
  std::vector<row> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({i % 2 == 0 ? 0.4 : 0.6, i % 2 == 1});
  const double all = -40 * std::log(0.6);
  CHECK(logistic_test(sample_of(rows)).statistic == Approx(all).epsilon(1e-6));
  for (row& r : rows) r = {0.9, true};
  const test_result hits = logistic_test(sample_of(rows));
  CHECK(hits.statistic == Approx(-40 * std::log(0.9)).epsilon(1e-6));
  CHECK(hits.p == Approx(std::erfc(std::sqrt(-20 * std::log(0.9)))).epsilon(1e-6));
}

TEST_CASE("an impossible outcome of a small weight is impossible", "[statistics]") {
  for (const double w : {1e100, 1.0, 1e-13, 1e-100}) {
    const sample s = sample_of({{1, true, w}, {1, false, w}, {0, false, w}});
    INFO(w);
    CHECK(kuiper_test(s).statistic == infinity);
    CHECK(ks_test(s).statistic == infinity);
    CHECK(spiegelhalter_test(s).statistic == infinity);
    CHECK(hosmer_lemeshow_test(s).statistic == infinity);
  }
}

// It "adds nothing", so that it has no degree of freedom either.
TEST_CASE("a bin of certain confidences does not make hosmer_lemeshow easier to pass",
          "[statistics]") {
  std::vector<row> rows = drawn_rows(100, 37, {.power = 1.4}), more = rows;
  for (int i = 0; i < 100; ++i) more.push_back({1, true});
  const test_result alone = hosmer_lemeshow_test.with({.bins = 1})(sample_of(rows));
  const test_result both = hosmer_lemeshow_test.with({.bins = 2})(sample_of(more));
  CHECK(both.statistic == Approx(alone.statistic));
  CHECK(both.p == Approx(alone.p));
}

TEST_CASE("pairs of weight 0 do not choose the law of ks and kuiper", "[statistics]") {
  const std::vector<row> rows = drawn_rows(100, 41, {.power = 1.2});
  std::vector<row> more = rows;
  for (const row& r : drawn_rows(150, 42)) more.push_back({r.c, r.hit, 0});
  CHECK(kuiper_test(sample_of(more)).statistic ==
        Approx(kuiper_test(sample_of(rows)).statistic).margin(of_sums));
  CHECK(kuiper_test(sample_of(more)).p == Approx(kuiper_test(sample_of(rows)).p).margin(of_sums));
  CHECK(ks_test(sample_of(more)).p == Approx(ks_test(sample_of(rows)).p).margin(of_sums));
}
