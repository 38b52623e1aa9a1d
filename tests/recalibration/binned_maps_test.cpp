// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// bbq, scaling_binning and spline, against their definitions in long double.
#include <calibra/detail/log_gamma.hpp>
#include <calibra/evaluate.hpp>
#include <calibra/json.hpp>
#include <calibra/recalibration/affine.hpp>
#include <calibra/recalibration/bbq.hpp>
#include <calibra/recalibration/mixed_with_uniform.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/recalibrated.hpp>
#include <calibra/recalibration/scaling_binning.hpp>
#include <calibra/recalibration/spline.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "binary_problems.hpp"

using namespace calibra;
using namespace calibra::test::binary;
using calibra::test::epsilon;

namespace {

using real = long double;

real total_of(const std::vector<block>& blocks) {
  real sum = 0;
  for (const block& b : blocks) sum += b.weight;
  return sum;
}

/// The bin of every block: where the middle of its weight lies.
std::vector<std::size_t> naive_bins_of(const std::vector<block>& blocks, std::size_t bins) {
  std::vector<std::size_t> bin;
  real before = 0;
  for (const block& b : blocks) {
    const real middle = (before + b.weight / 2) / total_of(blocks);
    bin.push_back(std::min(
        bins - 1, static_cast<std::size_t>(std::floor(middle * static_cast<real>(bins) + 1e-9L))));
    before += b.weight;
  }
  return bin;
}

// ---- bbq -------------------------------------------------------------------------------------

/// One histogram of the mean, and the logarithm of its weight.
struct naive_histogram {
  std::vector<real> upper, value;
  real score = 0;

