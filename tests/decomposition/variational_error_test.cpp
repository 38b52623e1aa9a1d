// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// variational_error(): by the formula on folds made by hand, and next to a truth that is known.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/decomposition/variational_error.hpp"
#include "calibra/recalibration/affine.hpp"
#include "calibra/recalibration/isotonic.hpp"
#include "calibra/recalibration/vector_scaling.hpp"
#include "constants.hpp"
#include "drawn.hpp"

using namespace calibra;
using calibra::test::not_a_number;

namespace {

using real = long double;
using row = std::vector<real>;
constexpr double z95 = 1.959963984540054, z90 = 1.6448536269514722;

bool near(double got, real expected, double tolerance) {
  return std::abs(static_cast<real>(got) - expected) <= tolerance;
}
/// The fits are right to 1e-12 of T, of float logits to 1e-7.
template<class T>
constexpr double tolerance = sizeof(T) == 4 ? 100.0 * std::numeric_limits<float>::epsilon()
                                            : 1e4 * std::numeric_limits<double>::epsilon();

row softmax(const row& z) {
  const real top = *std::max_element(z.begin(), z.end());
  row p;
  real sum = 0;
  for (const real x : z) sum += p.emplace_back(std::exp(x - top));
  for (real& x : p) x /= sum;
  return p;
}

/// What a row says of |truth - f|, where g is what is taken for the truth.
real said_by(const row& f, const row& g, std::size_t y, error_norm norm) {
  row d, residual;
  real length = 0;
  for (std::size_t k = 0; k < f.size(); ++k) {
    d.push_back(g[k] - f[k]);
    residual.push_back((k == y ? 1 : 0) - f[k]);
    length += d[k] * d[k];
  }
  const auto sign = [](real x) { return static_cast<real>((x > 0) - (x < 0)); };
  if (norm == error_norm::largest) {
    std::size_t at = 0;
    for (std::size_t k = 1; k < f.size(); ++k)
      if (std::abs(d[k]) > std::abs(d[at])) at = k;
    return sign(d[at]) * residual[at];
  }
  real sum = 0;
  for (std::size_t k = 0; k < f.size(); ++k)
    sum += (norm == error_norm::sum ? sign(d[k]) : d[k]) * residual[k];
  if (norm == error_norm::sum) return sum;
  return length > 0 ? sum / std::sqrt(length) : 0;
}
real said_by(real f, real g, bool hit, error_side side) {
  if (g == f || (side == error_side::over && g > f) || (side == error_side::under && g < f))
    return 0;
  return (g > f ? 1 : -1) * ((hit ? 1 : 0) - f);
}

/// Weighted mean with its standard error.
struct told {
  std::vector<real> value, weight;

  void add(real x, real w) {
    if (w == 0) return;
    value.push_back(x);
    weight.push_back(w);
  }
  real mean() const {
    real sum = 0, w = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      sum += weight[i] * value[i];
      w += weight[i];
    }
    return sum / w;
  }
  real standard_error() const {
    real squares = 0, w = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      squares += weight[i] * weight[i] * (value[i] - mean()) * (value[i] - mean());
      w += weight[i];
    }
    const auto n = static_cast<real>(value.size());
    return std::sqrt(squares * n / (n - 1)) / w;
  }
};

void check_estimate(const variational_estimate& got, const told& e, double margin, double z = z95) {
  CHECK(got.samples == e.value.size());
  if (e.value.empty()) {
    CHECK(std::isnan(got.value));
  } else {
    CHECK(near(got.value, e.mean(), margin));
  }
  if (e.value.size() < 2) {
    CHECK(std::isnan(got.standard_error));
    CHECK(std::isnan(got.limits.lower));
    CHECK(std::isnan(got.limits.upper));
    return;
  }
  const real error = e.standard_error();
  CHECK(near(got.standard_error, error, margin));
  CHECK(near(got.limits.lower, e.mean() - z * error, 3 * margin));
  CHECK(near(got.limits.upper, e.mean() + z * error, 3 * margin));
}

/// Rows out of which some are in a fold.
template<class T>
struct rows_of {
  std::vector<std::vector<T>> z;
  std::vector<int> labels;
  std::vector<double> weights;
};
template<class T, class Counts>
rows_of<T> outside(const drawn<T>& d, std::size_t folds, std::size_t fold, const Counts& counts) {
  rows_of<T> r;
  for (std::size_t i = 0; i < d.z.size(); ++i)
    if (i % folds != fold && counts(i)) {
      r.z.push_back(d.z[i]);
      r.labels.push_back(d.labels[i]);
      r.weights.push_back(d.weights[i]);
    }
  return r;
}
template<class T>
std::vector<T> flat(const std::vector<std::vector<T>>& rows) {
  std::vector<T> out(1);  // data() of no rows is not null
  out.clear();
  for (const auto& r : rows) out.insert(out.end(), r.begin(), r.end());
  return out;
}
const auto all = [](std::size_t) { return true; };

