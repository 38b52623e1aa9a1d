// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/evaluate.hpp>
#include <calibra/json/recalibrator.hpp>
#include <calibra/recalibration/affine.hpp>
#include <calibra/recalibration/beta.hpp>
#include <calibra/recalibration/histogram_width.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/mixed_with_uniform.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/quadratic.hpp>
#include <calibra/recalibration/recalibrated.hpp>

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "constants.hpp"

using namespace calibra;
using calibra::test::epsilon;
using calibra::test::infinity;
using calibra::test::not_a_number;

namespace {

constexpr long double least_log = -87.33654475055310898657L;  // of 2^-126
constexpr long double ln2 = 0.693147180559945309417L;

// ---- the methods, told apart at run time -----------------------------------------------------

enum class method { affine, quadratic, abm, am, ab };
constexpr method all_methods[] = {method::affine, method::quadratic, method::abm, method::am,
                                  method::ab};

const char* name_of(method m) {
  constexpr const char* names[] = {"affine", "quadratic", "beta abm", "beta am", "beta ab"};
  return names[static_cast<std::size_t>(m)];
}

struct logistic_problem {
  std::vector<double> x;
  std::vector<int> y;
  std::vector<double> w = {};  // empty: none given
  bool logits = true;

  std::size_t size() const { return x.size(); }
  double weight(std::size_t i) const { return w.empty() ? 1 : w[i]; }
  double total() const {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += weight(i);
    return sum;
  }
  /// Calls f with the scores as they are wrapped.
  template<class F>
  auto with_scores(const F& f) const {
    if (logits) return f(binary_logits(x));
    return f(binary_probabilities(x));
  }
  template<class R>
  R fitted(const typename R::options& method, options o = {}) const {
    if (!w.empty()) o.weights = w;
    return with_scores([&](const auto& scores) { return fit<R>(scores, y, o, method); });
  }
  /// The samples in another order, or several times.
  logistic_problem at(const std::vector<std::size_t>& index) const {
    logistic_problem other{.x = {}, .y = {}, .logits = logits};
    for (const std::size_t i : index) {
      other.x.push_back(x[i]);
      other.y.push_back(y[i]);
      if (!w.empty()) other.w.push_back(w[i]);
    }
    return other;
  }
  std::string text() const {
    std::ostringstream out;
    out.precision(17);
    for (std::size_t i = 0; i < std::min<std::size_t>(size(), 12); ++i)
      out << " (" << x[i] << ", " << y[i] << ", w " << weight(i) << ")";
    if (size() > 12) out << " and " << size() - 12 << " more";
    return out.str();
  }
};

/// Calls f with the recalibrator that a method fits.
template<class F>
auto with_fit(method m, const logistic_problem& x, bool smooth, const F& f, const options& o = {}) {
  if (m == method::affine) return f(x.fitted<affine>({.smooth_targets = smooth}, o));
  if (m == method::quadratic) return f(x.fitted<quadratic>({.smooth_targets = smooth}, o));
  const beta_form form = m == method::abm  ? beta_form::abm
                         : m == method::am ? beta_form::am
                                           : beta_form::ab;
  return f(x.fitted<beta>({.form = form, .smooth_targets = smooth}, o));
}

/// All parameters in a row.
std::vector<double> numbers_of(const recalibrator& r) {
  std::vector<double> all;
  for (const parameter& p : r.parameters()) all.insert(all.end(), p.values.begin(), p.values.end());
  for (const recalibrator* part : r.parts())
    for (const double v : numbers_of(*part)) all.push_back(v);
  return all;
}

struct fitted {
  std::vector<double> numbers;
  fit_report report;
};
fitted fit_of(method m, const logistic_problem& x, bool smooth, const options& o = {}) {
  return with_fit(
      m, x, smooth,
      [](const auto& r) {
        return fitted{numbers_of(r), r.report()};
      },
      o);
}

/// The largest difference of two lists of parameters, relative where they are above 1.
double difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
  return most;
}

// ---- the naive objective ---------------------------------------------------------------------

/// ln(1 + exp(x))
long double softplus(long double x) {
  return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x)));
}

struct logarithms {
  long double logit, p, q;  ///< of x; ln p, ln(1 - p)
};
logarithms naive_logarithms(double x, bool is_logit) {
  long double p = 0, q = 0;
  if (is_logit) {
    p = -softplus(-static_cast<long double>(x));
    q = -softplus(x);
  } else {
    p = std::log(static_cast<long double>(x));
    q = std::log1p(-static_cast<long double>(x));
  }
  p = std::max(p, least_log);
  q = std::max(q, least_log);
  return {is_logit ? static_cast<long double>(x) : p - q, p, q};
}

/// Features of a sample under a method, so that its logit is linear in the parameters.
std::vector<long double> features(method m, double x, bool is_logit) {
  const logarithms l = naive_logarithms(x, is_logit);
  if (m == method::affine) return {1, l.logit};
  if (m == method::quadratic) return {1, l.logit, l.logit * l.logit};
  if (m == method::abm) return {1, l.p, -l.q};
  if (m == method::am) return {1, l.p - l.q};
  return {l.p + ln2, -l.q - ln2};
}

using vector = std::vector<long double>;

/// The parameters of features().
vector free_parameters(method m, const std::vector<double>& n) {
  if (m == method::affine) return {n[1], n[0]};
  if (m == method::quadratic) return {n[2], n[1], n[0]};
  if (m == method::abm) return {n[2], n[0], n[1]};
  if (m == method::am) return {n[2], n[0]};
  return {n[0], n[1]};
}
/// Those that leave scores as they are.
vector identity(method m) {
  if (m == method::quadratic) return {0, 1, 0};
  if (m == method::abm) return {0, 1, 1};
  if (m == method::ab) return {1, 1};
  return {0, 1};
}
/// Whether a parameter may not be negative.
bool bounded(method m, std::size_t i) {
  return m == method::ab || ((m == method::abm || m == method::am) && i != 0);
}

/// The mean cross-entropy, its slopes, and the sums of the slopes' terms without their signs.
struct sums {
  long double value = 0;
  vector slope, terms;
};

class naive_objective {
 public:
  naive_objective(method m, const logistic_problem& x, bool smooth) {
    long double hits = 0, all = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x.y[i] == 1) hits += x.weight(i);
      all += x.weight(i);
    }
    const long double hit = smooth ? (hits + 1) / (hits + 2) : 1;
    const long double miss = smooth ? 1 / (all - hits + 2) : 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x.weight(i) == 0) continue;
      rows_.push_back({features(m, x.x[i], x.logits), x.weight(i), x.y[i] == 1 ? hit : miss});
    }
  }

  sums at(const vector& theta) const {
    sums s{.value = 0, .slope = vector(theta.size()), .terms = vector(theta.size())};
    long double weight = 0;
    for (const row& r : rows_) {
      long double z = 0;
      for (std::size_t d = 0; d < theta.size(); ++d) z += theta[d] * r.feature[d];
      // t ln(1 + exp(-z)) + (1 - t) ln(1 + exp(z))
      s.value += r.weight * (r.target * softplus(-z) + (1 - r.target) * softplus(z));
      // (1 - t) q - t (1 - q)
      const long double miss = (1 - r.target) / (1 + std::exp(-z)),
                        hit = r.target / (1 + std::exp(z));
      for (std::size_t d = 0; d < theta.size(); ++d) {
        s.slope[d] += r.weight * (miss - hit) * r.feature[d];
        s.terms[d] += r.weight * (miss + hit) * std::abs(r.feature[d]);
      }
      weight += r.weight;
    }
    s.value /= weight;
    for (long double& v : s.slope) v /= weight;
    for (long double& v : s.terms) v /= weight;
    return s;
  }

 private:
  struct row {
    vector feature;
    long double weight, target;
  };
  std::vector<row> rows_;
};

