// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators of N x K scores that keep the order of the classes, against their definitions.
#include <calibra/evaluate.hpp>
#include <calibra/json.hpp>
#include <calibra/recalibration/classwise_temperature.hpp>
#include <calibra/recalibration/irm.hpp>
#include <calibra/recalibration/mixed_with_uniform.hpp>
#include <calibra/recalibration/order_preserving.hpp>
#include <calibra/recalibration/recalibrated.hpp>
#include <calibra/recalibration/temperature.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "constants.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;

/// The class of each row's largest number, the first of equal ones.
template<class M>
std::vector<std::size_t> predictions(const M& z) {
  std::vector<std::size_t> best(z.rows());
  for (std::size_t i = 0; i < z.rows(); ++i)
    for (std::size_t k = 1; k < z.cols(); ++k)
      if (z(i, k) > z(i, best[i])) best[i] = k;
  return best;
}

// ---- irm -------------------------------------------------------------------------------------

struct pair_block {
  double first, last;
  real weight, hits;
};

/// Isotonic regression of all pairs: neighbours are merged until no two are out of order.
std::vector<pair_block> naive_pairs(const matrix<double>& p, const std::vector<std::int64_t>& y,
                                    const std::vector<double>& w) {
  std::vector<pair_block> blocks;
  for (std::size_t i = 0; i < p.rows(); ++i)
    for (std::size_t k = 0; k < p.cols(); ++k)
      if (w[i] > 0)
        blocks.push_back(
            {p(i, k), p(i, k), w[i], static_cast<std::size_t>(y[i]) == k ? w[i] : real{0}});
  std::sort(blocks.begin(), blocks.end(),
            [](const pair_block& a, const pair_block& b) { return a.first < b.first; });
  std::vector<pair_block> tied;
  for (const pair_block& b : blocks) {
    if (tied.empty() || tied.back().first != b.first) {
      tied.push_back(b);
    } else {
      tied.back().weight += b.weight;
      tied.back().hits += b.hits;
    }
  }
  blocks = tied;
  for (bool merged = true; merged;) {
    merged = false;
    std::vector<pair_block> next;
    for (const pair_block& b : blocks) {
      if (!next.empty() &&
          next.back().hits * b.weight >= b.hits * next.back().weight * (1 - 1e-15L)) {
        next.back().last = b.last;
        next.back().weight += b.weight;
        next.back().hits += b.hits;
        merged = true;
      } else {
        next.push_back(b);
      }
    }
    blocks = next;
  }
  return blocks;
}

/// f, and how steep it is there.
std::pair<real, real> naive_at(const std::vector<pair_block>& blocks, double p) {
  if (blocks.empty()) return {p, 1};
  const auto mean = [&](std::size_t i) { return blocks[i].hits / blocks[i].weight; };
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (p <= blocks[i].last && (i == 0 || p >= blocks[i].first)) return {mean(i), 0};
    if (p < blocks[i].first) {
      const real slope =
          (mean(i) - mean(i - 1)) / (real{blocks[i].first} - real{blocks[i - 1].last});
      return {mean(i - 1) + slope * (real{p} - real{blocks[i - 1].last}), slope};
    }
  }
  return {mean(blocks.size() - 1), 0};
}

struct simplex_problem {
  matrix<double> p;
  std::vector<std::int64_t> y;
  std::vector<double> w;
};

/// Few rows; eighths with many ties, or anything.
simplex_problem random_simplex(std::mt19937_64& generator) {
  std::uniform_real_distribution<double> uniform;
  const std::size_t n = 1 + generator() % 12, k = 1 + generator() % 5;
  const bool grid = generator() % 2 == 0, weighted = generator() % 2 == 0;
  simplex_problem x{matrix<double>(n, k), {}, {}};
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < k; ++j) {
      x.p(i, j) = grid ? 0 : std::pow(uniform(generator), 3);
      sum += x.p(i, j);
    }
    if (grid)
      for (int eighth = 0; eighth < 8; ++eighth) x.p(i, generator() % k) += 0.125;
    else
      for (std::size_t j = 0; j < k; ++j) x.p(i, j) /= sum;
    double rest = uniform(generator);
    std::size_t label = 0;
    while (label + 1 < k && (rest -= x.p(i, label)) > 0) ++label;
    if (generator() % 3 == 0) label = generator() % k;
    x.y.push_back(static_cast<std::int64_t>(label));
    x.w.push_back(!weighted ? 1 : generator() % 5 == 0 ? 0 : 3 * uniform(generator));
  }
  return x;
}

}  // namespace