/// By one temperature, folds by hand.
template<class T, class Counts>
told by_hand(const drawn<T>& d, std::size_t classes, const variational_options& how,
             const Counts& counts) {
  told e;
  for (std::size_t fold = 0; fold < how.folds; ++fold) {
    const rows_of<T> rest = outside(d, how.folds, fold, counts);
    const std::vector<T> z = flat(rest.z);
    const real t = fit<temperature_scaling>(logits(z.data(), rest.z.size(), classes), rest.labels,
                                            {.weights = rest.weights})
                       .temperature();
    for (std::size_t i = fold; i < d.z.size(); i += how.folds) {
      if (!counts(i)) continue;
      const row given(d.z[i].begin(), d.z[i].end());
      row cooled = given;
      for (real& x : cooled) x /= t;
      const row f = softmax(given), g = t == 1 ? f : softmax(cooled);
      const auto y = static_cast<std::size_t>(d.labels[i]);
      const auto top =
          static_cast<std::size_t>(std::max_element(given.begin(), given.end()) - given.begin());
      e.add(how.predicted_class ? said_by(f[top], g[top], top == y, how.side)
                                : said_by(f, g, y, how.norm),
            d.weights[i]);
    }
  }
  return e;
}

/// Calibrated logits, and labels drawn with their probabilities.
drawn<double> calibrated(std::size_t n, std::size_t classes, unsigned seed) {
  drawn<double> d(n, classes, seed);
  std::mt19937_64 random(seed + 1000);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  for (std::size_t i = 0; i < n; ++i) {
    row z;
    for (double& x : d.z[i]) z.push_back(x = 1.5 * normal(random));
    real left = uniform(random);
    std::size_t k = 0;
    for (const row p = softmax(z); k + 1 < classes && (left -= p[k]) >= 0;) ++k;
    d.labels[i] = static_cast<int>(k);
  }
  return d;
}

const error_norm norms[] = {error_norm::sum, error_norm::euclidean, error_norm::largest};
const error_side sides[] = {error_side::both, error_side::over, error_side::under};

}  // namespace

TEMPLATE_TEST_CASE("the variational error by hand", "[variational_error]", float, double) {
  unsigned seed = 0;
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 1, 2, 50, 700})
    for (const std::size_t classes : std::initializer_list<std::size_t>{2, 4}) {
      const drawn<TestType> d(n, classes, ++seed);
      const std::vector<TestType> z = flat(d.z);
      const auto scores = logits(z.data(), n, classes);
      const row_options o{.weights = d.weights};
      for (const std::size_t folds : std::initializer_list<std::size_t>{2, 5}) {
        INFO(n << " rows, " << classes << " classes, " << folds << " folds");
        for (const error_norm norm : norms) {
          const variational_options how{.norm = norm, .folds = folds};
          check_estimate(variational_error(scores, d.labels, o, how), by_hand(d, classes, how, all),
                         tolerance<TestType>);
        }
        for (const error_side side : sides) {
          const variational_options how{
              .predicted_class = true, .side = side, .folds = folds, .level = 0.9};
          check_estimate(variational_error(scores, d.labels, o, how), by_hand(d, classes, how, all),
                         tolerance<TestType>, z90);
        }
      }
    }
}

TEST_CASE("the variational error by default", "[variational_error]") {
  drawn<double> d(120, 3, 2);
  std::fill(d.weights.begin(), d.weights.end(), 1.0);
  check_estimate(variational_error(logits(d.z), d.labels),
                 by_hand(d, 3, {.norm = error_norm::sum, .folds = 5}, all), tolerance<double>);
}

TEST_CASE("rows that are left out keep their fold", "[variational_error]") {
  drawn<double> d(300, 3, 4);
  std::vector<unsigned char> valid(300);
  for (std::size_t i = 0; i < 300; ++i) {
    valid[i] = i % 4 != 0;
    if (i % 10 == 7) d.z[i][1] = not_a_number;
  }
  const auto counts = [&](std::size_t i) {
    return valid[i] != 0 && d.labels[i] != 2 && i % 10 != 7;
  };
  const row_options o{
      .weights = d.weights, .ignore_label = 2, .valid = valid, .nan = nan_policy::count};
  for (const error_norm norm : norms) {
    const variational_options how{.norm = norm, .folds = 3};
    check_estimate(variational_error(logits(d.z), d.labels, o, how), by_hand(d, 3, how, counts),
                   tolerance<double>);
  }
}