/// What is wrong with the parameters of a fit that found an optimum, if anything. Slopes are 0 to
/// `least` of their terms, save where a parameter is 0 and would be negative.
std::string optimum_fault(method m, const logistic_problem& x, bool smooth,
                          const std::vector<double>& n, unsigned seed, long double least = 1e-9L) {
  std::ostringstream out;
  out.precision(17);
  for (const double v : n)
    if (!std::isfinite(v)) return "a parameter is not finite";
  if ((m == method::abm || m == method::am || m == method::ab) && (n[0] < 0 || n[1] < 0))
    return "a or b is negative";
  if (m == method::am && n[0] != n[1]) return "a is not b";
  if (m == method::ab &&
      std::abs(n[2] - (n[0] - n[1]) * static_cast<double>(ln2)) > 4 * epsilon * (n[0] + n[1]))
    return "1/2 does not stay";
  const naive_objective objective(m, x, smooth);
  const vector theta = free_parameters(m, n);
  const sums s = objective.at(theta);
  for (std::size_t d = 0; d < theta.size(); ++d) {
    const bool at_bound = bounded(m, d) && theta[d] == 0;
    if (s.slope[d] >= -least * s.terms[d] && (at_bound || s.slope[d] <= least * s.terms[d]))
      continue;
    out << "slope " << static_cast<double>(s.slope[d]) << " in parameter " << d << " = "
        << static_cast<double>(theta[d]) << ", of terms " << static_cast<double>(s.terms[d]);
    return out.str();
  }
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> decade(-6, 0.5);
  for (int i = 0; i < 25; ++i) {
    vector moved = theta;
    const double size = std::pow(10, decade(generator));
    for (std::size_t d = 0; d < moved.size(); ++d) {
      moved[d] += size * (1 + std::abs(moved[d])) * normal(generator);
      if (bounded(m, d)) moved[d] = std::max(moved[d], 0.0L);
    }
    const long double lower = s.value - objective.at(moved).value;
    if (lower <= 1e-16L * (1 + s.value)) continue;
    out << "lower by " << static_cast<double>(lower) << " where";
    for (const long double v : moved) out << " " << static_cast<double>(v);
    return out.str();
  }
  return "";
}

/// What is wrong with the report of a fit that found an optimum, if anything.
std::string report_fault(method m, const logistic_problem& x, bool smooth, const fitted& f) {
  std::ostringstream out;
  out.precision(17);
  const fit_report& r = f.report;
  if (!r.converged || !r.note.empty()) return "not converged: " + r.note;
  if (r.passes != 1 || r.iterations == 0) return "passes or iterations";
  if (r.fitted_on != (x.logits ? score_kind::binary_logits : score_kind::binary_probabilities))
    return "fitted_on";
  const naive_objective objective(m, x, smooth);
  const vector theta = free_parameters(m, f.numbers);
  const sums before = objective.at(identity(m)), after = objective.at(theta);
  const auto near = [](double got, long double expected) {
    return std::abs(got - expected) <= 1e-13L * (1 + expected);
  };
  if (!near(r.objective_before, before.value))
    out << "objective_before " << r.objective_before << ", not "
        << static_cast<double>(before.value);
  else if (!near(r.objective_after, after.value))
    out << "objective_after " << r.objective_after << ", not " << static_cast<double>(after.value);
  else if (!(r.objective_after <= r.objective_before + 4 * epsilon * r.objective_before))
    out << "objective_after " << r.objective_after << " is above objective_before "
        << r.objective_before;
  long double most = 0, terms = 1;
  for (std::size_t d = 0; d < theta.size(); ++d) {
    if (bounded(m, d) && theta[d] == 0) continue;
    most = std::max(most, std::abs(after.slope[d]));
    terms += after.terms[d];
  }
  if (out.str().empty() && !(std::abs(r.gradient - most) <= 1e-13L * terms))
    out << "gradient " << r.gradient << ", not " << static_cast<double>(most);
  return out.str();
}

// ---- random problems -------------------------------------------------------------------------

/// Samples whose likelihood has a maximum: four scores have both a hit and a miss.
logistic_problem random_problem(std::mt19937_64& generator) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  logistic_problem x{.x = {}, .y = {}, .logits = generator() % 2 == 0};
  const std::size_t n = 4 + generator() % 80, weights = generator() % 3;
  const double spread = 0.3 + 4 * uniform(generator), slope = 3 * uniform(generator) - 1.2,
               curvature = generator() % 3 == 0 ? normal(generator) / spread : 0,
               intercept = normal(generator);
  const auto add = [&](double z, int label) {
    x.x.push_back(x.logits ? z : 1 / (1 + std::exp(-z)));
    x.y.push_back(label);
    if (weights == 1) x.w.push_back(static_cast<double>(generator() % 4));
    if (weights == 2) x.w.push_back(generator() % 8 == 0 ? 0 : 3 * uniform(generator));
  };
  for (std::size_t i = 0; i < n; ++i) {
    const double z = spread * normal(generator);
    const double logit = (curvature * z + slope) * z + intercept;
    add(z, uniform(generator) < 1 / (1 + std::exp(-logit)) ? 1 : 0);
  }
  for (const double z : {-1.5, -0.4, 0.6, 1.3})
    for (const int label : {0, 1}) {
      add(spread * z, label);
      if (weights != 0) x.w.back() += 0.25;
    }
  return x;
}

template<class C>
bool all_probabilities(const std::vector<C>& q) {
  return std::all_of(q.begin(), q.end(), [](C p) { return p >= 0 && p <= 1; });
}

/// Whether what a method made of the samples gives probabilities for its own and for far scores.
template<class R>
bool gives_probabilities(const R& r, const logistic_problem& x) {
  logistic_problem far = x;
  const std::vector<double> more = x.logits
                                       ? std::vector<double>{-1e300, -500, -40, 0, 40, 500, 1e300}
                                       : std::vector<double>{0, 1e-310, 1e-20, 0.5, 1 - 1e-16, 1};
  far.x.insert(far.x.end(), more.begin(), more.end());
  return far.with_scores([&](const auto& scores) {
    const std::vector<double> z = r.transform_logits(scores);
    return all_probabilities(r.transform(scores)) &&
           std::none_of(z.begin(), z.end(), [](double v) { return std::isnan(v); });
  });
}

struct classes_problem {
  matrix<double> z, p;
  std::vector<int> y;
  std::vector<double> w;
};

/// Logits, their softmax, labels drawn from a flatter one, weights.
classes_problem random_classes(std::size_t n, std::size_t k, double spread, unsigned seed,
                               double flatter = 1.7) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal(0, spread);
  std::uniform_real_distribution<double> uniform;
  classes_problem x{matrix<double>(n, k), matrix<double>(n, k), std::vector<int>(n),
                    std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> flat(k);
    double max = -infinity, sum = 0, flat_sum = 0;
    for (std::size_t j = 0; j < k; ++j) {
      // A float, so that the same logits can be given as float.
      x.z(i, j) = static_cast<double>(static_cast<float>(normal(generator)));
      max = std::max(max, x.z(i, j));
    }
    for (std::size_t j = 0; j < k; ++j) {
      sum += x.p(i, j) = std::exp(x.z(i, j) - max);
      flat_sum += flat[j] = std::exp((x.z(i, j) - max) / flatter);
    }
    double rest = uniform(generator) * flat_sum;
    std::size_t label = 0;
    while (label + 1 < k && (rest -= flat[label]) > 0) ++label;
    for (std::size_t j = 0; j < k; ++j) x.p(i, j) /= sum;
    x.y[i] = static_cast<int>(label);
    x.w[i] = static_cast<double>(generator() % 3) + 0.5;
  }
  return x;
}

std::uint64_t bits(double x) {
  return std::bit_cast<std::uint64_t>(x);
}

}  // namespace

// ---- the optimum -----------------------------------------------------------------------------

TEST_CASE("the fitted parameters are the optimum") {
  std::mt19937_64 generator(1);
  int at_bound = 0, fits = 0;
  for (unsigned i = 0; i < 300; ++i) {
    const logistic_problem x = random_problem(generator);
    for (const method m : all_methods)
      for (const bool smooth : {false, true}) {
        const fitted f = fit_of(m, x, smooth);
        const std::string fault = optimum_fault(m, x, smooth, f.numbers, i);
        ++fits;
        if (m != method::affine && m != method::quadratic &&
            (f.numbers[0] == 0 || f.numbers[1] == 0))
          ++at_bound;
        INFO("logistic_problem " << i << ", " << name_of(m) << (smooth ? ", smoothed" : "") << ":"
                                 << x.text());
        REQUIRE(fault == "");
        REQUIRE(with_fit(m, x, smooth, [&](const auto& r) { return gives_probabilities(r, x); }));
      }
  }
  CHECK(fits == 3000);
  CHECK(at_bound > 100);
}

TEST_CASE("the report holds the objective before and after, and its slope") {
  std::mt19937_64 generator(2);
  const method m = GENERATE(method::affine, method::quadratic, method::abm, method::am, method::ab);
  for (int i = 0; i < 150; ++i) {
    const logistic_problem x = random_problem(generator);
    for (const bool smooth : {false, true}) {
      INFO("logistic_problem " << i << ", " << name_of(m) << (smooth ? ", smoothed" : "") << ":"
                               << x.text());
      REQUIRE(report_fault(m, x, smooth, fit_of(m, x, smooth)) == "");
    }
  }
}