  naive_histogram(const std::vector<block>& blocks, std::size_t bins, real prior) {
    const std::vector<std::size_t> bin = naive_bins_of(blocks, bins);
    real lower = 0;
    for (std::size_t i = 0; i < blocks.size();) {
      real weight = 0, hits = 0;
      std::size_t end = i;
      for (; end < blocks.size() && bin[end] == bin[i]; ++end) {
        weight += blocks[end].weight;
        hits += blocks[end].hits;
      }
      // where samples end to the bit, as places() has scores half way
      const double low_p = blocks[end - 1].p;
      const real high = end == blocks.size() ? 1 : low_p + (blocks[end].p - low_p) / 2;
      const real a = prior * (lower + high) / 2, c = prior * (1 - (lower + high) / 2);
      score += std::lgamma(prior) - std::lgamma(weight + prior) + std::lgamma(hits + a) -
               std::lgamma(a) + std::lgamma(weight - hits + c) - std::lgamma(c);
      upper.push_back(high);
      value.push_back((hits + a) / (weight + prior));
      lower = high;
      i = end;
    }
  }
  real at(double p) const {
    std::size_t b = 0;
    while (p > upper[b]) ++b;
    return value[b];
  }
};

std::vector<naive_histogram> naive_histograms(const std::vector<block>& blocks, real prior) {
  const real n = total_of(blocks) * (1 - 1e-9L);
  const auto cube = [](std::size_t b) { return std::pow(static_cast<real>(b), 3.0L); };
  std::size_t fewest = 1, most = 1;
  while (1000 * cube(fewest + 1) <= n * (1 + 2e-9L)) ++fewest;
  while (cube(most) < 1000 * n) ++most;
  most = std::min(most, blocks.size());
  fewest = std::min(fewest, most);
  std::vector<naive_histogram> all;
  for (std::size_t b = fewest; b <= most; ++b) all.emplace_back(blocks, b, prior);
  return all;
}

real naive_bbq(const std::vector<naive_histogram>& all, double p) {
  if (all.empty()) return 0.5L;
  real best = all[0].score, sum = 0, weight = 0;
  for (const naive_histogram& h : all) best = std::max(best, h.score);
  for (const naive_histogram& h : all) {
    sum += std::exp(h.score - best) * h.at(p);
    weight += std::exp(h.score - best);
  }
  return sum / weight;
}

/// Scores are differences of sums of weight * log(weight), and their error is one of the value's
/// logarithm.
double bbq_tolerance(const binary_problem& x) {
  const double n = x.total();
  return 16 * rounding(x) * (1 + n * std::log(2 + n));
}

std::string check_bbq(const binary_problem& x, double prior) {
  const std::vector<block> blocks = naive_blocks(x);
  std::vector<naive_histogram> all;
  if (!blocks.empty()) all = naive_histograms(blocks, prior);
  const bbq r = x.fitted<bbq>({.prior = prior});
  std::string what =
      check_map(x, r, [&](double p) { return std::pair(naive_bbq(all, p), bbq_tolerance(x)); });
  if (what.empty() && !blocks.empty())
    for (const double p : places(x))
      if (!(r(p) > 0 && r(p) < 1)) return "p is 0 or 1";
  if (!what.empty()) return what;
  return check_report(x, r.report(), r);
}

// ---- scaling_binning -------------------------------------------------------------------------

std::string check_scaling_binning(const binary_problem& x, bool smooth) {
  for (const std::size_t bins : {std::size_t{1}, std::size_t{3}, std::size_t{10}}) {
    const scaling_binning r = x.fitted<scaling_binning>({.bins = bins, .smooth_targets = smooth});
    const affine g = x.fitted<affine>({.smooth_targets = smooth});
    const std::vector<block> blocks = naive_blocks(x);
    const fit_report& report = r.report();
    if (report.fitted_on != score_kind::binary_probabilities) return "fitted_on is missing";
    if (report.converged != g.report().converged) return "another end than affine's";
    if (blocks.empty()) {
      if (report.note.empty() || report.converged) return "no samples, and no note";
      for (const double p : places(x))
        if (r.transform(binary_probabilities(std::vector<double>{p}))[0] != 0.5) return "not 1/2";
      continue;
    }
    const std::vector<std::size_t> bin = naive_bins_of(blocks, bins);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      real sum = 0, weight = 0;
      for (std::size_t j = 0; j < blocks.size(); ++j) {
        if (bin[j] != bin[i]) continue;
        const real z = g.slope() * static_cast<real>(detail::clipped_logit(blocks[j].p)) +
                       static_cast<real>(g.intercept());
        sum += blocks[j].weight / (1 + std::exp(-z));
        weight += blocks[j].weight;
      }
      // Logits are up to 87, so that g is off by that many roundings.
      const double tolerance = 400 * rounding(x) * (1 + std::abs(g.slope()));
      const double at = detail::clipped_logit(blocks[i].p);
      std::string what = apart("value", blocks[i].p, r(at), sum / weight, tolerance);
      if (!what.empty()) return what;
    }
    for (std::size_t b = 0; b < r.cuts().size(); ++b) {
      const auto upper = std::find_if(blocks.begin(), blocks.end(), [&](const block& one) {
        return detail::clipped_logit(one.p) > r.cuts()[b];
      });
      if (upper == blocks.begin() || upper == blocks.end()) return "a cut outside the scores";
      const double low = detail::clipped_logit(std::prev(upper)->p);
      const double high = detail::clipped_logit(upper->p);
      std::string what = apart("cut", low, r.cuts()[b], (static_cast<real>(low) + high) / 2,
                               epsilon * (std::abs(low) + std::abs(high)));
      if (!what.empty()) return what;
    }
    const auto map = [&](double p) { return r(detail::clipped_logit(p)); };
    std::string what = apart("objective_before", 0, report.objective_before,
                             naive_squared_error(x, [](double p) { return p; }), 4 * rounding(x));
    if (what.empty())
      what = apart("objective_after", 0, report.objective_after, naive_squared_error(x, map),
                   4 * rounding(x));
    if (!what.empty()) return what;
  }
  return "";
}

// ---- spline ----------------------------------------------------------------------------------

constexpr std::size_t knots = 6;
using basis_row = std::array<real, knots>;

/// The natural splines on 0, 0.2, ..., 1 in truncated powers.
basis_row naive_basis(real u) {
  const auto knot = [](std::size_t k) { return static_cast<real>(k) / 5; };
  const auto cubed = [](real x) { return x > 0 ? x * x * x : 0; };
  const auto d = [&](std::size_t k) { return (cubed(u - knot(k)) - cubed(u - 1)) / (1 - knot(k)); };
  return {1, u, d(0) - d(4), d(1) - d(4), d(2) - d(4), d(3) - d(4)};
}

basis_row naive_solve(std::array<basis_row, knots> a, basis_row b) {
  for (std::size_t c = 0; c < knots; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < knots; ++r)
      if (std::abs(a[r][c]) > std::abs(a[pivot][c])) pivot = r;
    std::swap(a[c], a[pivot]);
    std::swap(b[c], b[pivot]);
    for (std::size_t r = 0; r < knots; ++r) {
      if (r == c) continue;
      const real factor = a[r][c] / a[c][c];
      for (std::size_t k = c; k < knots; ++k) a[r][k] -= factor * a[c][k];
      b[r] -= factor * b[c];
    }
  }
  for (std::size_t c = 0; c < knots; ++c) b[c] /= a[c][c];
  return b;
}