TEMPLATE_TEST_CASE("the variational error of probabilities", "[variational_error]", float, double) {
  const drawn<TestType> d(200, 4, 6);
  drawn<TestType> p = d;  // log p are the logits
  std::vector<std::vector<TestType>> given;
  for (auto& z : p.z) {
    given.emplace_back();
    for (const real x : softmax({z.begin(), z.end()}))
      given.back().push_back(static_cast<TestType>(x));
  }
  for (const error_norm norm : norms) {
    told e;
    for (std::size_t fold = 0; fold < 3; ++fold) {
      drawn<TestType> as = d;
      as.z = given;
      const rows_of<TestType> rest = outside(as, 3, fold, all);
      const real t =
          fit<temperature_scaling>(probabilities(rest.z), rest.labels, {.weights = rest.weights})
              .temperature();
      for (std::size_t i = fold; i < 200; i += 3) {
        row f(given[i].begin(), given[i].end()), cooled;
        for (const real x : f) cooled.push_back(std::log(x) / t);
        e.add(said_by(f, softmax(cooled), static_cast<std::size_t>(d.labels[i]), norm),
              d.weights[i]);
      }
    }
    check_estimate(variational_error(probabilities(given), d.labels, {.weights = d.weights},
                                     {.norm = norm, .folds = 3}),
                   e, tolerance<TestType>);
  }
}

TEMPLATE_TEST_CASE("the variational error of binary scores", "[variational_error]", float, double) {
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 2, 50, 700}) {
    const drawn<TestType> d(n, 2, static_cast<unsigned>(n));
    std::vector<TestType> x, p;
    for (std::size_t i = 0; i < n; ++i) {
      x.push_back(d.z[i][1] - d.z[i][0] - 1);
      p.push_back(static_cast<TestType>(1 / (1 + std::exp(-static_cast<real>(x.back())))));
    }
    const auto sigmoid = [](real v) { return 1 / (1 + std::exp(-v)); };
    for (const error_side side : sides) {
      told by_affine, by_isotonic, by_temperature;
      for (std::size_t fold = 0; fold < 4; ++fold) {
        std::vector<TestType> rest_x, rest_p;
        std::vector<int> rest_y;
        std::vector<double> w;
        for (std::size_t i = 0; i < n; ++i)
          if (i % 4 != fold) {
            rest_x.push_back(x[i]);
            rest_p.push_back(p[i]);
            rest_y.push_back(d.labels[i]);
            w.push_back(d.weights[i]);
          }
        const auto a = fit<affine>(binary_logits(rest_x), rest_y, {.weights = w});
        const auto b = fit<isotonic>(binary_probabilities(rest_p), rest_y, {.weights = w});
        const auto t =
            fit<temperature_scaling>(binary_probabilities(rest_p), rest_y, {.weights = w});
        for (std::size_t i = fold; i < n; i += 4) {
          const bool y = d.labels[i] == 1;
          const real f = sigmoid(x[i]), q = p[i];
          const real line = static_cast<real>(a.slope()) * x[i] + a.intercept();
          const bool same = a.slope() == 1 && a.intercept() == 0;
          by_affine.add(said_by(f, same ? f : sigmoid(line), y, side), d.weights[i]);
          std::vector<double> one = {p[i]};
          b.map_rows(one.data(), 1, 1);
          by_isotonic.add(said_by(q, one[0], y, side), d.weights[i]);
          const real cooled = sigmoid(std::log(q / (1 - q)) / t.temperature());
          by_temperature.add(said_by(q, t.temperature() == 1 ? q : cooled, y, side), d.weights[i]);
        }
      }
      INFO(n << " rows");
      const variational_options how{.side = side, .folds = 4};
      const row_options o{.weights = d.weights};
      check_estimate(variational_error<affine>(binary_logits(x), d.labels, o, how), by_affine,
                     tolerance<TestType>);
      check_estimate(variational_error<isotonic>(binary_probabilities(p), d.labels, o, how),
                     by_isotonic, tolerance<TestType>);
      check_estimate(variational_error(binary_probabilities(p), d.labels, o, how), by_temperature,
                     tolerance<TestType>);
    }
  }
}