TEST_CASE("beta of scores that are the wrong way round is a constant") {
  const logistic_problem x{.x = {2, 1, -1, -2, 0.5, -0.5}, .y = {0, 0, 1, 1, 0, 0}};
  for (const method m : {method::abm, method::am, method::ab}) {
    INFO(name_of(m));
    const fitted f = fit_of(m, x, false);
    CHECK(f.numbers[0] == 0);
    CHECK(f.numbers[1] == 0);
    CHECK(std::abs(f.numbers[2] - (m == method::ab ? 0 : std::log(0.5))) <= 1e-12);
    CHECK(optimum_fault(m, x, false, f.numbers, 1) == "");
    CHECK(report_fault(m, x, false, f) == "");
  }
}

TEST_CASE("a parameter of beta that would be negative is 0") {
  // Hits are as frequent at all low scores, and rise at high ones: no use for ln p; and the mirror.
  logistic_problem x{.x = {}, .y = {}, .logits = false};
  for (int i = 0; i < 200; ++i) {
    const double p = (i + 0.5) / 200;
    const double rate = p < 0.5 ? 0.35 - 0.3 * p : 0.2 + 1.5 * (p - 0.5);
    x.x.push_back(p);
    x.y.push_back((i * 37 % 100) < 100 * rate ? 1 : 0);
  }
  const fitted low = fit_of(method::abm, x, false);
  CHECK(low.numbers[0] == 0);
  CHECK(low.numbers[1] > 0);
  CHECK(optimum_fault(method::abm, x, false, low.numbers, 1) == "");
  CHECK(report_fault(method::abm, x, false, low) == "");
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.x[i] = 1 - x.x[i];
    x.y[i] = 1 - x.y[i];
  }
  const fitted high = fit_of(method::abm, x, false);
  CHECK(high.numbers[1] == 0);
  CHECK(std::abs(high.numbers[0] / low.numbers[1] - 1) <= 1e-9);
  CHECK(std::abs(high.numbers[2] / low.numbers[2] + 1) <= 1e-9);
  CHECK(report_fault(method::abm, x, false, high) == "");
}

TEST_CASE("beta of few samples: which parameter is 0 is seen from the constrained optimum") {
  // Curves that fall again would separate these; those that ascend have an optimum.
  for (const logistic_problem& x :
       {logistic_problem{.x = {0.82, 0.94, 0.96, 0.02}, .y = {0, 1, 0, 0}, .logits = false},
        logistic_problem{.x = {0.63, 0.67, 0.4, 0.01}, .y = {1, 0, 0, 0}, .logits = false},
        logistic_problem{.x = {0.27, 0.25, 0.31, 0.84}, .y = {0, 1, 1, 1}, .logits = false}}) {
    INFO(x.text());
    const fitted f = fit_of(method::abm, x, false);
    CHECK(f.report.converged);
    CHECK(optimum_fault(method::abm, x, false, f.numbers, 1) == "");
  }
}

// ---- what does not matter --------------------------------------------------------------------

TEST_CASE("a weight of k is k copies, and the order does not show") {
  std::mt19937_64 generator(3);
  for (int i = 0; i < 40; ++i) {
    logistic_problem x = random_problem(generator);
    x.w.clear();
    std::vector<std::size_t> copies, order(x.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
      x.w.push_back(j + 8 < x.size() ? static_cast<double>(generator() % 4) : 1);
      copies.insert(copies.end(), static_cast<std::size_t>(x.w[j]), j);
    }
    logistic_problem repeated = x.at(copies);
    repeated.w.clear();
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), generator);
    const logistic_problem shuffled = x.at(order);
    for (const method m : all_methods)
      for (const bool smooth : {false, true}) {
        INFO("logistic_problem " << i << ", " << name_of(m) << (smooth ? ", smoothed" : "") << ":"
                                 << x.text());
        const fitted a = fit_of(m, x, smooth), b = fit_of(m, repeated, smooth),
                     c = fit_of(m, shuffled, smooth);
        REQUIRE(difference(b.numbers, a.numbers) <= 1e-12);
        REQUIRE(difference(c.numbers, a.numbers) <= 1e-12);
        REQUIRE(std::abs(b.report.objective_after - a.report.objective_after) <= 1e-13);
      }
  }
}

TEST_CASE("threads do not show") {
  std::mt19937_64 generator(4);
  logistic_problem x = random_problem(generator);
  std::vector<std::size_t> index(200000);  // a thread is given 65537 numbers at least
  for (std::size_t& i : index) i = generator() % x.size();
  x = x.at(index);
  for (const bool is_logit : {true, false}) {
    if (x.logits != is_logit) {
      for (double& v : x.x) v = is_logit ? std::log(v / (1 - v)) : 1 / (1 + std::exp(-v));
      x.logits = is_logit;
    }
    for (const method m : {method::affine, method::abm}) {
      const fitted one = fit_of(m, x, false);
      for (const unsigned threads : {2U, 7U})
        CHECK(difference(fit_of(m, x, false, {.threads = {threads}}).numbers, one.numbers) <=
              1e-12);
    }
    const affine r = x.fitted<affine>({});
    x.with_scores([&](const auto& scores) {
      const std::vector<double> q = r.transform(scores);
      CHECK(r.transform(scores, {.threads = {3}}) == q);
      return 0;
    });
  }
}

TEST_CASE("one against the rest: threads do not show") {
  const classes_problem x = random_classes(30000, 7, 2, 5);
  const auto one = fit<one_against_rest<beta>>(logits(x.z), x.y, {.weights = x.w});
  for (const unsigned threads : {2U, 7U}) {
    const auto several =
        fit<one_against_rest<beta>>(logits(x.z), x.y, {.weights = x.w, .threads = {threads}});
    CHECK(difference(numbers_of(several), numbers_of(one)) <= 1e-12);
    CHECK(std::abs(several.report().objective_after - one.report().objective_after) <= 1e-12);
  }
}

TEST_CASE("probabilities are fitted as their logits") {
  std::mt19937_64 generator(6);
  for (int i = 0; i < 60; ++i) {
    logistic_problem x = random_problem(generator);
    if (x.logits) continue;
    logistic_problem z = x;
    z.logits = true;
    for (double& v : z.x) v = std::log(v / (1 - v));
    for (const method m : all_methods) {
      INFO("logistic_problem " << i << ", " << name_of(m) << ":" << x.text());
      const fitted a = fit_of(m, x, false), b = fit_of(m, z, false);
      REQUIRE(difference(a.numbers, b.numbers) <= 1e-11);
      REQUIRE(b.report.fitted_on == score_kind::binary_logits);
      REQUIRE(a.report.fitted_on == score_kind::binary_probabilities);
    }
  }
}

TEST_CASE("float scores are fitted in double") {
  std::mt19937_64 generator(7);
  logistic_problem x = random_problem(generator);
  x.logits = true;
  std::vector<float> narrow;
  for (double& v : x.x) {
    narrow.push_back(static_cast<float>(v));
    v = static_cast<double>(narrow.back());
  }
  CHECK(numbers_of(fit<affine>(binary_logits(narrow), x.y)) ==
        numbers_of(fit<affine>(binary_logits(x.x), x.y)));
  CHECK(numbers_of(fit<beta>(binary_logits(narrow), x.y)) ==
        numbers_of(fit<beta>(binary_logits(x.x), x.y)));
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    narrow[i] = 1 / (1 + std::exp(-narrow[i]));
    x.x[i] = static_cast<double>(narrow[i]);
  }
  CHECK(numbers_of(fit<quadratic>(binary_probabilities(narrow), x.y)) ==
        numbers_of(fit<quadratic>(binary_probabilities(x.x), x.y)));
}

// ---- samples that tell little ----------------------------------------------------------------

TEST_CASE("no samples: nothing is changed") {
  for (const logistic_problem& x :
       {logistic_problem{.x = {}, .y = {}},
        logistic_problem{.x = {0.3, -0.2, 1}, .y = {1, 0, 1}, .w = {0, 0, 0}},
        logistic_problem{.x = {0.3, 0.2}, .y = {1, 0}, .w = {0, 0}, .logits = false}})
    for (const method m : all_methods)
      for (const bool smooth : {false, true}) {
        INFO(name_of(m) << (smooth ? ", smoothed" : "") << ":" << x.text());
        const fitted f = fit_of(m, x, smooth);
        const vector theta = free_parameters(m, f.numbers);
        CHECK(theta == identity(m));
        CHECK_FALSE(f.report.converged);
        CHECK_THAT(f.report.note, Catch::Contains("no samples"));
        CHECK(std::isnan(f.report.objective_before));
        CHECK(std::isnan(f.report.objective_after));
        with_fit(m, x, smooth, [&](const auto& r) {
          CHECK(gives_probabilities(r, x));
          x.with_scores([&](const auto& scores) {
            const std::vector<double> q = r.transform(scores);
            for (std::size_t i = 0; i < q.size(); ++i)
              CHECK(std::abs(q[i] - (x.logits ? 1 / (1 + std::exp(-x.x[i])) : x.x[i])) <=
                    8 * epsilon);
            return 0;
          });
          return 0;
        });
      }
}

