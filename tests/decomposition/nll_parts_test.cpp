// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// nll_parts_of(): next to a temperature found by bisection, in long double.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/decomposition/nll_parts.hpp"
#include "calibra/recalibration/vector_scaling.hpp"
#include "constants.hpp"
#include "drawn.hpp"

using namespace calibra;
using calibra::test::infinity;
using calibra::test::not_a_number;

namespace {

using real = long double;

/// Rows of logits with label and weight.
struct model {
  std::vector<std::vector<real>> z;
  std::vector<int> labels;
  std::vector<double> weights;

  void add(std::vector<real> row, int label, double weight) {
    z.push_back(std::move(row));
    labels.push_back(label);
    weights.push_back(weight);
  }
  /// Rows for which f(i) is true.
  template<class F>
  model where(const F& f) const {
    model m;
    for (std::size_t i = 0; i < z.size(); ++i)
      if (f(i)) m.add(z[i], labels[i], weights[i]);
    return m;
  }
  real weight() const {
    real sum = 0;
    for (const double w : weights) sum += w;
    return sum;
  }
};

/// Mean of log sum exp(b z) - b z_y and its derivative by b.
struct loss {
  real value = 0, slope = 0;
};
loss loss_at(const model& m, real b) {
  loss mean;
  for (std::size_t i = 0; i < m.z.size(); ++i) {
    const std::vector<real>& z = m.z[i];
    const real top = *std::max_element(z.begin(), z.end());
    real sum = 0, first = 0;
    for (const real x : z) {
      sum += std::exp(b * (x - top));
      first += (x - top) * std::exp(b * (x - top));
    }
    const real y = z[static_cast<std::size_t>(m.labels[i])] - top;
    mean.value += m.weights[i] * (std::log(sum) - b * y);
    mean.slope += m.weights[i] * (first / sum - y);
  }
  return {mean.value / m.weight(), mean.slope / m.weight()};
}

/// 1 / T of the least NLL; T stays in [1/1024, 1024].
real best_slope(const model& m) {
  if (!(m.weight() > 0)) return 1;
  real low = 1.0L / 1024, high = 1024;
  if (loss_at(m, low).slope >= 0) return low;
  if (loss_at(m, high).slope <= 0) return high;
  for (int step = 0; step < 90; ++step) {
    const real middle = std::sqrt(low * high);
    (loss_at(m, middle).slope < 0 ? low : high) = middle;
  }
  return low;
}

struct expected_parts {
  real nll = not_a_number, refinement = not_a_number;
};
expected_parts naive_parts(const model& m, std::size_t folds = 0,
                           const std::vector<std::size_t>& place = {}) {
  if (!(m.weight() > 0)) return {};
  expected_parts e;
  e.nll = loss_at(m, 1).value;
  if (folds == 0) {
    e.refinement = loss_at(m, best_slope(m)).value;
    return e;
  }
  real sum = 0;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    const model in = m.where([&](std::size_t i) { return place[i] % folds == fold; });
    const model out = m.where([&](std::size_t i) { return place[i] % folds != fold; });
    if (in.weight() > 0) sum += in.weight() * loss_at(in, best_slope(out)).value;
  }
  e.refinement = sum / m.weight();
  return e;
}

/// The fit says 1e-12 of T where the optimum is sharp, of float logits 1e-7.
template<class T>
constexpr double tolerance = sizeof(T) == 4 ? 100.0 * std::numeric_limits<float>::epsilon()
                                            : 1e4 * std::numeric_limits<double>::epsilon();

bool near(double got, real expected, double margin) {
  return std::abs(static_cast<real>(got) - expected) <=
         margin * std::max<real>(1, std::abs(expected));
}

template<class T>
void check_parts(const nll_parts& got, const expected_parts& e) {
  if (std::isnan(e.nll)) {
    CHECK(std::isnan(got.nll));
    CHECK(std::isnan(got.refinement));
    CHECK(std::isnan(got.calibration));
    return;
  }
  CHECK(near(got.nll, e.nll, tolerance<T>));
  CHECK(near(got.refinement, e.refinement, tolerance<T>));
  CHECK(near(got.calibration, e.nll - e.refinement, 2 * tolerance<T>));
  const double largest = std::max(got.nll, got.refinement);
  CHECK(std::abs(got.refinement + got.calibration - got.nll) <=
        2 * std::numeric_limits<double>::epsilon() * largest);
}