TEST_CASE("the variational error by another recalibrator of classes", "[variational_error]") {
  const drawn<double> d(250, 3, 9);
  for (const error_norm norm : norms) {
    told e;
    for (std::size_t fold = 0; fold < 2; ++fold) {
      const rows_of<double> rest = outside(d, 2, fold, all);
      const auto r = fit<vector_scaling>(logits(rest.z), rest.labels, {.weights = rest.weights});
      for (std::size_t i = fold; i < 250; i += 2) {
        row f(d.z[i].begin(), d.z[i].end()), g;
        for (std::size_t k = 0; k < 3; ++k) g.push_back(r.slopes()[k] * f[k] + r.intercepts()[k]);
        e.add(said_by(softmax(f), softmax(g), static_cast<std::size_t>(d.labels[i]), norm),
              d.weights[i]);
      }
    }
    // Vector scaling is found to about the root of what its NLL is found to.
    check_estimate(variational_error<vector_scaling>(logits(d.z), d.labels, {.weights = d.weights},
                                                     {.norm = norm, .folds = 2}),
                   e, std::sqrt(std::numeric_limits<double>::epsilon()));
  }
}

TEST_CASE("both sides are the sum of over and under", "[variational_error]") {
  for (unsigned seed = 0; seed < 5; ++seed) {
    const drawn<double> d(300, 3, seed);
    const auto value = [&](error_side side) {
      return variational_error<vector_scaling>(logits(d.z), d.labels, {},
                                               {.predicted_class = true, .side = side})
          .value;
    };
    CHECK(near(value(error_side::both), value(error_side::over) + value(error_side::under),
               300 * std::numeric_limits<double>::epsilon()));
  }
}

TEST_CASE("calibrated data has no variational error", "[variational_error]") {
  for (unsigned seed = 0; seed < 6; ++seed) {
    const drawn<double> d = calibrated(1500, 3, seed);
    for (const error_norm norm : norms) {
      const variational_estimate got = variational_error(logits(d.z), d.labels, {}, {.norm = norm});
      INFO("seed " << seed << ": " << got.value << " +- " << got.standard_error);
      CHECK(std::abs(got.value) < 4 * got.standard_error);
      CHECK(got.standard_error < 0.04);
    }
    const variational_estimate top =
        variational_error(logits(d.z), d.labels, {}, {.predicted_class = true});
    CHECK(std::abs(top.value) < 4 * top.standard_error);
  }
}

TEST_CASE("a model that is twice too sharp, and one half as sharp as it should be",
          "[variational_error]") {
  for (const double factor : {2.0, 0.5}) {
    const drawn<double> d = calibrated(6000, 4, 77);
    std::vector<std::vector<double>> z = d.z;
    real truth[3] = {}, gap = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      for (double& x : z[i]) x *= factor;
      const row p = softmax({d.z[i].begin(), d.z[i].end()}),
                f = softmax({z[i].begin(), z[i].end()});
      real sum = 0, squares = 0, largest = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        const real distance = std::abs(p[k] - f[k]);
        sum += distance;
        squares += distance * distance;
        largest = std::max(largest, distance);
      }
      truth[0] += sum / 6000;
      truth[1] += std::sqrt(squares) / 6000;
      truth[2] += largest / 6000;
      gap +=
          std::abs(*std::max_element(p.begin(), p.end()) - *std::max_element(f.begin(), f.end())) /
          6000;
    }
    for (std::size_t n = 0; n < 3; ++n) {
      const variational_estimate got =
          variational_error(logits(z), d.labels, {}, {.norm = norms[n]});
      INFO("factor " << factor << ", norm " << n << ": " << got.value << " +- "
                     << got.standard_error << ", truth " << static_cast<double>(truth[n]));
      CHECK(std::abs(got.value - truth[n]) < 4 * got.standard_error);
      CHECK(got.value > 5 * got.standard_error);
    }
    for (const error_side side : sides) {
      const variational_estimate got =
          variational_error(logits(z), d.labels, {}, {.predicted_class = true, .side = side});
      const error_side none = factor > 1 ? error_side::under : error_side::over;
      if (side == none) {
        CHECK(got.value == 0);
        CHECK(got.standard_error == 0);
      } else {
        CHECK(std::abs(got.value - gap) < 4 * got.standard_error);
        CHECK(got.value > 5 * got.standard_error);
      }
    }
  }
}