TEST_CASE("separable samples are fitted to smoothed targets, and the report says so") {
  const std::vector<logistic_problem> separable{
      {.x = {-2, -1, 1, 2}, .y = {0, 0, 1, 1}},
      {.x = {-2, -1, 1, 2, 3}, .y = {0, 0, 1, 1, 1}, .w = {1, 2, 0.5, 1, 0}},
      {.x = {1, 1.5, 2, 5}, .y = {0, 0, 0, 1}},
      {.x = {-500, -40, 40, 500}, .y = {0, 0, 1, 1}},
      {.x = {-1, 1}, .y = {0, 1}},
      {.x = {0.1, 0.2, 0.7, 0.8}, .y = {0, 0, 1, 1}, .logits = false},
      {.x = {0, 0, 1, 1}, .y = {0, 0, 1, 1}, .logits = false}};
  for (const logistic_problem& x : separable)
    for (const method m : all_methods) {
      if (m == method::ab && x.x[0] == 1) continue;  // 1/2 stays, and the samples do overlap
      INFO(name_of(m) << ":" << x.text());
      const fitted hard = fit_of(m, x, false), smooth = fit_of(m, x, true);
      CHECK_FALSE(hard.report.converged);
      CHECK_THAT(hard.report.note, Catch::Contains("no maximum"));
      CHECK(smooth.report.converged);
      CHECK(smooth.report.note == "");
      CHECK(difference(hard.numbers, smooth.numbers) <= 1e-9);
      CHECK(optimum_fault(m, x, true, smooth.numbers, 1) == "");
      // The objective stays the one that was asked for.
      const naive_objective objective(m, x, false);
      const double before = static_cast<double>(objective.at(identity(m)).value);
      const double after =
          static_cast<double>(objective.at(free_parameters(m, hard.numbers)).value);
      CHECK(std::abs(hard.report.objective_before - before) <= 1e-12 * (1 + before));
      CHECK(std::abs(hard.report.objective_after - after) <= 1e-12 * (1 + after));
      for (const bool smoothed : {false, true})
        CHECK(with_fit(m, x, smoothed, [&](const auto& r) { return gives_probabilities(r, x); }));
    }
}

TEST_CASE("samples that only a tie keeps from being separable have no maximum either") {
  const logistic_problem x{.x = {-1, 0, 0, 1}, .y = {0, 0, 1, 1}};
  for (const method m : {method::affine, method::quadratic, method::abm, method::am, method::ab}) {
    INFO(name_of(m));
    const fitted f = fit_of(m, x, false);
    CHECK_FALSE(f.report.converged);
    CHECK_THAT(f.report.note, Catch::Contains("no maximum"));
    CHECK(difference(f.numbers, fit_of(m, x, true).numbers) <= 1e-9);
    CHECK(optimum_fault(m, x, true, fit_of(m, x, true).numbers, 1) == "");
  }
}

TEST_CASE("affine converges where the likelihood has a maximum, and nowhere else") {
  std::mt19937_64 generator(8);
  int without = 0;
  for (int i = 0; i < 1500; ++i) {
    logistic_problem x{.x = {}, .y = {}};
    const std::size_t n = 1 + generator() % 7;
    for (std::size_t j = 0; j < n; ++j) {
      x.x.push_back((static_cast<double>(generator() % 5) - 2) / 2);
      x.y.push_back(static_cast<int>(generator() % 2));
    }
    double low[2] = {infinity, infinity}, high[2] = {-infinity, -infinity};
    for (std::size_t j = 0; j < n; ++j) {
      double& l = low[x.y[j]];
      double& h = high[x.y[j]];
      l = std::min(l, x.x[j]);
      h = std::max(h, x.x[j]);
    }
    const bool constant = std::max(high[0], high[1]) == std::min(low[0], low[1]);
    const bool both = low[0] <= high[0] && low[1] <= high[1];
    const bool maximum = both && (constant || (low[0] < high[1] && low[1] < high[0]));
    if (!maximum) ++without;
    INFO("logistic_problem " << i << ":" << x.text());
    const fitted f = fit_of(method::affine, x, false);
    CHECK(f.report.note.empty() == f.report.converged);
    REQUIRE(f.report.converged == maximum);
    REQUIRE(optimum_fault(method::affine, x, !maximum, f.numbers, 1) == "");
  }
  CHECK(without > 300);
}

TEST_CASE("small samples: where a fit converges it is at the optimum") {
  std::mt19937_64 generator(9);
  for (int i = 0; i < 600; ++i) {
    logistic_problem x{.x = {}, .y = {}, .logits = generator() % 2 == 0};
    const std::size_t n = 1 + generator() % 9;
    for (std::size_t j = 0; j < n; ++j) {
      const double z = (static_cast<double>(generator() % 9) - 4) / 2;
      x.x.push_back(x.logits ? z : 1 / (1 + std::exp(-z)));
      x.y.push_back(static_cast<int>(generator() % 2));
    }
    for (const method m : all_methods)
      for (const bool smooth : {false, true}) {
        INFO("logistic_problem " << i << ", " << name_of(m) << (smooth ? ", smoothed" : "") << ":"
                                 << x.text());
        const fitted f = fit_of(m, x, smooth);
        REQUIRE(f.report.note.empty() == f.report.converged);
        REQUIRE((f.report.converged || !smooth));
        if (f.report.converged)
          REQUIRE(optimum_fault(m, x, smooth, f.numbers, 1) == "");
        else
          REQUIRE(optimum_fault(m, x, true, f.numbers, 1) == "");
      }
  }
}

TEST_CASE("constant scores: the slope stays, and the intercept does the rest") {
  for (const double at : {0.0, 0.7, -3.0, 40.0, 500.0})
    for (const bool is_logit : {true, false}) {
      if (!is_logit && at > 1) continue;
      logistic_problem x{.x = {}, .y = {1, 0, 0, 1, 0}, .w = {1, 2, 1, 0.5, 1}, .logits = is_logit};
      x.x.assign(5, is_logit || at >= 0 ? at : 0.2);
      for (const method m : {method::affine, method::quadratic, method::abm, method::am}) {
        INFO(name_of(m) << ":" << x.text());
        const fitted f = fit_of(m, x, false);
        CHECK(f.report.converged);
        vector expected = identity(m);
        const vector theta = free_parameters(m, f.numbers);
        expected[0] = theta[0];
        CHECK(theta == expected);
        CHECK(optimum_fault(m, x, false, f.numbers, 1) == "");
        const double q = with_fit(m, x, false, [&](const auto& r) {
          return x.with_scores([&](const auto& scores) { return r.transform(scores)[0]; });
        });
        CHECK(std::abs(q - 1.5 / 5.5) <= 1e-11);
      }
    }
}

TEST_CASE("many constant scores are as constant") {
  logistic_problem x{.x = {}, .y = {}};
  for (int i = 0; i < 200000; ++i) {
    x.x.push_back(1.2345);
    x.y.push_back(i % 3 == 0 ? 1 : 0);
    x.w.push_back(0.1 + 0.3 * (i % 7));
  }
  for (const method m : {method::affine, method::quadratic, method::abm}) {
    INFO(name_of(m));
    const vector theta = free_parameters(m, fit_of(m, x, false).numbers);
    vector expected = identity(m);
    expected[0] = theta[0];
    CHECK(theta == expected);
  }
}

TEST_CASE("one class, or one sample") {
  for (const int label : {0, 1})
    for (const logistic_problem& x :
         {logistic_problem{.x = {-1, 0.5, 2}, .y = {label, label, label}},
          logistic_problem{
              .x = {-1, 0.5, 2, 3}, .y = {label, label, label, 1 - label}, .w = {1, 2, 1, 0}},
          logistic_problem{.x = {0, 0.5, 1}, .y = {label, label, label}, .logits = false},
          logistic_problem{.x = {0.7}, .y = {label}}, logistic_problem{.x = {0}, .y = {label}},
          logistic_problem{.x = {-500}, .y = {label}},
          logistic_problem{.x = {0}, .y = {label}, .logits = false},
          logistic_problem{.x = {1}, .y = {label}, .logits = false}})
      for (const method m : {method::affine, method::quadratic, method::abm, method::am}) {
        INFO(name_of(m) << ":" << x.text());
        const fitted hard = fit_of(m, x, false), smooth = fit_of(m, x, true);
        CHECK_FALSE(hard.report.converged);
        CHECK_THAT(hard.report.note, Catch::Contains("no maximum"));
        CHECK(smooth.report.converged);
        CHECK(optimum_fault(m, x, true, smooth.numbers, 1) == "");
        CHECK(difference(hard.numbers, smooth.numbers) <= 1e-9);
        CHECK(with_fit(m, x, false, [&](const auto& r) { return gives_probabilities(r, x); }));
      }
}