TEST_CASE("irm is the isotonic regression of all pairs") {
  std::mt19937_64 generator(31);
  int right = 0;
  for (int trial = 0; trial < 4000; ++trial, ++right) {
    const simplex_problem x = random_simplex(generator);
    const irm r = fit<irm>(probabilities(x.p), x.y, {.weights = x.w});
    const std::vector<pair_block> blocks = naive_pairs(x.p, x.y, x.w);
    const std::size_t k = x.p.cols();
    std::vector<double> at{0, 1};
    for (std::size_t i = 0; i < x.p.rows(); ++i)
      for (std::size_t j = 0; j < k; ++j) at.push_back(x.p(i, j));
    std::sort(at.begin(), at.end());
    for (std::size_t i = at.size(); i-- > 1;) at.push_back((at[i] + at[i - 1]) / 2);
    bool good = true;
    for (const double p : at) {
      const auto [value, slope] = naive_at(blocks, p);
      good = good && std::abs(static_cast<double>(r(p) - value)) <=
                         100 * epsilon * (1 + static_cast<double>(slope));
    }
    const matrix<double> q = r.transform(probabilities(x.p));
    for (std::size_t i = 0; i < q.rows(); ++i) {
      real sum = 0;
      for (std::size_t j = 0; j < k; ++j)
        sum += naive_at(blocks, x.p(i, j)).first + 1e-9L * x.p(i, j);
      for (std::size_t j = 0; j < k; ++j) {
        const real expected = (naive_at(blocks, x.p(i, j)).first + 1e-9L * x.p(i, j)) / sum;
        // Where all of f is 0 its roundings are not, beside 1e-9 p.
        good = good && std::abs(static_cast<double>(q(i, j) - expected)) <= 1e-12;
      }
    }
    real before = 0, after = 0, weight = 0;
    for (std::size_t i = 0; i < x.p.rows(); ++i) {
      weight += x.w[i];
      for (std::size_t j = 0; j < k; ++j) {
        const real hit = static_cast<std::size_t>(x.y[i]) == j ? 1 : 0;
        const real p = x.p(i, j), f = naive_at(blocks, x.p(i, j)).first;
        before += x.w[i] * (p - hit) * (p - hit);
        after += x.w[i] * (f - hit) * (f - hit);
      }
    }
    const fit_report& report = r.report();
    if (weight > 0)
      good = good && report.converged && report.note.empty() &&
             std::abs(static_cast<double>(report.objective_before - before / weight)) <= 1e-14 &&
             std::abs(static_cast<double>(report.objective_after - after / weight)) <= 1e-14 &&
             report.objective_after <= report.objective_before + 1e-15;
    else
      good = good && !report.converged && std::isnan(report.objective_after);
    if (!good) {
      INFO(trial << ": " << to_json(r));
      CHECK(good);
      break;
    }
  }
  CHECK(right == 4000);
}

TEST_CASE("irm keeps predictions and the order within rows, and many scores are found") {
  const problem<double> x = random_problem<double>(20000, 6, 1.7, 2, 41);
  const irm r = fit<irm>(logits(x.z), x.labels);
  CHECK(std::abs(brier(logits(x.z), x.labels) - r.report().objective_before) <= 1e-13);
  CHECK(r.report().objective_after < r.report().objective_before);
  const matrix<double> q = r.transform(logits(x.z));
  CHECK(predictions(q) == predictions(x.z));
  int swapped = 0;
  for (std::size_t i = 0; i < q.rows(); ++i)
    for (std::size_t j = 0; j < 6; ++j)
      for (std::size_t k = 0; k < 6; ++k)
        if (x.z(i, j) > x.z(i, k) + 1e-4 && !(q(i, j) > q(i, k))) ++swapped;
  CHECK(swapped == 0);
  const matrix<double> p = temperature_scaling(1).transform(logits(x.z));
  const std::vector<pair_block> blocks = naive_pairs(p, x.labels, std::vector<double>(p.rows(), 1));
  for (std::size_t i = 0; i < 200; ++i)
    for (std::size_t j = 0; j < 6; ++j) {
      const auto [value, slope] = naive_at(blocks, p(i, j));
      CHECK(std::abs(static_cast<double>(r(p(i, j)) - value)) <=
            1e-14 * (10 + static_cast<double>(slope)));
    }
}

