// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

// Small random problems of binary scores, and what is compared with naive maps of them.
#include <calibra/options.hpp>
#include <calibra/recalibration/fit.hpp>
#include <calibra/recalibration/fit_report.hpp>
#include <calibra/scores.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "constants.hpp"

namespace calibra::test::binary {

// ---- random problems -------------------------------------------------------------------------

struct binary_problem {
  std::vector<double> p;
  std::vector<int> y;
  std::vector<double> w;  // empty: none given

  std::size_t size() const { return p.size(); }
  double weight(std::size_t i) const { return w.empty() ? 1 : w[i]; }
  options given() const {
    options o;
    if (!w.empty()) o.weights = w;
    return o;
  }
  template<class R>
  R fitted(const typename R::options& method = {}) const {
    return fit<R>(binary_probabilities(p), y, given(), method);
  }
  double total() const {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += weight(i);
    return sum;
  }
  std::string text() const {
    std::ostringstream out;
    out.precision(17);
    for (std::size_t i = 0; i < std::min<std::size_t>(size(), 12); ++i)
      out << " (" << p[i] << ", " << y[i] << ", w " << weight(i) << ")";
    if (size() > 12) out << " and " << size() - 12 << " more";
    return out.str();
  }
};

/// Few samples, scores on a small grid or anywhere, 0 and 1 among them; weights of every form.
inline binary_problem random_problem(std::mt19937_64& generator) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(generator() % n); };
  std::uniform_real_distribution<double> uniform;
  binary_problem x;
  const std::size_t n = below(50) == 0 ? 40 : 1 + below(12);
  const std::size_t cells = std::vector<std::size_t>{0, 1, 2, 3, 5, 8, 10, 20}[below(8)];
  const std::size_t classes = below(8);  // 0: hits alone, 1: misses alone
  // 0: none, 1: integers, 2: real, 3: all 0 now and then, 4: some much larger than others
  const std::size_t weights = below(5);
  const double slope = 2 * uniform(generator);
  for (std::size_t i = 0; i < n; ++i) {
    const double p = cells == 0
                         ? uniform(generator)
                         : static_cast<double>(below(cells + 1)) / static_cast<double>(cells);
    x.p.push_back(p);
    const bool hit = uniform(generator) < 0.5 + slope * (p - 0.5);
    x.y.push_back(classes == 0 || (classes != 1 && hit) ? 1 : 0);
    if (weights == 1 || weights == 3) x.w.push_back(static_cast<double>(below(4)));
    if (weights == 2) x.w.push_back(below(6) == 0 ? 0 : 3 * uniform(generator));
    if (weights == 4) x.w.push_back(std::pow(10, 8 * uniform(generator) - 4));
  }
  if (weights == 3 && below(10) == 0) std::fill(x.w.begin(), x.w.end(), 0.0);
  return x;
}

[[noreturn]] inline void fail(int number, const binary_problem& x, const std::string& what) {
  FAIL("binary_problem " << number << ":" << x.text() << "\n" << what);
  std::abort();
}

/// Calls check(binary_problem) for `count` random problems. It says what is wrong, or nothing.
inline void for_problems(unsigned seed, int count,
                         const std::function<std::string(const binary_problem&)>& check) {
  std::mt19937_64 generator(seed);
  int right = 0;
  for (int i = 0; i < count; ++i, ++right) {
    const binary_problem x = random_problem(generator);
    const std::string what = check(x);
    if (!what.empty()) fail(i, x, what);
  }
  CHECK(right == count);
}

/// What is said of two numbers that are further apart than `tolerance`.
inline std::string apart(const char* what, double at, double got, long double expected,
                         double tolerance) {
  if (std::abs(static_cast<double>(static_cast<long double>(got) - expected)) <= tolerance)
    return "";
  std::ostringstream out;
  out.precision(17);
  out << what << " at " << at << ": got " << got << ", expected " << static_cast<double>(expected)
      << ", tolerance " << tolerance;
  return out.str();
}

// ---- naive definitions -----------------------------------------------------------------------