// ---- far scores ------------------------------------------------------------------------------

TEST_CASE("sure scores that are wrong now and then") {
  // Two scores: the optimum gives each its hit rate.
  for (const double far : {1.0, 10.0, 20.0, 40.0, 87.0, 200.0, 500.0}) {
    const logistic_problem x{.x = {far, far, far, -far, -far, -far}, .y = {1, 1, 0, 0, 0, 1}};
    for (const method m : all_methods) {
      INFO(name_of(m) << " at " << far);
      const fitted f = fit_of(m, x, false);
      CHECK(f.report.converged);
      CHECK(optimum_fault(m, x, false, f.numbers, 1) == "");
      const std::vector<double> q =
          with_fit(m, x, false, [&](const auto& r) { return r.transform(binary_logits(x.x)); });
      CHECK(std::abs(q[0] - 2.0 / 3) <= 1e-9);
      CHECK(std::abs(q[3] - 1.0 / 3) <= 1e-9);
    }
  }
}

TEST_CASE("probabilities of exactly 0 and 1 that are wrong now and then") {
  const logistic_problem x{.x = {1, 1, 1, 0, 0, 0, 0}, .y = {1, 1, 0, 0, 0, 1, 0}, .logits = false};
  for (const method m : all_methods) {
    INFO(name_of(m));
    const fitted f = fit_of(m, x, false);
    CHECK(f.report.converged);
    CHECK(optimum_fault(m, x, false, f.numbers, 1) == "");
    const std::vector<double> q = with_fit(
        m, x, false, [&](const auto& r) { return r.transform(binary_probabilities(x.x)); });
    if (m == method::ab) continue;
    CHECK(std::abs(q[0] - 2.0 / 3) <= 1e-9);
    CHECK(std::abs(q[3] - 0.25) <= 1e-9);
  }
}

TEST_CASE("a few far scores among others") {
  std::mt19937_64 generator(10);
  for (int i = 0; i < 120; ++i) {
    logistic_problem x = random_problem(generator);
    for (int j = 0; j < 6; ++j) {
      const bool high = generator() % 2 == 0;
      x.x.push_back(x.logits ? (high ? 500.0 : -500.0) : (high ? 1.0 : 0.0));
      x.y.push_back(generator() % 3 == 0 ? !high : high);
      if (!x.w.empty()) x.w.push_back(1);
    }
    for (const method m : all_methods)
      for (const bool smooth : {false, true}) {
        INFO("logistic_problem " << i << ", " << name_of(m) << (smooth ? ", smoothed" : "") << ":"
                                 << x.text());
        const fitted f = fit_of(m, x, smooth);
        REQUIRE(f.report.converged);
        REQUIRE(optimum_fault(m, x, smooth, f.numbers, 1) == "");
        REQUIRE(with_fit(m, x, smooth, [&](const auto& r) { return gives_probabilities(r, x); }));
      }
  }
}

TEST_CASE("logits beyond 10^4 that overlap have a maximum") {
  const logistic_problem x{.x = {2e4, 1e4, 1e4, -1e4, -2e4, 3e3}, .y = {1, 1, 0, 0, 1, 0}};
  for (const bool smooth : {false, true}) {
    const fitted f = fit_of(method::affine, x, smooth);
    CHECK(f.report.converged);
    CHECK(f.report.note == "");
    CHECK(optimum_fault(method::affine, x, smooth, f.numbers, 1) == "");
  }
}

TEST_CASE("logits of any size give probabilities, and fit as 1e6 does") {
  const logistic_problem near{.x = {1e6, -1e6, 3, -1e6, 2}, .y = {0, 1, 1, 0, 1}};
  const logistic_problem x{.x = {1e30, -1e30, 3, -1e25, 2}, .y = {0, 1, 1, 0, 1}};
  for (const method m : all_methods)
    for (const bool smooth : {false, true}) {
      INFO(name_of(m) << (smooth ? ", smoothed" : ""));
      const fitted f = fit_of(m, x, smooth);
      CHECK(with_fit(m, x, smooth, [&](const auto& r) { return gives_probabilities(r, x); }));
      CHECK(f.report.note.empty() == f.report.converged);
      // A fit that says it converged has an objective.
      CHECK((!f.report.converged || std::isfinite(f.report.objective_after)));
      CHECK((!f.report.converged || optimum_fault(m, near, smooth, f.numbers, 1) == ""));
    }
}

// ---- one against the rest, mixed with the uniform distribution -------------------------------

TEST_CASE("one against the rest is a fit a class") {
  for (const bool weighted : {false, true}) {
    const classes_problem x = random_classes(400, 4, 1.5, 11);
    options o;
    if (weighted) o.weights = x.w;
    const auto r = fit<one_against_rest<beta>>(probabilities(x.p), x.y, o);
    const auto z = fit<one_against_rest<beta>>(logits(x.z), x.y, o);
    double before = 0, after = 0, gradient = 0;
    matrix<double> q(400, 4);
    for (std::size_t k = 0; k < 4; ++k) {
      logistic_problem of_class{.x = {}, .y = {}, .logits = false};
      if (weighted) of_class.w = x.w;
      for (std::size_t i = 0; i < 400; ++i) {
        of_class.x.push_back(x.p(i, k));
        of_class.y.push_back(x.y[i] == static_cast<int>(k) ? 1 : 0);
      }
      const beta alone = of_class.fitted<beta>({});
      CHECK(numbers_of(r.of_class(k)) == numbers_of(alone));
      CHECK(difference(numbers_of(z.of_class(k)), numbers_of(alone)) <= 1e-11);
      CHECK(optimum_fault(method::abm, of_class, false, numbers_of(r.of_class(k)), 1) == "");
      before += alone.report().objective_before;
      after += alone.report().objective_after;
      gradient = std::max(gradient, alone.report().gradient);
      const std::vector<double> mapped = alone.transform(binary_probabilities(of_class.x));
      for (std::size_t i = 0; i < 400; ++i) q(i, k) = mapped[i];
    }
    CHECK(r.classes() == 4);
    CHECK(r.report().converged);
    CHECK(r.report().note == "");
    CHECK(r.fitted_on() == score_kind::probabilities);
    CHECK(std::abs(r.report().objective_before - before) <= 1e-12);
    CHECK(std::abs(r.report().objective_after - after) <= 1e-12);
    CHECK(r.report().gradient == gradient);
    const matrix<double> got = r.transform(probabilities(x.p));
    double most = 0, sum_off = 0;
    for (std::size_t i = 0; i < 400; ++i) {
      const double sum = q(i, 0) + q(i, 1) + q(i, 2) + q(i, 3);
      double all = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        most = std::max(most, std::abs(got(i, k) - q(i, k) / sum));
        all += got(i, k);
      }
      sum_off = std::max(sum_off, std::abs(all - 1));
    }
    CHECK(most <= 8 * epsilon);
    CHECK(sum_off <= 8 * epsilon);
    CHECK(nll(probabilities(got), x.y) < nll(probabilities(x.p), x.y));
  }
}

TEST_CASE("one against the rest of other binary recalibrators") {
  const classes_problem x = random_classes(300, 3, 2, 12);
  for (std::size_t k = 0; k < 3; ++k) {
    logistic_problem of_class{.x = {}, .y = {}, .logits = false};
    for (std::size_t i = 0; i < 300; ++i) {
      of_class.x.push_back(x.p(i, k));
      of_class.y.push_back(x.y[i] == static_cast<int>(k) ? 1 : 0);
    }
    const auto a = fit<one_against_rest<affine>>(probabilities(x.p), x.y);
    const auto b = fit<one_against_rest<quadratic>>(probabilities(x.p), x.y);
    CHECK(numbers_of(a.of_class(k)) == numbers_of(of_class.fitted<affine>({})));
    CHECK(numbers_of(b.of_class(k)) == numbers_of(of_class.fitted<quadratic>({})));
  }
}

