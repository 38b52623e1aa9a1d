// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "calibra/metrics/augrc.hpp"
#include "calibra/metrics/aurc.hpp"
#include "calibra/metrics/auroc.hpp"
#include "calibra/metrics/e_aurc.hpp"
#include "random_sample.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
const auto lines = aurc.with({.rule = area_rule::trapezoids});

/// Error rates of the 1, 2, ... most confident, in one order of the ties.
std::vector<double> risks(const sample& s, const std::vector<std::size_t>& order) {
  std::vector<double> r;
  double misses = 0;
  for (const std::size_t i : order) {
    misses += s.hit(i) ? 0 : 1;
    r.push_back(misses / static_cast<double>(r.size() + 1));
  }
  return r;
}
double mean_of(const std::vector<double>& r) {
  return std::accumulate(r.begin(), r.end(), 0.0) / static_cast<double>(r.size());
}
double mean_of_lines(const std::vector<double>& r) {
  double sum = 0;
  for (std::size_t i = 1; i < r.size(); ++i) sum += (r[i - 1] + r[i]) / 2;
  return sum / static_cast<double>(r.size() - 1);
}

/// Calls f(order) for every order of descending confidence. Small samples.
template<class F>
void for_each_order(const sample& s, F f) {
  std::vector<std::size_t> order(s.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  do {
    bool descends = true;
    for (std::size_t i = 1; i < order.size(); ++i)
      descends = descends && s.confidence(order[i - 1]) >= s.confidence(order[i]);
    if (descends) f(order);
  } while (std::next_permutation(order.begin(), order.end()));
}

double naive_auroc(const sample& s) {
  double above = 0, pairs = 0;
  for (std::size_t i = 0; i < s.size(); ++i)
    for (std::size_t j = 0; j < s.size(); ++j) {
      if (!s.hit(i) || s.hit(j)) continue;
      const double w = s.weight(i) * s.weight(j);
      pairs += w;
      if (s.confidence(i) > s.confidence(j)) above += w;
      if (s.confidence(i) == s.confidence(j)) above += w / 2;
    }
  return above / pairs;
}
double naive_augrc(const sample& s) {
  double sum = 0, weight = 0;
  for (std::size_t i = 0; i < s.size(); ++i) weight += s.weight(i);
  for (std::size_t i = 0; i < s.size(); ++i)
    for (std::size_t j = 0; j < s.size(); ++j) {
      if (s.hit(j)) continue;
      const double w = s.weight(i) * s.weight(j);
      if (s.confidence(j) > s.confidence(i)) sum += w;
      if (s.confidence(j) == s.confidence(i)) sum += w / 2;
    }
  return sum / weight / weight;
}

}  // namespace

TEMPLATE_TEST_CASE("areas of risk are means over the orders of ties", "[selective]", float,
                   double) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    const sample s = random_sample<TestType>(1 + seed % 7, seed, 1 + static_cast<int>(seed % 4));
    double steps = 0, trapezoids = 0, orders = 0;
    for_each_order(s, [&](const std::vector<std::size_t>& order) {
      steps += mean_of(risks(s, order));
      trapezoids += mean_of_lines(risks(s, order));
      ++orders;
    });
    INFO("seed " << seed << ", " << s.size() << " samples");
    CHECK(aurc(s) == Approx(steps / orders).margin(20 * epsilon).epsilon(0));
    if (s.size() > 1)
      CHECK(lines(s) == Approx(trapezoids / orders).margin(20 * epsilon).epsilon(0));
    else
      CHECK(std::isnan(lines(s)));
    // The best order: all hits first.
    std::vector<std::size_t> best(s.size());
    std::iota(best.begin(), best.end(), std::size_t{0});
    std::stable_partition(best.begin(), best.end(), [&](std::size_t i) { return s.hit(i); });
    const double excess = steps / orders - mean_of(risks(s, best));
    CHECK(e_aurc(s) == Approx(excess).margin(20 * epsilon).epsilon(0));
  }
}

TEMPLATE_TEST_CASE("areas of large samples without ties", "[selective]", float, double) {
  const sample s = random_sample<TestType>(3000, 7);
  std::vector<std::size_t> order(s.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return s.confidence(a) > s.confidence(b); });
  if (sizeof(TestType) == 8) {  // floats tie now and then
    CHECK(aurc(s) == Approx(mean_of(risks(s, order))).epsilon(1e-13));
    CHECK(lines(s) == Approx(mean_of_lines(risks(s, order))).epsilon(1e-13));
  }
  CHECK(auroc(s) == Approx(naive_auroc(s)).epsilon(1e-13));
  CHECK(augrc(s) == Approx(naive_augrc(s)).epsilon(1e-13));
  CHECK(aurc(reversed(s)) == Approx(aurc(s)).epsilon(1e-13));
}

TEST_CASE("auroc and augrc are counts of pairs", "[selective]") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    const sample plain = random_sample<double>(2 + seed, seed, static_cast<int>(seed % 5));
    const weighted_and_copied both(plain);
    for (const sample* s : {&plain, &both.weighted, &both.copied}) {
      INFO("seed " << seed);
      const double expected = naive_auroc(*s);
      if (std::isnan(expected))
        CHECK(std::isnan(auroc(*s)));
      else
        CHECK(auroc(*s) == Approx(expected).margin(20 * epsilon));
      CHECK(augrc(*s) == Approx(naive_augrc(*s)).margin(20 * epsilon));
    }
  }
}