/// The normal equations of weighted points (u, h).
struct normal_equations {
  std::array<basis_row, knots> gram{};
  basis_row right{};

  void add(real u, real h, real weight) {
    const basis_row f = naive_basis(u);
    for (std::size_t r = 0; r < knots; ++r) {
      right[r] += weight * f[r] * h;
      for (std::size_t c = 0; c < knots; ++c) gram[r][c] += weight * f[r] * f[c];
    }
  }
};

real value_at(const basis_row& coefficient, real u) {
  const basis_row f = naive_basis(u);
  real sum = 0;
  for (std::size_t k = 0; k < knots; ++k) sum += coefficient[k] * f[k];
  return sum;
}

/// q of every block.
std::vector<real> naive_spline(const std::vector<block>& blocks) {
  const real n = total_of(blocks);
  std::vector<real> share{0}, surplus{0};
  for (const block& b : blocks) {
    share.push_back(share.back() + b.weight / n);
    surplus.push_back(surplus.back() + (b.hits - b.weight * static_cast<real>(b.p)) / n);
  }
  normal_equations equations;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    std::vector<real> ends{share[i]};  // where polynomials change
    for (int k = 1; k < 5; ++k)
      if (k / 5.0L > share[i] && k / 5.0L < share[i + 1]) ends.push_back(k / 5.0L);
    ends.push_back(share[i + 1]);
    for (std::size_t e = 0; e + 1 < ends.size(); ++e)
      for (std::size_t j = 0; j <= 6; ++j) {  // Newton and Cotes' rule of degree 7
        constexpr std::array<real, 7> parts{41, 216, 27, 272, 27, 216, 41};
        const real length = ends[e + 1] - ends[e];
        const real u = ends[e] + length * static_cast<real>(j) / 6;
        const real part = (u - share[i]) / (share[i + 1] - share[i]);
        equations.add(u, surplus[i] + part * (surplus[i + 1] - surplus[i]),
                      length * parts[j] / 840);
      }
  }
  const basis_row found = naive_solve(equations.gram, equations.right);
  std::vector<real> q;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const real slope =
        (value_at(found, share[i + 1]) - value_at(found, share[i])) / (share[i + 1] - share[i]);
    q.push_back(std::clamp<real>(blocks[i].p + slope, 0, 1));
  }
  return q;
}

std::string check_spline(const binary_problem& x) {
  const std::vector<block> blocks = naive_blocks(x);
  const spline r = x.fitted<spline>();
  if (r.x().size() != std::max<std::size_t>(blocks.size(), 2) && !(blocks.size() == 1))
    return "not a point a score";
  if (!blocks.empty()) {
    const std::vector<real> q = naive_spline(blocks);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      // The naive slope is a difference over the share of a score.
      const real share = blocks[i].weight / total_of(blocks);
      const double tolerance = 100 * rounding(x) + 1e-17 / static_cast<double>(share);
      std::string what = apart("value", blocks[i].p, r(blocks[i].p), q[i], tolerance);
      if (!what.empty()) return what;
    }
  }
  std::string what = check_map(x, r, [&](double p) { return std::pair(real{r(p)}, 0.0); });
  if (!what.empty()) return what;
  return check_report(x, r.report(), r);
}

// ---- what all of them keep -------------------------------------------------------------------

/// Those of weights 0, 1, ... times as often, in another order.
binary_problem repeated(const binary_problem& x) {
  binary_problem copies;
  for (std::size_t i = x.size(); i-- > 0;)
    for (double w = x.weight(i); w > 0; --w) {
      copies.p.push_back(x.p[i]);
      copies.y.push_back(x.y[i]);
    }
  return copies;
}

template<class R>
std::vector<double> made_of(const R& r, const binary_problem& x) {
  return r.transform(binary_probabilities(places(x)));
}

std::string same(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::string what = apart("value", static_cast<double>(i), a[i], b[i], tolerance);
    if (!what.empty()) return what;
  }
  return "";
}