TEST_CASE("a class without samples, and rows of which nothing is left") {
  classes_problem x = random_classes(60, 3, 2, 13);
  for (int& y : x.y) y = y == 2 ? 0 : y;
  const auto r = fit<one_against_rest<beta>>(logits(x.z), x.y);
  CHECK_FALSE(r.report().converged);
  CHECK_THAT(r.report().note, Catch::StartsWith("class 2: "));
  const matrix<double> q = r.transform(logits(x.z));
  for (std::size_t i = 0; i < 60; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK((q(i, k) >= 0 && q(i, k) <= 1));
      sum += q(i, k);
    }
    CHECK(std::abs(sum - 1) <= 8 * epsilon);
  }
  const one_against_rest<isotonic> none(
      {isotonic({0, 1}, {0, 0}), isotonic({0, 1}, {0, 0}), isotonic({0.5, 1}, {0, 1})});
  const std::vector<std::vector<double>> p{{0.5, 0.25, 0.25}, {0.25, 0, 0.75}};
  const matrix<double> uniform = none.transform(probabilities(p));
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(uniform(0, k) == 1.0 / 3);
    CHECK(uniform(1, k) == (k == 2 ? 1 : 0));
  }
}

TEST_CASE("one against the rest: no samples") {
  const matrix<double> none(0, 3);
  const std::vector<int> y;
  const auto r = fit<one_against_rest<beta>>(logits(none), y);
  CHECK_FALSE(r.report().converged);
  CHECK_THAT(r.report().note, Catch::Contains("no samples"));
  CHECK(std::isnan(r.report().objective_after));
  const classes_problem x = random_classes(20, 3, 2, 14);
  const matrix<double> q = r.transform(logits(x.z));
  double most = 0;
  for (std::size_t i = 0; i < 20; ++i)
    for (std::size_t k = 0; k < 3; ++k) most = std::max(most, std::abs(q(i, k) - x.p(i, k)));
  CHECK(most <= 16 * epsilon);
}

TEST_CASE("one against the rest of float logits fits what it maps") {
  // In sure rows 1 - p of the leading class is far below the rounding of a float.
  for (const double spread : {1.5, 12.0}) {
    INFO("spread " << spread);
    const classes_problem x = random_classes(2000, 3, spread, 15, 4);
    matrix<float> narrow(2000, 3);
    for (std::size_t i = 0; i < 2000; ++i)
      for (std::size_t k = 0; k < 3; ++k) narrow(i, k) = static_cast<float>(x.z(i, k));
    const auto wide = fit<one_against_rest<beta>>(logits(x.z), x.y);
    const auto single = fit<one_against_rest<beta>>(logits(narrow), x.y);
    CHECK(difference(numbers_of(single), numbers_of(wide)) <= 1e-4);
    for (const auto* r : {&wide, &single}) {
      double objective = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        logistic_problem of_class{.x = {}, .y = {}, .logits = false};
        for (std::size_t i = 0; i < 2000; ++i) {
          of_class.x.push_back(x.p(i, k));
          of_class.y.push_back(x.y[i] == static_cast<int>(k) ? 1 : 0);
        }
        const vector theta = free_parameters(method::abm, numbers_of(r->of_class(k)));
        objective +=
            static_cast<double>(naive_objective(method::abm, of_class, false).at(theta).value);
      }
      CHECK(std::abs(r->report().objective_after / objective - 1) <= 1e-5);
    }
  }
}

TEST_CASE("mixed with the uniform distribution") {
  std::mt19937_64 generator(17);
  for (int i = 0; i < 20; ++i) {
    const logistic_problem x = random_problem(generator);
    const auto r = x.fitted<mixed_with_uniform<beta>>({});
    const beta alone = x.fitted<beta>({});
    CHECK(numbers_of(r.inner()) == numbers_of(alone));
    CHECK(std::abs(r.share() * (x.total() + 1) - 1) <= 1e-14);
    CHECK(bits(r.report().objective_after) == bits(alone.report().objective_after));
    CHECK(r.report().converged);
    CHECK(r.fitted_on() == alone.fitted_on());
    x.with_scores([&](const auto& scores) {
      const std::vector<double> q = r.transform(scores), p = alone.transform(scores);
      for (std::size_t j = 0; j < q.size(); ++j)
        CHECK(std::abs(q[j] - ((1 - r.share()) * p[j] + r.share() / 2)) <= 2 * epsilon);
      return 0;
    });
  }
  const classes_problem c = random_classes(200, 5, 2, 18);
  const auto r = fit<mixed_with_uniform<one_against_rest<beta>>>(logits(c.z), c.y);
  const auto alone = fit<one_against_rest<beta>>(logits(c.z), c.y);
  CHECK(r.share() == 1.0 / 201);
  CHECK(r.classes() == 5);
  const matrix<double> q = r.transform(logits(c.z)), p = alone.transform(logits(c.z));
  double most = 0;
  for (std::size_t i = 0; i < 200; ++i)
    for (std::size_t k = 0; k < 5; ++k)
      most = std::max(most, std::abs(q(i, k) - (p(i, k) * 200 / 201 + 1.0 / (201 * 5))));
  CHECK(most <= 4 * epsilon);
  // A class a time, or all of them at once.
  const auto inside = fit<one_against_rest<mixed_with_uniform<isotonic>>>(logits(c.z), c.y);
  CHECK(inside.of_class(3).share() == 1.0 / 201);
  CHECK(std::isfinite(nll(probabilities(inside.transform(logits(c.z))), c.y)));
}

TEST_CASE("mixed with the uniform distribution: 0 and 1 do not occur, and no samples are uniform") {
  const std::vector<double> p{0.1, 0.2, 0.8, 0.9};
  const std::vector<int> y{0, 0, 1, 1};
  const auto r = fit<mixed_with_uniform<isotonic>>(binary_probabilities(p), y);
  const std::vector<double> q = r.transform(binary_probabilities(p));
  CHECK(std::abs(q[0] - 0.1) <= 2 * epsilon);
  CHECK(std::abs(q[3] - 0.9) <= 2 * epsilon);
  const std::vector<double> zero(4);
  const auto none =
      fit<mixed_with_uniform<isotonic>>(binary_probabilities(p), y, {.weights = zero});
  CHECK(none.share() == 1);
  CHECK(none.transform(binary_probabilities(p)) == std::vector<double>(4, 0.5));
  CHECK_FALSE(none.report().converged);
  CHECK_THROWS_AS(mixed_with_uniform<isotonic>(isotonic({0}, {0}), 1.5), value_error);
  CHECK_THROWS_AS(mixed_with_uniform<isotonic>(isotonic({0}, {0}), not_a_number), value_error);
}

// ---- outputs ---------------------------------------------------------------------------------

TEST_CASE("outputs of other types and strides") {
  std::mt19937_64 generator(19);
  const logistic_problem x = random_problem(generator);
  const std::size_t n = x.size();
  const beta r = x.fitted<beta>({});
  x.with_scores([&](const auto& scores) {
    const std::vector<double> q = r.transform(scores), z = r.transform_logits(scores);
    std::vector<float> narrow(n), narrow_z(n);
    r.transform(scores, narrow);
    r.transform_logits(scores, narrow_z);
    std::vector<double> spaced(3 * n, -1.0);
    r.transform(scores, vector_view<double>(spaced.data() + 1, n, 3));
    std::vector<double> backwards(n);
    r.transform(scores, vector_view<double>(backwards.data() + (n - 1), n, std::ptrdiff_t{-1}));
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(narrow[i] == static_cast<float>(q[i]));
      CHECK(narrow_z[i] == static_cast<float>(z[i]));
      CHECK(spaced[3 * i] == -1);
      CHECK(spaced[3 * i + 1] == q[i]);
      CHECK(backwards[n - 1 - i] == q[i]);
      CHECK(std::abs(1 / (1 + std::exp(-z[i])) - q[i]) <= 2 * epsilon);
    }
    std::vector<double> few(n - 1);
    CHECK_THROWS_AS(r.transform(scores, few), shape_error);
    return 0;
  });

  const classes_problem c = random_classes(37, 3, 2, 20);
  const auto s = fit<one_against_rest<beta>>(logits(c.z), c.y);
  const matrix<double> q = s.transform(logits(c.z));
  matrix<float> narrow(37, 3);
  s.transform(logits(c.z), narrow);
  std::vector<double> flat(37 * 3), spaced(37 * 8, -1.0);
  s.transform(logits(c.z), flat);
  s.transform(logits(c.z), matrix_view<double>(spaced.data(), 37, 3, 8, 2));
  const matrix<double> z = s.transform_logits(logits(c.z));
  for (std::size_t i = 0; i < 37; ++i)
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(narrow(i, k) == static_cast<float>(q(i, k)));
      CHECK(flat[i * 3 + k] == q(i, k));
      CHECK(spaced[i * 8 + 2 * k] == q(i, k));
      CHECK(spaced[i * 8 + 2 * k + 1] == -1);
      CHECK(std::abs(z(i, k) - std::log(q(i, k))) <= 1e-13 * std::abs(z(i, k)) + epsilon);
    }
  std::vector<double> other(37 * 3 - 1);
  CHECK_THROWS_AS(s.transform(logits(c.z), other), shape_error);
  matrix<double> wide(37, 4);
  CHECK_THROWS_WITH(
      s.transform(logits(c.z), wide),
      Catch::StartsWith("one_against_rest.transform(): expected an output of 37 x 3"));
}