TEST_CASE("augrc is a function of accuracy and auroc", "[selective]") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const sample s = random_sample<double>(200, seed, static_cast<int>(seed % 3) * 8);
    double hits = 0;
    for (std::size_t i = 0; i < s.size(); ++i) hits += s.hit(i) ? 1 : 0;
    const double a = hits / 200;
    CHECK(augrc(s) == Approx(a * (1 - a) * (1 - auroc(s)) + (1 - a) * (1 - a) / 2).epsilon(1e-12));
  }
}

TEST_CASE("areas of risk: weights", "[selective]") {
  sample plain = random_sample<double>(300, 3, 12), same, zeros, scaled;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    same.push_back(plain.confidence(i), plain.hit(i), 1);
    zeros.push_back(plain.confidence(i), plain.hit(i), 1);
    zeros.push_back(0.99 - plain.confidence(i) / 2, !plain.hit(i), 0);
    scaled.push_back(plain.confidence(i), plain.hit(i), 3.5);
  }
  for (const auto& metric : {aurc, lines}) {
    CHECK(metric(same) == Approx(metric(plain)).epsilon(1e-13));
    CHECK(metric(zeros) == Approx(metric(plain)).epsilon(1e-13));
    CHECK(metric(scaled) == Approx(metric(plain)).epsilon(1e-13));
  }
  CHECK(e_aurc(zeros) == Approx(e_aurc(plain)).epsilon(1e-12));
  CHECK(e_aurc(scaled) == Approx(e_aurc(plain)).epsilon(1e-12));
  // Weights of one confidence are shared: their order does not matter.
  sample first, second;
  for (const double w : {1.0, 4.0}) first.push_back(0.5, w == 4, w);
  for (const double w : {4.0, 1.0}) second.push_back(0.5, w == 4, w);
  CHECK(aurc(first) == Approx(0.2).epsilon(4 * epsilon));
  CHECK(aurc(second) == aurc(first));
}

TEST_CASE("areas of risk by hand", "[selective]") {
  // Published in the help of torch-uncertainty's AURC.
  sample s;
  s.push_back(0.8, true);
  s.push_back(0.7, true);
  s.push_back(0.6, false);
  CHECK(lines(s) == Approx(1.0 / 12).epsilon(4 * epsilon));
  CHECK(aurc(s) == Approx(1.0 / 9).epsilon(4 * epsilon));
  CHECK(e_aurc(s) == 0);
  CHECK(auroc(s) == 1);
  CHECK(augrc(s) == Approx(1.0 / 18).epsilon(4 * epsilon));
  sample wrong = s;
  for (int i = 0; i < 3; ++i) wrong.push_back(0.9, false);
  CHECK(auroc(wrong) == Approx(0.25).epsilon(4 * epsilon));
}

TEST_CASE("areas of risk: pairs of weight 0 are none", "[selective]") {
  sample with, without;
  const auto add = [&](double c, bool hit, double w) {
    with.push_back(c, hit, w);
    if (w > 0) without.push_back(c, hit, w);
  };
  add(0.95, false, 0);  // before the first that counts
  add(0.9, true, 1);
  add(0.7, true, 2);
  add(0.7, false, 0);  // in a tie
  add(0.7, false, 1);
  add(0.5, true, 0);
  add(0.4, false, 3);
  add(0.1, true, 0);
  CHECK(aurc(with) == Approx(aurc(without)).epsilon(4 * epsilon));
  CHECK(lines(with) == Approx(lines(without)).epsilon(4 * epsilon));
  CHECK(e_aurc(with) == Approx(e_aurc(without)).epsilon(4 * epsilon));
  CHECK(augrc(with) == Approx(augrc(without)).epsilon(4 * epsilon));
  CHECK(auroc(with) == Approx(auroc(without)).epsilon(4 * epsilon));
}

TEST_CASE("areas of risk: edges", "[selective]") {
  const sample none;
  CHECK(std::isnan(aurc(none)));
  CHECK(std::isnan(e_aurc(none)));
  CHECK(std::isnan(augrc(none)));
  CHECK(std::isnan(auroc(none)));
  sample weightless;
  weightless.push_back(0.5, true, 0);
  CHECK(std::isnan(aurc(weightless)));
  CHECK(std::isnan(lines(weightless)));
  CHECK(std::isnan(augrc(weightless)));
  sample hits, misses;
  for (const double c : {0.3, 0.3, 0.9}) {
    hits.push_back(c, true);
    misses.push_back(c, false);
  }
  CHECK(aurc(hits) == 0);
  CHECK(e_aurc(hits) == 0);
  CHECK(augrc(hits) == 0);
  CHECK(std::isnan(auroc(hits)));
  CHECK(aurc(misses) == Approx(1).epsilon(4 * epsilon));
  CHECK(e_aurc(misses) == 0);
  CHECK(augrc(misses) == Approx(0.5).epsilon(4 * epsilon));
  CHECK(std::isnan(auroc(misses)));
}