/// Samples of one score.
struct block {
  double p;
  long double weight, hits;
};

/// Those with a weight, ascending.
inline std::vector<block> naive_blocks(const binary_problem& x) {
  std::vector<block> blocks;
  std::vector<double> scores = x.p;
  std::sort(scores.begin(), scores.end());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  for (const double p : scores) {
    block b{p, 0, 0};
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x.p[i] != p) continue;
      b.weight += x.weight(i);
      if (x.y[i] == 1) b.hits += x.weight(i);
    }
    if (b.weight > 0) blocks.push_back(b);
  }
  return blocks;
}

/// The weighted mean of (map(p) - y)^2.
template<class Map>
long double naive_squared_error(const binary_problem& x, const Map& map) {
  long double sum = 0, weight = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double off = static_cast<long double>(map(x.p[i])) - x.y[i];
    sum += x.weight(i) * off * off;
    weight += x.weight(i);
  }
  return sum / weight;
}

/// The scores of the samples, 0 and 1, and scores between, below and above them.
inline std::vector<double> places(const binary_problem& x) {
  std::vector<double> at = x.p;
  at.push_back(0);
  at.push_back(1);
  std::sort(at.begin(), at.end());
  at.erase(std::unique(at.begin(), at.end()), at.end());
  const std::size_t n = at.size();
  for (std::size_t i = 0; i + 1 < n; ++i) {
    at.push_back(at[i] + (at[i + 1] - at[i]) / 2);
    at.push_back(at[i] + (at[i + 1] - at[i]) / 7);
    at.push_back(std::nextafter(at[i], 2.0));
    at.push_back(std::nextafter(at[i + 1], -1.0));
  }
  return at;
}

/// A sum of n numbers is off by n roundings at most, a mean by twice that; the rest are a few.
inline double rounding(const binary_problem& x) {
  return 2 * epsilon * static_cast<double>(x.size() + 8);
}

/// The report of a map in closed form, against the map's own definition.
template<class Map>
std::string check_report(const binary_problem& x, const fit_report& r, const Map& map) {
  if (r.fitted_on != score_kind::binary_probabilities) return "fitted_on is missing";
  if (r.passes != 1) return "not one pass";
  if (!std::isnan(r.gradient)) return "a gradient of a closed form";
  if (x.total() == 0) {
    if (r.converged || r.note.empty()) return "no samples, and the report does not say so";
    if (!std::isnan(r.objective_before) || !std::isnan(r.objective_after))
      return "no samples, and an objective";
    return "";
  }
  if (!r.converged || !r.note.empty()) return "not converged: " + r.note;
  if (r.objective_before < 0 || r.objective_after < 0) return "a negative mean of squares";
  const auto itself = [](double p) { return p; };
  std::string what = apart("objective_before", 0, r.objective_before,
                           naive_squared_error(x, itself), 4 * rounding(x));
  if (!what.empty()) return what;
  return apart("objective_after", 0, r.objective_after, naive_squared_error(x, map),
               4 * rounding(x));
}

/// The map by its function and by transform(), against expected(p) = (value, tolerance).
template<class R, class Expected>
std::string check_map(const binary_problem& x, const R& r, const Expected& expected) {
  const std::vector<double> at = places(x);
  const std::vector<double> q = r.transform(binary_probabilities(at));
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto [value, tolerance] = expected(at[i]);
    std::string what = apart("value", at[i], r(at[i]), value, tolerance);
    if (!what.empty()) return what;
    if (q[i] != r(at[i])) return "transform() is not operator()";
    if (!(q[i] >= 0 && q[i] <= 1)) return "not a probability";
  }
  return "";
}

template<class R>
std::string check_ascends(const binary_problem& x, const R& r) {
  std::vector<double> at = places(x);
  std::sort(at.begin(), at.end());
  for (std::size_t i = 1; i < at.size(); ++i)
    if (r(at[i]) < r(at[i - 1]) - rounding(x)) return "does not ascend";
  return "";
}

}  // namespace calibra::test::binary