TEST_CASE("a saved and loaded model does the same, bit for bit") {
  std::mt19937_64 generator(21);
  const auto check = [](const auto& r, const auto& scores) {
    using R = std::remove_cvref_t<decltype(r)>;
    const std::string text = to_json(r);
    const R again = recalibrator_from_json<R>(text);
    CHECK(to_json(again) == text);
    CHECK(recalibrator_kind(text) == R::kind);
    const auto before = r.transform(scores), after = again.transform(scores);
    bool same = true;
    if constexpr (requires { before.rows(); }) {
      for (std::size_t i = 0; i < before.rows(); ++i)
        for (std::size_t k = 0; k < before.cols(); ++k)
          same = same && bits(before(i, k)) == bits(after(i, k));
    } else {
      for (std::size_t i = 0; i < before.size(); ++i)
        same = same && bits(before[i]) == bits(after[i]);
    }
    CHECK(same);
    CHECK(again.fitted_on() == r.fitted_on());
    CHECK(again.classes() == r.classes());
    CHECK(again.report().note == r.report().note);
    CHECK(bits(again.report().objective_after) == bits(r.report().objective_after));
  };
  for (int i = 0; i < 20; ++i) {
    const logistic_problem x = random_problem(generator);
    x.with_scores([&](const auto& scores) {
      check(x.fitted<affine>({}), scores);
      check(x.fitted<quadratic>({}), scores);
      check(x.fitted<beta>({}), scores);
      check(x.fitted<mixed_with_uniform<beta>>({}), scores);
      return 0;
    });
  }
  const classes_problem c = random_classes(100, 4, 2, 22);
  check(fit<one_against_rest<beta>>(logits(c.z), c.y), logits(c.z));
  check(fit<one_against_rest<affine>>(probabilities(c.p), c.y), probabilities(c.p));
  check(fit<mixed_with_uniform<one_against_rest<quadratic>>>(logits(c.z), c.y), logits(c.z));
  check(fit<one_against_rest<mixed_with_uniform<beta>>>(logits(c.z), c.y), logits(c.z));
}

TEST_CASE("documents of other models are refused") {
  const std::string text = to_json(beta(1, 2, 3));
  CHECK_THROWS_AS(recalibrator_from_json<affine>(text, "model.json"), io_error);
  CHECK_THROWS_WITH(recalibrator_from_json<affine>(text, "model.json"),
                    "model.json: expected kind \"affine\", got \"beta\"");
  std::string negative = text;
  negative.replace(negative.find("\"a\": 1"), 6, "\"a\": -1");
  CHECK_THROWS_AS(recalibrator_from_json<beta>(negative, "model.json"), io_error);
  CHECK_THROWS_WITH(recalibrator_from_json<beta>(negative, "model.json"),
                    Catch::StartsWith("model.json: beta(): expected finite a >= 0"));
  std::string without = text;
  without.replace(without.find("\"b\":"), 4, "\"B\":");
  CHECK_THROWS_WITH(recalibrator_from_json<beta>(without, "model.json"),
                    Catch::Contains("no field \"b\""));
  const std::string parts = to_json(one_against_rest<beta>({beta(1, 2, 3), beta(1, 1, 0)}));
  CHECK(recalibrator_from_json<one_against_rest<beta>>(parts).of_class(0).b() == 2);
  CHECK_THROWS_AS(recalibrator_from_json<one_against_rest<affine>>(parts), io_error);
}

// ---- measured as they are mapped -------------------------------------------------------------

TEST_CASE("recalibrated() measures what transform() makes") {
  std::mt19937_64 generator(23);
  for (int i = 0; i < 10; ++i) {
    const logistic_problem x = random_problem(generator);
    x.with_scores([&](const auto& scores) {
      const affine a = x.fitted<affine>({});
      const std::vector<double> q = a.transform(scores), z = a.transform_logits(scores);
      CHECK(ece(recalibrated(a, scores), x.y) == ece(binary_probabilities(q), x.y));
      CHECK(ece(recalibrated(a, scores), x.y) == ece(binary_logits(z), x.y));
      CHECK(nll(recalibrated(a, scores), x.y) == nll(binary_logits(z), x.y));
      CHECK(std::abs(nll(recalibrated(a, scores), x.y) - nll(binary_probabilities(q), x.y)) <=
            1e-12);
      CHECK(brier(recalibrated(a, scores), x.y) == brier(binary_probabilities(q), x.y));
      const auto m = x.fitted<mixed_with_uniform<beta>>({});
      const std::vector<double> mixed = m.transform(scores);
      CHECK(ece(recalibrated(m, scores), x.y) == ece(binary_probabilities(mixed), x.y));
      CHECK(nll(recalibrated(m, scores), x.y) == nll(binary_probabilities(mixed), x.y));
      CHECK(nll(recalibrated(x.template fitted<mixed_with_uniform<beta>>({}), scores), x.y) ==
            nll(binary_probabilities(mixed), x.y));
      return 0;
    });
  }
  const classes_problem c = random_classes(3000, 5, 2, 24);
  const auto r = fit<one_against_rest<beta>>(logits(c.z), c.y);
  const matrix<double> q = r.transform(logits(c.z));
  CHECK(ece(recalibrated(r, logits(c.z)), c.y) == ece(probabilities(q), c.y));
  CHECK(nll(recalibrated(r, logits(c.z)), c.y) == nll(probabilities(q), c.y));
  CHECK(brier(recalibrated(r, logits(c.z)), c.y) == brier(probabilities(q), c.y));
  CHECK(classwise_ece(recalibrated(r, logits(c.z)), c.y) == classwise_ece(probabilities(q), c.y));
  CHECK(std::abs(ece(recalibrated(r, logits(c.z)), c.y, {.threads = {3}}) -
                 ece(probabilities(q), c.y)) <= 1e-12);

  matrix<float> narrow(3000, 5);
  for (std::size_t i = 0; i < 3000; ++i)
    for (std::size_t k = 0; k < 5; ++k) narrow(i, k) = static_cast<float>(c.z(i, k));
  const matrix<float> narrow_q = r.transform(logits(narrow));
  const double rounding = 16 * static_cast<double>(std::numeric_limits<float>::epsilon());
  CHECK(std::abs(ece(recalibrated(r, logits(narrow)), c.y) - ece(probabilities(narrow_q), c.y)) <=
        rounding);
  CHECK(std::abs(nll(recalibrated(r, logits(narrow)), c.y) - nll(probabilities(narrow_q), c.y)) <=
        rounding);
  CHECK(std::abs(brier(recalibrated(r, logits(narrow)), c.y) -
                 brier(probabilities(narrow_q), c.y)) <= rounding);
}

// ---- what is refused -------------------------------------------------------------------------