TEST_CASE("irm mixed with the uniform distribution has a finite NLL") {
  // The lowest scores are misses, so that f is 0 there, and 1e-9 p is all that a label there gets.
  const problem<double> x = random_problem<double>(200, 3, 1.7, 2, 43);
  const auto r = fit<mixed_with_uniform<irm>>(logits(x.z), x.labels);
  CHECK(r.share() == 1.0 / 201);
  const matrix<double> far = [] {
    matrix<double> z(1, 3);
    z(0, 0) = 30;
    return z;
  }();
  const matrix<double> q = r.transform(logits(far));
  CHECK(q(0, 1) >= 1.0 / 603);
  CHECK(nll(recalibrated(r, logits(far)), std::vector<int>{2}) <= std::log(603));
  CHECK(nll(recalibrated(r.inner(), logits(far)), std::vector<int>{2}) > 20);
}

TEST_CASE("classwise_temperature is a temperature of the samples that predict each class") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::size_t classes = 2 + seed % 4;
    const problem<double> x = random_problem<double>(600, classes, seed % 2 ? 1.7 : 0.7, 2, seed);
    options o;
    if (seed % 3 == 0) o.weights = x.weights;
    const classwise_temperature r = fit<classwise_temperature>(logits(x.z), x.labels, o);
    INFO(seed);
    REQUIRE(r.report().converged);
    const std::vector<std::size_t> predicted = predictions(x.z);
    for (std::size_t c = 0; c < classes; ++c) {
      const problem<double> of = rows_where(x, [&](std::size_t i) { return predicted[i] == c; });
      options own;
      if (seed % 3 == 0) own.weights = of.weights;
      const auto t = fit<temperature_scaling>(logits(of.z), of.labels, own);
      CHECK(std::abs(r.temperatures()[c] / t.temperature() - 1) <= 1e-10);
      const naive_sums naive = naive_nll(
          of.z, of.labels, [&](std::size_t i) { return seed % 3 == 0 ? of.weights[i] : 1.0; },
          1 / r.temperatures()[c]);
      CHECK(std::abs(naive.gradient) <= 1e-10);
    }
    CHECK(r.report().gradient <= 1e-10);
    CHECK(std::abs(nll(logits(x.z), x.labels, o) - r.report().objective_before) <= 1e-13);
    const double reached = nll(recalibrated(r, logits(x.z)), x.labels, o);
    CHECK(std::abs(reached - r.report().objective_after) <= 1e-13);
    const auto one = fit<temperature_scaling>(logits(x.z), x.labels, o);
    CHECK(reached <= nll(recalibrated(one, logits(x.z)), x.labels, o) + 1e-14);
    CHECK(predictions(r.transform(logits(x.z))) == predicted);
  }
}

TEST_CASE("classwise_temperature: classes without an optimum take that of all samples") {
  problem<double> x = random_problem<double>(400, 4, 1.7, 2, 3);
  const std::vector<std::size_t> predicted = predictions(x.z);
  // Class 0 is always right, class 2 lies, class 3 is predicted by nobody.
  for (std::size_t i = 0; i < x.labels.size(); ++i)
    if (predicted[i] == 3) x.z(i, 3) = -50;
  const std::vector<std::size_t> now = predictions(x.z);
  for (std::size_t i = 0; i < x.labels.size(); ++i) {
    if (now[i] == 0 || predicted[i] == 3) x.labels[i] = static_cast<std::int64_t>(now[i]);
    if (now[i] != 2) continue;
    x.labels[i] = 0;
    for (const std::int64_t k : {1, 3})
      if (x.z(i, static_cast<std::size_t>(k)) < x.z(i, static_cast<std::size_t>(x.labels[i])))
        x.labels[i] = k;
  }
  const auto one = fit<temperature_scaling>(logits(x.z), x.labels);
  const auto r = fit<classwise_temperature>(logits(x.z), x.labels);
  CHECK_FALSE(r.report().converged);
  CHECK(r.report().note ==
        "classes that no sample predicts, at the temperature of all samples: 1; classes without "
        "an optimum, at the temperature of all samples: 1; classes whose scores tell nothing, at "
        "T = 1024: 1");
  for (const std::size_t c : {std::size_t{0}, std::size_t{3}})
    CHECK(std::abs(r.temperatures()[c] / one.temperature() - 1) <= 1e-10);
  CHECK(r.temperatures()[2] == 1024);
  CHECK(r.report().objective_after <= one.report().objective_after + 1e-14);
  CHECK_THROWS_WITH(
      classwise_temperature({1, -2}),
      "classwise_temperature(): temperature -2 of class 1 is not a finite number > 0");
  CHECK_THROWS_AS(classwise_temperature({}), value_error);
}

namespace {

/// The mean NLL of an order-preserving function, and its slopes in each parameter.
struct naive_class_lines {
  real value = 0;
  std::vector<real> gradient;