binary_problem large_problem(std::size_t n, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform;
  binary_problem x;
  for (std::size_t i = 0; i < n; ++i) {
    x.p.push_back(uniform(generator));
    x.y.push_back(uniform(generator) < x.p[i] * x.p[i] ? 1 : 0);
    x.w.push_back(2 * uniform(generator));
  }
  return x;
}

}  // namespace

TEST_CASE("log_gamma is the logarithm of the gamma function") {
  std::mt19937_64 generator(1);
  std::uniform_real_distribution<double> uniform;
  for (int i = 0; i < 20000; ++i) {
    const double x = std::pow(10, 46 * uniform(generator) - 38);
    const double expected = static_cast<double>(std::lgamma(static_cast<real>(x)));
    // About 1 and 2 the logarithm is 0, the terms are not.
    REQUIRE(std::abs(detail::log_gamma(x) - expected) <= 8 * epsilon * (std::abs(expected) + 50));
  }
  CHECK(std::abs(detail::log_gamma(1)) <= 64 * epsilon);
}

TEST_CASE("bbq is the mean of all histograms by their scores") {
  for_problems(11, 10000, [](const binary_problem& x) { return check_bbq(x, 2); });
  for_problems(14, 3000, [](const binary_problem& x) { return check_bbq(x, 0.37); });
}

TEST_CASE("bbq: examples by hand") {
  const std::vector<double> one{0.3};
  CHECK(fit<bbq>(binary_probabilities(one), std::vector<int>{1})(0.9) == Approx(2.0 / 3));
  CHECK(fit<bbq>(binary_probabilities(one), std::vector<int>{0})(0.9) == Approx(1.0 / 3));
  // One bin: 1! 1! / 3! = 1/6. Two, whose middles are 1/4 and 3/4: (3/4)^2 = 9/16.
  const std::vector<double> two{0.8, 0.2};
  const bbq r = fit<bbq>(binary_probabilities(two), std::vector<int>{1, 0});
  CHECK(r.edges() == std::vector<double>{0, 0.5, 1});
  const double low = (0.5 / 6 + 0.5 / 3 * 9 / 16) / (1.0 / 6 + 9.0 / 16);
  CHECK(r.values()[0] == Approx(low).epsilon(16 * epsilon));
  CHECK(r.values()[1] == Approx(1 - low).epsilon(16 * epsilon));
}

TEST_CASE("bbq: a prior that is none") {
  const std::vector<double> p{0.3};
  const std::vector<int> y{1};
  for (const double prior : {0.0, -1.0, 1e7, std::nan("")})
    CHECK_THROWS_WITH(fit<bbq>(binary_probabilities(p), y, {}, {.prior = prior}),
                      Catch::StartsWith("bbq::fit(): expected a prior in [1e-3, 1e6], got "));
}

TEST_CASE("bbq: as many binnings as the cube root says") {
  // 27000 samples of 400 scores: from 3 bins to 300.
  binary_problem x;
  for (int i = 0; i < 400; ++i) {
    x.p.push_back((i + 0.5) / 400);
    x.y.push_back(i % 7 < i / 58 ? 1 : 0);
    x.w.push_back(67.5);
  }
  CHECK(naive_histograms(naive_blocks(x), 2).size() == 298);
  CHECK(check_bbq(x, 2) == "");
  x.w.assign(400, 67.4);
  CHECK(naive_histograms(naive_blocks(x), 2).size() == 299);
  CHECK(check_bbq(x, 2) == "");
}

TEST_CASE("scaling_binning gives the means of Platt's scaling") {
  for_problems(12, 2000, [](const binary_problem& x) { return check_scaling_binning(x, true); });
  for_problems(15, 1000, [](const binary_problem& x) { return check_scaling_binning(x, false); });
}

TEST_CASE("scaling_binning: an example by hand") {
  // Logits -3, -1, 1, 3, outcomes that even out: the intercept is 0.
  const std::vector<double> x{1, -3, 3, -1};
  const std::vector<int> y{0, 0, 1, 1};
  const affine g = fit<affine>(binary_logits(x), y);
  REQUIRE(std::abs(g.intercept()) <= 1e-12);
  const scaling_binning r = fit<scaling_binning>(binary_logits(x), y, {}, {.bins = 2});
  CHECK(r.cuts() == std::vector<double>{0});
  const auto sigmoid = [](double z) { return 1 / (1 + std::exp(-z)); };
  const double high = (sigmoid(g.slope()) + sigmoid(3 * g.slope())) / 2;
  CHECK(r.values()[1] == Approx(high).epsilon(1e-13));
  CHECK(r.values()[0] == Approx(1 - high).epsilon(1e-13));
  CHECK(r(0) == r.values()[0]);
  CHECK(r.report().iterations == g.report().iterations);
  CHECK_THROWS_WITH(fit<scaling_binning>(binary_logits(x), y, {}, {.bins = 0}),
                    "scaling_binning::fit(): expected at least 1 bin, got 0");
}