template<class T>
std::vector<T> flat(const std::vector<std::vector<T>>& rows) {
  std::vector<T> out(1);  // data() of no rows is not null
  out.clear();
  for (const auto& row : rows) out.insert(out.end(), row.begin(), row.end());
  return out;
}
template<class T>
std::vector<std::vector<T>> softmax(const std::vector<std::vector<T>>& z) {
  std::vector<std::vector<T>> p;
  for (const auto& row : z) {
    real sum = 0;
    for (const T x : row) sum += std::exp(static_cast<real>(x));
    p.emplace_back();
    for (const T x : row) p.back().push_back(static_cast<T>(std::exp(static_cast<real>(x)) / sum));
  }
  return p;
}
template<class T>
model model_of(const drawn<T>& d, bool weighted, bool logarithms = false) {
  model m;
  for (std::size_t i = 0; i < d.z.size(); ++i) {
    std::vector<real> row(d.z[i].begin(), d.z[i].end());
    if (logarithms)
      for (real& x : row) x = std::log(x);
    m.add(row, d.labels[i], weighted ? d.weights[i] : 1);
  }
  return m;
}
std::vector<std::size_t> places(std::size_t n) {
  std::vector<std::size_t> p;
  for (std::size_t i = 0; i < n; ++i) p.push_back(i);
  return p;
}

}  // namespace

TEMPLATE_TEST_CASE("the parts of NLL by one temperature", "[nll_parts]", float, double) {
  unsigned seed = 0;
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 1, 2, 50, 700})
    for (const bool weighted : {false, true})
      for (const std::size_t folds : std::initializer_list<std::size_t>{0, 2, 5}) {
        drawn<TestType> d(n, 4, ++seed);
        INFO(n << " rows, weighted " << weighted << ", folds " << folds);
        row_options o;
        if (weighted) o.weights = d.weights;
        const std::vector<TestType> z = flat(d.z), p = flat(softmax(d.z));
        check_parts<TestType>(nll_parts_of(logits(z.data(), n, 4), d.labels, o, {.folds = folds}),
                              naive_parts(model_of(d, weighted), folds, places(n)));
        const auto scores = probabilities(p.data(), n, 4);
        const nll_parts got = nll_parts_of(scores, d.labels, o, {.folds = folds});
        d.z = softmax(d.z);
        check_parts<TestType>(got, naive_parts(model_of(d, weighted, true), folds, places(n)));
        if (folds == 0 && n > 2) CHECK(got.calibration >= -tolerance<TestType>);
      }
}

TEMPLATE_TEST_CASE("the parts of NLL of binary scores", "[nll_parts]", float, double) {
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 2, 50, 700})
    for (const std::size_t folds : std::initializer_list<std::size_t>{0, 3}) {
      const drawn<TestType> d(n, 2, static_cast<unsigned>(n + folds));
      std::vector<TestType> x, p;
      model of_logits, of_probabilities;
      for (std::size_t i = 0; i < n; ++i) {
        x.push_back(d.z[i][1] - d.z[i][0]);
        p.push_back(static_cast<TestType>(1 / (1 + std::exp(-static_cast<real>(x.back())))));
        of_logits.add({0, x.back()}, d.labels[i], d.weights[i]);
        const real q = p.back();
        of_probabilities.add({std::log(1 - q), std::log(q)}, d.labels[i], d.weights[i]);
      }
      INFO(n << " rows, folds " << folds);
      const row_options o{.weights = d.weights};
      check_parts<TestType>(nll_parts_of(binary_logits(x), d.labels, o, {.folds = folds}),
                            naive_parts(of_logits, folds, places(n)));
      check_parts<TestType>(nll_parts_of(binary_probabilities(p), d.labels, o, {.folds = folds}),
                            naive_parts(of_probabilities, folds, places(n)));
      // What becomes of binary scores in bins does not matter.
      const row_options top{.weights = d.weights, .binary = binary_target::top_label};
      check_parts<TestType>(nll_parts_of(binary_logits(x), d.labels, top, {.folds = folds}),
                            naive_parts(of_logits, folds, places(n)));
    }
}