  naive_class_lines(const problem<double>& x, const std::vector<double>& weights,
                    const std::vector<double>& knots, const std::vector<double>& slopes)
      : gradient(slopes.size()) {
    const std::size_t k = x.z.cols(), n = slopes.size();
    real total = 0;
    for (std::size_t i = 0; i < x.labels.size(); ++i) {
      const real w = weights.empty() ? 1 : weights[i];
      total += w;
      real max = x.z(i, 0);
      for (std::size_t j = 0; j < k; ++j) max = std::max<real>(max, x.z(i, j));
      // How much of each segment lies between the largest logit and this one.
      const auto covered = [&](std::size_t j, std::size_t s) {
        const real gap = max - x.z(i, j), start = s == 0 ? 0 : knots[s - 1];
        if (gap <= start) return real{0};
        return s + 1 < n ? std::min<real>(gap, knots[s]) - start : gap - start;
      };
      std::vector<real> e(k);
      real sum = 0;
      for (std::size_t j = 0; j < k; ++j) {
        real f = 0;
        for (std::size_t s = 0; s < n; ++s) f += slopes[s] * covered(j, s);
        sum += e[j] = std::exp(-f);
      }
      const auto label = static_cast<std::size_t>(x.labels[i]);
      value -= w * std::log(e[label] / sum);
      for (std::size_t s = 0; s < n; ++s) {
        gradient[s] += w * covered(label, s);
        for (std::size_t j = 0; j < k; ++j) gradient[s] -= w * e[j] / sum * covered(j, s);
      }
    }
    value /= total;
    for (real& g : gradient) g /= total;
  }

  /// The largest slope, of a parameter at a bound only into the range.
  real violation(const std::vector<double>& slopes) const {
    real most = 0;
    for (std::size_t s = 0; s < slopes.size(); ++s) {
      if (slopes[s] <= 1.0 / 1024 && gradient[s] > 0) continue;
      if (slopes[s] >= 1024 && gradient[s] < 0) continue;
      most = std::max(most, std::abs(gradient[s]));
    }
    return most;
  }
};

}  // namespace

TEST_CASE("order_preserving: the optimum within the bounds, never above temperature scaling") {
  std::size_t at_bound = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    const std::size_t classes = 2 + seed % 5, n = seed % 4 == 0 ? 25 : 300;
    const problem<double> x =
        random_problem<double>(n, classes, seed % 3 == 0 ? 0.6 : 1.7, 2, seed);
    options o;
    if (seed % 2 == 0) o.weights = x.weights;
    const std::vector<double> weights = seed % 2 == 0 ? x.weights : std::vector<double>();
    const std::size_t segments = seed % 7 == 0 ? 3 : 10;
    const auto r = fit<order_preserving>(logits(x.z), x.labels, o, {.segments = segments});
    INFO(seed << " " << to_json(r));
    const naive_class_lines naive(x, weights, r.knots(), r.slopes());
    // A label is a quantile of its own where there are few.
    CHECK((n == 25 ? r.knots().size() < segments : r.knots().size() + 1 == segments));
    CHECK(naive.violation(r.slopes()) <= 1e-9);
    CHECK(r.report().gradient <= 1e-9);
    CHECK(std::abs(static_cast<double>(naive.value) - r.report().objective_after) <= 1e-13);
    CHECK(std::abs(nll(logits(x.z), x.labels, o) - r.report().objective_before) <= 1e-13);
    CHECK(std::abs(nll(recalibrated(r, logits(x.z)), x.labels, o) - r.report().objective_after) <=
          1e-13);
    const double least = *std::min_element(r.slopes().begin(), r.slopes().end());
    const double most = *std::max_element(r.slopes().begin(), r.slopes().end());
    CHECK((least >= 1.0 / 1024 && most <= 1024));
    at_bound += least == 1.0 / 1024 ? 1U : 0U;
    CHECK(r.report().converged == (most < 1024));
    const auto t = fit<temperature_scaling>(logits(x.z), x.labels, o);
    CHECK(r.report().objective_after <= nll(recalibrated(t, logits(x.z)), x.labels, o) + 1e-14);
    CHECK(predictions(r.transform(logits(x.z))) == predictions(x.z));
    // Convex, so that no other slopes are better.
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal;
    for (int trial = 0; trial < 50; ++trial) {
      std::vector<double> other = r.slopes();
      for (double& c : other)
        c = std::clamp(c * std::exp(normal(generator) / (1 + trial)), 1.0 / 1024, 1024.0);
      CHECK(naive_class_lines(x, weights, r.knots(), other).value >= naive.value - 1e-14L);
    }
  }
  CHECK(at_bound > 3);
}