TEST_CASE("scaling_binning tells logits apart whose sigmoid is 1") {
  const std::vector<double> x{-2, 40, 50, 60};
  const std::vector<int> y{0, 1, 0, 1};
  const scaling_binning r = fit<scaling_binning>(binary_logits(x), y);
  CHECK(r.cuts() == std::vector<double>{19, 45, 55});
}

TEST_CASE("spline is the least-squares spline of the cumulated surplus") {
  for_problems(13, 3000, check_spline);
}

TEST_CASE("spline: the sum over samples differs by terms in 1 / n") {
  for (const std::size_t n : {std::size_t{500}, std::size_t{5000}}) {
    binary_problem x = large_problem(n, 4);
    x.w.clear();
    const std::vector<block> blocks = naive_blocks(x);
    REQUIRE(blocks.size() == n);
    normal_equations equations;
    real surplus = 0;
    const auto share = [&](std::size_t i) {
      return static_cast<real>(i) / static_cast<real>(n - 1);
    };
    for (std::size_t i = 0; i < n; ++i) {
      surplus += (blocks[i].hits - static_cast<real>(blocks[i].p)) / static_cast<real>(n);
      equations.add(share(i), surplus, 1);
    }
    const basis_row found = naive_solve(equations.gram, equations.right);
    const spline r = x.fitted<spline>();
    double most = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const real h = 1e-6L;
      const real slope = (value_at(found, share(i) + h) - value_at(found, share(i) - h)) / (2 * h);
      const real q = std::clamp<real>(blocks[i].p + slope, 0, 1);
      most = std::max(most, static_cast<double>(std::abs(r(blocks[i].p) - q)));
    }
    CHECK(most <= 8 / static_cast<double>(n));
    CHECK(most > 0);
  }
}

TEST_CASE("spline: constant scores become the hit rate") {
  const binary_problem x{{0.3, 0.3, 0.3, 0.3}, {1, 1, 1, 0}, {}};
  CHECK(x.fitted<spline>()(0.3) == Approx(0.75).epsilon(8 * epsilon));
  CHECK(x.fitted<spline>()(0.9) == Approx(0.75).epsilon(8 * epsilon));
}