TEST_CASE("rows that are left out keep their place in the folds", "[nll_parts]") {
  drawn<double> d(200, 3, 4);
  std::vector<unsigned char> valid(200);
  model kept;
  std::vector<std::size_t> place;
  for (std::size_t i = 0; i < 200; ++i) {
    valid[i] = i % 3 != 0;
    if (i % 10 == 7) d.z[i][1] = not_a_number;
    if (valid[i] == 0 || d.labels[i] == 2 || i % 10 == 7) continue;
    kept.add({d.z[i].begin(), d.z[i].end()}, d.labels[i], d.weights[i]);
    place.push_back(i);
  }
  const row_options o{
      .weights = d.weights, .ignore_label = 2, .valid = valid, .nan = nan_policy::count};
  for (const std::size_t folds : std::initializer_list<std::size_t>{0, 2, 4, 7})
    check_parts<double>(nll_parts_of(logits(d.z), d.labels, o, {.folds = folds}),
                        naive_parts(kept, folds, place));
}

TEST_CASE("a fold without rows, or without weight, counts for nothing", "[nll_parts]") {
  const drawn<double> d(5, 3, 8);
  check_parts<double>(nll_parts_of(logits(d.z), d.labels, {}, {.folds = 9}),
                      naive_parts(model_of(d, false), 9, places(5)));
  const std::vector<double> w = {0, 1, 2, 0, 1};
  model m = model_of(d, false);
  m.weights = w;
  check_parts<double>(nll_parts_of(logits(d.z), d.labels, {.weights = w}, {.folds = 3}),
                      naive_parts(m, 3, places(5)));
  const std::vector<double> none(5, 0.0);
  m.weights = none;
  for (const std::size_t folds : std::initializer_list<std::size_t>{0, 2})
    check_parts<double>(nll_parts_of(logits(d.z), d.labels, {.weights = none}, {.folds = folds}),
                        naive_parts(m, folds, places(5)));
}

TEMPLATE_TEST_CASE("the parts of NLL by another recalibrator", "[nll_parts]", float, double) {
  const drawn<TestType> d(400, 3, 12);
  const row_options o{.weights = d.weights};
  const model m = model_of(d, true);
  const auto scaled = [&](const model& rows, const vector_scaling& r) {
    model s = rows;
    for (std::vector<real>& row : s.z)
      for (std::size_t k = 0; k < 3; ++k) row[k] = r.slopes()[k] * row[k] + r.intercepts()[k];
    return loss_at(s, 1).value;
  };
  const nll_parts got = nll_parts_of<vector_scaling>(logits(d.z), d.labels, o);
  check_parts<TestType>(
      got, {loss_at(m, 1).value, scaled(m, fit<vector_scaling>(logits(d.z), d.labels, o))});
  const nll_parts by_one = nll_parts_of(logits(d.z), d.labels, o);
  CHECK(got.nll == by_one.nll);
  CHECK(got.refinement < by_one.refinement);  // one temperature is among its maps
  CHECK(got.calibration > 0);
  // Two folds by hand.
  expected_parts e{loss_at(m, 1).value, 0};
  for (const std::size_t fold : std::initializer_list<std::size_t>{0, 1}) {
    drawn<TestType> rest(0, 3, 0);
    for (std::size_t i = 0; i < 400; ++i)
      if (i % 2 != fold) {
        rest.z.push_back(d.z[i]);
        rest.labels.push_back(d.labels[i]);
        rest.weights.push_back(d.weights[i]);
      }
    const auto r = fit<vector_scaling>(logits(rest.z), rest.labels, {.weights = rest.weights});
    const model in = m.where([&](std::size_t i) { return i % 2 == fold; });
    e.refinement += in.weight() * scaled(in, r) / m.weight();
  }
  check_parts<TestType>(nll_parts_of<vector_scaling>(logits(d.z), d.labels, o, {.folds = 2}), e);
  // The method's own options come last.
  const nll_parts cut =
      nll_parts_of<vector_scaling>(logits(d.z), d.labels, o, {}, {.max_iterations = 0});
  CHECK(cut.calibration < got.calibration);
}

TEST_CASE("calibrated logits have nothing to be taken off", "[nll_parts]") {
  const drawn<double> d(300, 3, 5);
  const real b = best_slope(model_of(d, false));
  std::vector<std::vector<double>> z = d.z;
  for (auto& row : z)
    for (double& x : row) x = static_cast<double>(b * x);
  const nll_parts got = nll_parts_of(logits(z), d.labels);
  CHECK(std::abs(got.calibration) < tolerance<double>);
  for (auto& row : z)
    for (double& x : row) x *= 3;
  const nll_parts sharp = nll_parts_of(logits(z), d.labels);
  CHECK(near(sharp.refinement, got.refinement, tolerance<double>));
  CHECK(sharp.calibration > 0.05);
  // A recalibrator that was fitted elsewhere does harm to what is right.
  CHECK(nll_parts_of<vector_scaling>(logits(d.z), d.labels, {}, {.folds = 2}).calibration <
        nll_parts_of<vector_scaling>(logits(d.z), d.labels).calibration);
  std::vector<std::vector<double>> few(z.begin(), z.begin() + 12);
  for (auto& row : few)
    for (double& x : row) x /= 3;
  const std::vector<int> y(d.labels.begin(), d.labels.begin() + 12);
  CHECK(nll_parts_of<vector_scaling>(logits(few), y, {}, {.folds = 2}).calibration < 0);
}