TEST_CASE("order_preserving with one segment is temperature scaling") {
  const problem<double> x = random_problem<double>(400, 3, 1.7, 2, 8);
  const auto r = fit<order_preserving>(logits(x.z), x.labels, {}, {.segments = 1});
  const auto t = fit<temperature_scaling>(logits(x.z), x.labels);
  REQUIRE(r.slopes().size() == 1);
  CHECK(std::abs(r.slopes()[0] * t.temperature() - 1) <= 1e-11);
  const auto separable = random_problem<double>(50, 3, 1e-9, 2, 8);
  const auto s = fit<order_preserving>(logits(separable.z), separable.labels);
  CHECK_FALSE(s.report().converged);
  CHECK(s.report().note == "the likelihood grows with a slope (separable samples): at 1024");
  const matrix<double> same(20, 3);
  const auto flat = fit<order_preserving>(logits(same), std::vector<int>(20, 1));
  CHECK(flat.slopes() == std::vector<double>{1});
  CHECK(flat.report().note == "every function gives the same likelihood: nothing is changed");
}

TEST_CASE("order_preserving finds a bend that no temperature can follow") {
  // Labels of softmax(-f(gap)), f of slope 0.2 up to 3 and 2 beyond.
  problem<double> x = random_problem<double>(20000, 4, 1, 3, 12);
  const order_preserving truth({3}, {0.2, 2}, 4);
  const matrix<double> p = truth.transform(logits(x.z));
  std::mt19937_64 generator(5);
  std::uniform_real_distribution<double> uniform;
  for (std::size_t i = 0; i < x.labels.size(); ++i) {
    double rest = uniform(generator);
    std::size_t y = 0;
    while (y < 3 && (rest -= p(i, y)) > 0) ++y;
    x.labels[i] = static_cast<std::int64_t>(y);
  }
  const auto r = fit<order_preserving>(logits(x.z), x.labels);
  const auto t = fit<temperature_scaling>(logits(x.z), x.labels);
  const double of_truth = nll(probabilities(p), x.labels);
  CHECK(r.report().objective_after < of_truth + 1e-3);
  CHECK(t.report().objective_after > of_truth + 0.05);
}

TEMPLATE_TEST_CASE("threads and the order of samples do not matter to 1e-12", "", irm,
                   classwise_temperature, order_preserving) {
  const problem<double> x = random_problem<double>(40000, 4, 1.7, 2, 6);
  const matrix<double> one =
      fit<TestType>(logits(x.z), x.labels, {.weights = x.weights}).transform(logits(x.z));
  const auto distance = [&](const TestType& r) {
    const matrix<double> q = r.transform(logits(x.z));
    double most = 0;
    for (std::size_t i = 0; i < q.rows(); ++i)
      for (std::size_t k = 0; k < q.cols(); ++k)
        most = std::max(most, std::abs(q(i, k) - one(i, k)));
    return most;
  };
  for (const unsigned threads : {2U, 5U})
    CHECK(distance(fit<TestType>(logits(x.z), x.labels,
                                 {.weights = x.weights, .threads = {threads}})) <= 1e-12);
  std::vector<std::size_t> order(x.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937_64(2));
  problem<double> mixed{matrix<double>(x.z.rows(), 4), {}, {}};
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t k = 0; k < 4; ++k) mixed.z(i, k) = x.z(order[i], k);
    mixed.labels.push_back(x.labels[order[i]]);
    mixed.weights.push_back(x.weights[order[i]]);
  }
  CHECK(distance(fit<TestType>(logits(mixed.z), mixed.labels, {.weights = mixed.weights})) <=
        1e-12);
}

TEST_CASE("maps of classes that are none are refused") {
  CHECK_THROWS_AS(irm({0.2, 0.2}, {0, 1}, 3), value_error);
  CHECK_THROWS_WITH(irm({0.2, 0.4}, {1, 0}, 3), "irm(): values 0 and 1, 1 and 0, do not ascend");
  CHECK_THROWS_WITH(order_preserving({2, 1}, {1, 1, 1}, 3),
                    "order_preserving(): knot 1 number 1 is not finite, or not above the one "
                    "before");
  CHECK_THROWS_AS(order_preserving({}, {0}, 3), value_error);
  CHECK_THROWS_AS(order_preserving({1}, {1}, 3), value_error);
  const problem<double> x = random_problem<double>(5, 3, 1, 2, 1);
  CHECK_THROWS_WITH(fit<order_preserving>(logits(x.z), x.labels, {}, {.segments = 0}),
                    "order_preserving::fit(): expected at least 1 segment, got 0");
}