TEST_CASE("threads do not change the variational error", "[variational_error]") {
  const drawn<double> d(700, 4, 15);
  for (const error_norm norm : norms) {
    const variational_options how{.norm = norm};
    const auto one = variational_error(logits(d.z), d.labels, {}, how);
    const auto three = variational_error(logits(d.z), d.labels, {.threads = {3}}, how);
    CHECK(near(three.value, one.value, 1e-12));
    CHECK(near(three.standard_error, one.standard_error, 1e-12));
    CHECK(three.samples == one.samples);
  }
}

TEST_CASE("the variational error: edges", "[variational_error]") {
  const std::vector<std::vector<double>> one = {{1, 3, 2}};
  const variational_estimate got = variational_error(logits(one), std::vector<int>{1});
  CHECK(got.samples == 1);
  CHECK(got.value == 0);  // nothing to fit: g is f
  CHECK(std::isnan(got.standard_error));
  const drawn<double> d(20, 3, 1);
  const std::vector<double> none(20, 0.0);
  const variational_estimate empty = variational_error(logits(d.z), d.labels, {.weights = none});
  CHECK(empty.samples == 0);
  CHECK(std::isnan(empty.value));
  CHECK(std::isnan(empty.limits.lower));
  // All hits: every fit says that the model should be surer still.
  std::vector<int> top;
  for (const auto& z : d.z)
    top.push_back(static_cast<int>(std::max_element(z.begin(), z.end()) - z.begin()));
  real sum = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    const row f = softmax({d.z[i].begin(), d.z[i].end()});
    sum += 1 - *std::max_element(f.begin(), f.end());
  }
  const variational_estimate hits =
      variational_error(logits(d.z), top, {}, {.predicted_class = true, .side = error_side::under});
  CHECK(near(hits.value, sum / 20, tolerance<double>));
  // More folds than rows: each is its own.
  const variational_options how{.folds = 30};
  drawn<double> few = d;
  std::fill(few.weights.begin(), few.weights.end(), 1.0);
  check_estimate(variational_error(logits(d.z), d.labels, {}, how), by_hand(few, 3, how, all),
                 tolerance<double>);
}

TEST_CASE("of binary scores that nothing is done to, nothing is found", "[variational_error]") {
  // One row: nothing to fit, so that g is f.
  for (const double p : {0.1, 0.3, 0.6, 0.7, 0.9}) {
    INFO("p = " << p);
    const std::vector<double> one = {p}, logit = {std::log(p / (1 - p))};
    CHECK(variational_error(binary_probabilities(one), std::vector<int>{1}).value == 0);
    CHECK(variational_error<affine>(binary_probabilities(one), std::vector<int>{1}).value == 0);
    CHECK(variational_error(binary_logits(logit), std::vector<int>{1}).value == 0);
  }
}

TEST_CASE("the variational error: errors", "[variational_error]") {
  drawn<double> d(8, 3, 1);
  const auto of = [&](const variational_options& how) {
    return variational_error(logits(d.z), d.labels, {}, how).value;
  };
  CHECK_THROWS_AS(of({.folds = 1}), option_error);
  CHECK_THROWS_WITH(of({.folds = 1}), "variational_error(): expected at least 2 folds, got 1");
  CHECK_THROWS_WITH(of({.folds = 0}), "variational_error(): expected at least 2 folds, got 0");
  for (const double level : {0.0, 1.0, -1.0, 2.0, not_a_number})
    CHECK_THROWS_AS(of({.level = level}), option_error);
  CHECK_THROWS_WITH(of({.level = 1}), "variational_error(): expected a level in (0, 1), got 1");
  for (const error_side side : {error_side::over, error_side::under}) {
    CHECK_THROWS_AS(of({.side = side}), option_error);
    CHECK_THROWS_WITH(of({.side = side}),
                      "variational_error(): a side is that of one number a row; ask for "
                      "predicted_class");
  }
  CHECK_THROWS_AS(variational_error(logits(d.z), std::vector<int>{0, 1}), shape_error);
  CHECK_THROWS_AS(variational_error(logits(d.z), std::vector<int>(8, 3)), value_error);
  const std::vector<unsigned char> mask(5, 1);
  CHECK_THROWS_AS(variational_error(logits(d.z), d.labels, {.valid = mask}), shape_error);
  CHECK_THROWS_WITH(variational_error(logits(d.z), d.labels, {.valid = mask}),
                    "variational_error(): expected 8 mask entries to match 8 rows, got 5");
  d.z[5][2] = not_a_number;
  CHECK_THROWS_AS(of({}), value_error);
  CHECK_THROWS_WITH(of({}), Catch::Contains("row 5"));
}