TEST_CASE("scores of another kind, of other classes, of another shape") {
  const std::vector<double> p{0.1, 0.4, 0.6, 0.7, 0.8}, z{-2, 0.1, 0.3, 1, 2};
  const std::vector<int> y{0, 1, 0, 1, 1};
  const beta r = fit<beta>(binary_probabilities(p), y);
  CHECK_THROWS_AS(r.transform(binary_logits(z)), value_error);
  CHECK_THROWS_WITH(r.transform(binary_logits(z)),
                    Catch::StartsWith("beta.transform(): fitted on binary_probabilities, got "
                                      "binary_logits"));
  CHECK_THROWS_WITH(r.transform_logits(binary_logits(z)),
                    Catch::StartsWith("beta.transform_logits(): fitted on binary_probabilities"));
  CHECK_THROWS_AS(ece(recalibrated(r, binary_logits(z)), y), value_error);
  CHECK_THROWS_WITH(ece(recalibrated(r, binary_logits(z)), y),
                    Catch::StartsWith("ece(): fitted on binary_probabilities"));
  // Made by hand it takes both.
  const beta by_hand(r.a(), r.b(), r.c());
  CHECK(by_hand.transform(binary_probabilities(p)) == r.transform(binary_probabilities(p)));
  CHECK(by_hand.transform(binary_logits(z)).size() == 5);

  const classes_problem c = random_classes(30, 3, 2, 25);
  CHECK_THROWS_AS(r.transform(logits(c.z)), value_error);
  CHECK_THROWS_WITH(r.transform(logits(c.z)),
                    Catch::StartsWith("beta.transform(): takes one number a sample"));
  const auto s = fit<one_against_rest<beta>>(logits(c.z), c.y);
  const classes_problem four = random_classes(30, 4, 2, 26);
  CHECK_THROWS_AS(s.transform(logits(four.z)), shape_error);
  CHECK_THROWS_WITH(s.transform(logits(four.z)),
                    "one_against_rest.transform(): fitted on 3 classes, got scores of 4");
  CHECK_THROWS_AS(ece(recalibrated(s, logits(four.z)), four.y), shape_error);
  CHECK_THROWS_AS(s.transform(probabilities(c.p)), value_error);
  CHECK_THROWS_AS(s.transform(binary_logits(z)), value_error);
  CHECK_THROWS_WITH(s.transform(binary_logits(z)),
                    Catch::Contains("one_against_rest.transform(): takes samples x classes"));
  const auto m = fit<mixed_with_uniform<one_against_rest<beta>>>(logits(c.z), c.y);
  CHECK_THROWS_AS(m.transform(logits(four.z)), shape_error);
  CHECK_THROWS_WITH(m.transform(probabilities(c.p)),
                    Catch::StartsWith("mixed_with_uniform.transform(): fitted on logits, got "
                                      "probabilities"));
}

TEST_CASE("bad input is an exception with the function and the place in it") {
  std::vector<double> p{0.1, 0.4, 0.6, 0.7, 0.8};
  std::vector<int> y{0, 1, 0, 1, 1};
  SECTION("labels") {
    y[3] = 2;
    CHECK_THROWS_AS(fit<beta>(binary_probabilities(p), y), value_error);
    CHECK_THROWS_WITH(fit<beta>(binary_probabilities(p), y),
                      Catch::StartsWith("fit<beta>(): label 2 at row 3"));
    CHECK_THROWS_WITH(fit<mixed_with_uniform<beta>>(binary_probabilities(p), y),
                      Catch::StartsWith("fit<mixed_with_uniform>(): label 2 at row 3"));
  }
  SECTION("shapes") {
    y.pop_back();
    CHECK_THROWS_AS(fit<affine>(binary_probabilities(p), y), shape_error);
    CHECK_THROWS_WITH(fit<affine>(binary_probabilities(p), y),
                      Catch::StartsWith("fit<affine>(): "));
  }
  SECTION("probabilities") {
    p[2] = 1.5;
    CHECK_THROWS_WITH(fit<quadratic>(binary_probabilities(p), y),
                      Catch::StartsWith("fit<quadratic>(): probability 1.5 is not in [0, 1]"));
    CHECK_THROWS_WITH(beta(1, 1, 0).transform(binary_probabilities(p)),
                      Catch::StartsWith("beta.transform(): probability 1.5 is not in [0, 1]"));
  }
  SECTION("weights") {
    const std::vector<double> w{1, 1, -1, 1, 1};
    CHECK_THROWS_WITH(fit<beta>(binary_probabilities(p), y, {.weights = w}),
                      Catch::StartsWith("fit<beta>(): weight -1 at row 2"));
  }
  SECTION("nan and infinity") {
    p[4] = not_a_number;
    CHECK_THROWS_WITH(fit<affine>(binary_logits(p), y),
                      Catch::StartsWith("fit<affine>(): ") && Catch::Contains("at row 4"));
    CHECK_THROWS_WITH(affine(1, 0).transform(binary_logits(p)),
                      Catch::StartsWith("affine.transform(): ") && Catch::Contains("at row 4"));
    p[4] = -infinity;
    CHECK_THROWS_AS(fit<affine>(binary_logits(p), y), value_error);
    matrix<double> z(2, 2);
    z(1, 0) = not_a_number;
    const std::vector<int> two{0, 1};
    CHECK_THROWS_WITH(
        fit<one_against_rest<beta>>(logits(z), two),
        Catch::StartsWith("fit<one_against_rest>(): ") && Catch::Contains("row 1, column 0"));
  }
  SECTION("parameters") {
    CHECK_THROWS_AS(affine(not_a_number, 0), value_error);
    CHECK_THROWS_AS(affine(1, infinity), value_error);
    CHECK_THROWS_AS(quadratic(0, not_a_number, 0), value_error);
    CHECK_THROWS_AS(beta(-0.1, 1, 0), value_error);
    CHECK_THROWS_AS(beta(1, not_a_number, 0), value_error);
    CHECK_THROWS_AS(one_against_rest<beta>({}), value_error);
  }
}

TEST_CASE("nan_policy::count leaves samples out of the fit and gives rows of NaN") {
  std::mt19937_64 generator(27);
  const logistic_problem x = random_problem(generator);
  std::vector<std::size_t> kept;
  logistic_problem holes = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (i % 5 == 2)
      holes.x[i] = not_a_number;
    else
      kept.push_back(i);
  const logistic_problem rest = x.at(kept);
  for (const method m : all_methods)
    CHECK(fit_of(m, holes, true, {.nan = nan_policy::count}).numbers ==
          fit_of(m, rest, true).numbers);
  const beta r = rest.fitted<beta>({});
  holes.with_scores([&](const auto& scores) {
    const std::vector<double> q = r.transform(scores, {.nan = nan_policy::count});
    const std::vector<double> z = r.transform_logits(scores, {.nan = nan_policy::count});
    const std::vector<double> expected =
        rest.with_scores([&](const auto& s) { return r.transform(s); });
    std::size_t next = 0;
    for (std::size_t i = 0; i < q.size(); ++i) {
      CHECK(std::isnan(q[i]) == (i % 5 == 2));
      CHECK(std::isnan(z[i]) == (i % 5 == 2));
      if (i % 5 != 2) CHECK(q[i] == expected[next++]);
    }
    CHECK_THROWS_AS(r.transform(scores), value_error);
    CHECK_THROWS_AS(ece(recalibrated(r, scores), x.y), value_error);
    CHECK(ece(recalibrated(r, scores), x.y, {.nan = nan_policy::count}) ==
          ece(binary_probabilities(expected), rest.y));
    return 0;
  });

  classes_problem c = random_classes(200, 3, 2, 28);
  matrix<double> z = c.z;
  std::vector<unsigned char> valid(200, 1);
  for (std::size_t i = 0; i < 200; i += 7) {
    z(i, i % 3) = i % 2 == 0 ? not_a_number : infinity;
    valid[i] = 0;
  }
  const auto counted = fit<one_against_rest<beta>>(logits(z), c.y, {.nan = nan_policy::count});
  const auto left = fit<one_against_rest<beta>>(logits(c.z), c.y, {.valid = valid});
  CHECK(numbers_of(counted) == numbers_of(left));
  CHECK_THROWS_AS(counted.transform(logits(z)), value_error);
  const matrix<double> q = counted.transform(logits(z), {.nan = nan_policy::count});
  const matrix<double> expected = left.transform(logits(c.z));
  for (std::size_t i = 0; i < 200; ++i)
    for (std::size_t k = 0; k < 3; ++k)
      CHECK((valid[i] != 0 ? q(i, k) == expected(i, k) : std::isnan(q(i, k))));
}

TEST_CASE("recalibrated() does not mind NaN in samples that are left out") {
  const std::vector<double> z{-1, 0.5, not_a_number, 2, 0.1}, kept{-1, 0.5, 2, 0.1};
  const std::vector<int> y{0, 1, 1, 1, 0}, kept_y{0, 1, 1, 0};
  const std::vector<unsigned char> valid{1, 1, 0, 1, 1};
  const affine r(1.5, 0.25);
  CHECK(ece(recalibrated(r, binary_logits(z)), y, {.valid = valid}) ==
        ece(recalibrated(r, binary_logits(kept)), kept_y));
  CHECK_THROWS_AS(ece(recalibrated(r, binary_logits(z)), y), value_error);
}

TEST_CASE("ignore_label and valid leave samples out") {
  std::mt19937_64 generator(29);
  logistic_problem x = random_problem(generator);
  std::vector<unsigned char> valid(x.size(), 1);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % 6 == 1) valid[i] = 0;
    if (i % 7 == 3) x.y[i] = -5;
    if (valid[i] != 0 && x.y[i] != -5) kept.push_back(i);
  }
  for (const method m : all_methods)
    CHECK(fit_of(m, x, true, {.ignore_label = -5, .valid = valid}).numbers ==
          fit_of(m, x.at(kept), true).numbers);
}