TEMPLATE_TEST_CASE("binned maps: what all of them keep", "", bbq, scaling_binning, spline) {
  SECTION("weights are repetition") {
    std::mt19937_64 generator(21);
    for (int i = 0; i < 300; ++i) {
      binary_problem x = random_problem(generator);
      x.w.resize(x.size());
      for (double& w : x.w) w = static_cast<double>(generator() % 4);
      const std::string what =
          same(made_of(x.fitted<TestType>(), x), made_of(repeated(x).fitted<TestType>(), x), 1e-9);
      if (!what.empty()) fail(i, x, what);
    }
  }
  SECTION("the order of the samples does not matter") {
    const binary_problem x = large_problem(500, 5);
    binary_problem turned = x;
    std::reverse(turned.p.begin(), turned.p.end());
    std::reverse(turned.y.begin(), turned.y.end());
    std::reverse(turned.w.begin(), turned.w.end());
    CHECK(same(made_of(x.fitted<TestType>(), x), made_of(turned.fitted<TestType>(), x), 1e-12) ==
          "");
  }
  SECTION("threads do not matter") {
    const binary_problem x = large_problem(150000, 6);
    const std::vector<double> one = x.fitted<TestType>().transform(binary_probabilities(x.p));
    for (const unsigned threads : {2U, 5U}) {
      options o = x.given();
      o.threads = {threads};
      const TestType r = fit<TestType>(binary_probabilities(x.p), x.y, o);
      CHECK(same(one, r.transform(binary_probabilities(x.p)), 1e-12) == "");
    }
  }
  SECTION("a model that is written and read again gives the same bits") {
    for (const std::size_t n : {std::size_t{1}, std::size_t{300}}) {
      const binary_problem x = large_problem(n, 7);
      const TestType r = x.fitted<TestType>();
      const std::string text = to_json(r);
      const TestType again = recalibrator_from_json<TestType>(text);
      CHECK(to_json(again) == text);
      CHECK(made_of(again, x) == made_of(r, x));
      CHECK(any_recalibrator_from_json(text)->name() == TestType::kind);
    }
  }
  SECTION("recalibrated() is transform() without the array") {
    const binary_problem x = large_problem(300, 8);
    const TestType r = x.fitted<TestType>();
    const std::vector<double> made = r.transform(binary_probabilities(x.p));
    const evaluation a = evaluate(recalibrated(r, binary_probabilities(x.p)), x.y);
    const evaluation b = evaluate(binary_probabilities(made), x.y);
    for (const metric_value& m : a)
      CHECK((m.value == b[m.name] || (std::isnan(m.value) && std::isnan(b[m.name]))));
  }
  SECTION("nothing to fit to, one sample, one class, far scores") {
    const std::vector<binary_problem> problems{
        {},
        {{0.3, 0.6}, {1, 0}, {0, 0}},
        {{0.3}, {1}, {}},
        {{1}, {0}, {}},
        {{0, 1}, {1, 0}, {}},
        {{0.5, 0.5, 0.5}, {1, 0, 1}, {}},
        {{0.2, 0.4, 0.6, 0.7}, {1, 1, 1, 1}, {}},
        {{0.2, 0.4, 0.6, 0.7}, {0, 0, 0, 0}, {}},
        {{0, 5e-324, 1e-300, 1 - epsilon / 2, 1}, {1, 0, 1, 0, 1}, {}},
        {{0.2, 0.4, 0.6, 0.8}, {1, 0, 1, 0}, {1e-90, 1e90, 1, 1e-30}}};
    for (const binary_problem& x : problems) {
      const TestType r = x.fitted<TestType>();
      CHECK((r.report().converged || !r.report().note.empty()));
      for (const double q : made_of(r, x)) CHECK((q >= 0 && q <= 1));
    }
  }
  SECTION("logits, and classes one against the rest") {
    binary_problem x = large_problem(200, 9);
    std::vector<double> z;
    for (const double p : x.p) z.push_back(std::log(p / (1 - p)));
    const std::vector<double> of_logits =
        fit<TestType>(binary_logits(z), x.y, x.given()).transform(binary_logits(z));
    CHECK(same(of_logits, x.fitted<TestType>().transform(binary_probabilities(x.p)), 1e-10) == "");
    matrix<double> p(x.size(), 2);
    for (std::size_t i = 0; i < x.size(); ++i) {
      p(i, 1) = x.p[i];
      p(i, 0) = 1 - x.p[i];
    }
    const auto r = fit<one_against_rest<TestType>>(probabilities(p), x.y, x.given());
    const matrix<double> q = r.transform(probabilities(p));
    for (std::size_t i = 0; i < x.size(); ++i)
      CHECK((q(i, 0) >= 0 && std::abs(q(i, 0) + q(i, 1) - 1) <= 4 * epsilon));
  }
}

TEMPLATE_TEST_CASE("binned maps mixed with the uniform distribution are never 0 or 1", "",
                   scaling_binning, spline) {
  const binary_problem x = large_problem(50, 10);
  const auto r = x.fitted<mixed_with_uniform<TestType>>();
  const TestType inner = x.fitted<TestType>();
  const double share = 1 / (x.total() + 1);
  const std::vector<double> p = places(x);
  const std::vector<double> q = r.transform(binary_probabilities(p));
  const std::vector<double> before = inner.transform(binary_probabilities(p));
  for (std::size_t i = 0; i < p.size(); ++i)
    CHECK(std::abs(q[i] - ((1 - share) * before[i] + share / 2)) <= 8 * epsilon);
}

TEST_CASE("binned maps that are none are refused") {
  CHECK_THROWS_AS(spline({0.2, 0.2}, {0, 1}), value_error);
  CHECK_THROWS_AS(bbq({0, 0.5, 1}, {0.5}), value_error);
  CHECK_THROWS_WITH(scaling_binning({0.5}, {0.5}),
                    "scaling_binning(): expected 2 values to match 1 cuts, got 1");
  CHECK_THROWS_AS(scaling_binning({0.5, 0.5}, {0, 0, 0}), value_error);
  CHECK_THROWS_WITH(scaling_binning({}, {2}),
                    "scaling_binning(): value 2 of bin 0 is not in [0, 1]");
}