TEMPLATE_TEST_CASE("fitted to its own rows, calibration is not below 0", "[nll_parts]", float,
                   double) {
  // What is left after a fit: the best temperature is 1.
  for (unsigned seed = 0; seed < 60; ++seed) {
    drawn<TestType> d(200, 3, seed);
    const double t = fit<temperature_scaling>(logits(d.z), d.labels).temperature();
    for (auto& row : d.z)
      for (TestType& x : row) x = static_cast<TestType>(x / t);
    const nll_parts got = nll_parts_of(logits(d.z), d.labels);
    CHECK(std::abs(got.calibration) < tolerance<TestType>);
  }
}

TEST_CASE("threads do not change the parts of NLL", "[nll_parts]") {
  const drawn<double> d(700, 4, 15);
  for (const std::size_t folds : std::initializer_list<std::size_t>{0, 3}) {
    const nll_parts one = nll_parts_of(logits(d.z), d.labels, {}, {.folds = folds});
    const nll_parts three = nll_parts_of(logits(d.z), d.labels, {.threads = {3}}, {.folds = folds});
    CHECK(near(three.nll, one.nll, 1e-12));
    CHECK(near(three.refinement, one.refinement, 1e-12));
  }
}

TEST_CASE("a label of probability 0", "[nll_parts]") {
  const std::vector<std::vector<double>> z = {{0, -infinity}, {1, 0}, {0, 2}, {1, 0.5}};
  const std::vector<int> y = {1, 0, 0, 1};
  CHECK_THROWS_AS(nll_parts_of(logits(z), y), value_error);
  const nll_parts got = nll_parts_of<vector_scaling>(logits(z), y);
  CHECK(got.nll == infinity);
  CHECK(got.calibration == infinity);
  CHECK(got.refinement < infinity);
  // All is well with a class that is ruled out and not the label.
  drawn<double> d(40, 2, 3);
  model m;
  for (std::size_t i = 0; i < 40; ++i) {
    const auto label = static_cast<std::size_t>(d.labels[i]);
    if (i % 4 == 0) {
      d.z[i][1 - label] = -infinity;
      m.add({0}, 0, 1);
    } else {
      m.add({d.z[i][0], d.z[i][1]}, d.labels[i], 1);
    }
  }
  check_parts<double>(nll_parts_of(logits(d.z), d.labels), naive_parts(m));
}

TEST_CASE("the parts of NLL: errors", "[nll_parts]") {
  drawn<double> d(6, 3, 1);
  CHECK_THROWS_AS(nll_parts_of(logits(d.z), d.labels, {}, {.folds = 1}), option_error);
  CHECK_THROWS_WITH(nll_parts_of(logits(d.z), d.labels, {}, {.folds = 1}),
                    "nll_parts_of(): expected at least 2 folds, got 1");
  CHECK_THROWS_WITH(nll_parts_of(logits(d.z), d.labels, {}, {.folds = 1000001}),
                    "nll_parts_of(): expected at most 1000000 folds, got 1000001");
  for (const std::size_t folds : std::initializer_list<std::size_t>{0, 2}) {
    CHECK_THROWS_AS(nll_parts_of(logits(d.z), std::vector<int>{0, 1}, {}, {.folds = folds}),
                    shape_error);
    const std::vector<unsigned char> mask(5, 1);
    CHECK_THROWS_AS(nll_parts_of(logits(d.z), d.labels, {.valid = mask}, {.folds = folds}),
                    shape_error);
    CHECK_THROWS_AS(
        nll_parts_of(logits(d.z), std::vector<int>{0, 1, 2, 3, 0, 0}, {}, {.folds = folds}),
        value_error);
  }
  d.z[4][0] = not_a_number;
  CHECK_THROWS_AS(nll_parts_of(logits(d.z), d.labels), value_error);
  CHECK_THROWS_WITH(nll_parts_of(logits(d.z), d.labels), Catch::Contains("row 4"));
}
