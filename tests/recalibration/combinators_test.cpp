// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators that are made of others, against direct loops over samples.
#include <calibra/evaluate.hpp>
#include <calibra/json/recalibrator.hpp>
#include <calibra/recalibration/affine.hpp>
#include <calibra/recalibration/chain.hpp>
#include <calibra/recalibration/cross_fitted.hpp>
#include <calibra/recalibration/cross_venn_abers.hpp>
#include <calibra/recalibration/histogram_width.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/mixed_with_uniform.hpp>
#include <calibra/recalibration/one_against_one.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/recalibrated.hpp>
#include <calibra/recalibration/svs.hpp>
#include <calibra/recalibration/temperature.hpp>
#include <calibra/recalibration/top_label.hpp>
#include <calibra/recalibration/venn_abers.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "degenerate_classes.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

using real = long double;

/// Sums of some hundred numbers of size 1, by two ways.
constexpr double sums_apart = 1e-12;

matrix<double> softmax_of(const matrix<double>& z) {
  return temperature_scaling(1).transform(logits(z));
}

/// Largest difference of two tables of probabilities.
double apart(const matrix<double>& a, const matrix<double>& b) {
  REQUIRE((a.rows() == b.rows() && a.cols() == b.cols()));
  double most = 0;
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t k = 0; k < a.cols(); ++k) {
      REQUIRE_FALSE(std::isnan(a(i, k)));
      most = std::max(most, std::abs(a(i, k) - b(i, k)));
    }
  return most;
}
double apart(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE_FALSE(std::isnan(a[i]));
    most = std::max(most, std::abs(a[i] - b[i]));
  }
  return most;
}

void check_rows(const matrix<double>& p) {
  for (std::size_t i = 0; i < p.rows(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < p.cols(); ++k) {
      CHECK(p(i, k) >= 0);
      sum += p(i, k);
    }
    CHECK(std::abs(sum - 1) <= 1e-14);
  }
}

/// What isotonic regression of weighted samples and one more (p, hit) says of it, by the formula of
/// largest and least means.
double isotonic_with(const std::vector<double>& p, const std::vector<int>& y,
                     const std::vector<double>& w, double at, int hit) {
  std::map<double, std::pair<real, real>> tied;  // weight, hits
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (w[i] == 0) continue;
    tied[p[i]].first += w[i];
    tied[p[i]].second += w[i] * y[i];
  }
  tied[at].first += 1;
  tied[at].second += hit;
  std::vector<std::pair<real, real>> blocks;
  std::size_t place = 0;
  for (const auto& [score, block] : tied) {
    if (score == at) place = blocks.size();
    blocks.push_back(block);
  }
  real largest = 0;
  for (std::size_t a = 0; a <= place; ++a) {
    real least = 1;
    for (std::size_t b = place; b < blocks.size(); ++b) {
      real weight = 0, hits = 0;
      for (std::size_t i = a; i <= b; ++i) {
        weight += blocks[i].first;
        hits += blocks[i].second;
      }
      least = std::min(least, hits / weight);
    }
    largest = std::max(largest, least);
  }
  return static_cast<double>(largest);
}

struct drawn_binary {
  std::vector<double> p;
  std::vector<int> y;
  std::vector<double> w;
};
drawn_binary random_binary(std::size_t n, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform;
  drawn_binary x;
  for (std::size_t i = 0; i < n; ++i) {
    // Some on a grid, so that there are ties.
    const double p = i % 3 == 0 ? std::floor(8 * uniform(generator)) / 8 : uniform(generator);
    x.p.push_back(p);
    x.y.push_back(uniform(generator) < 0.2 + 0.5 * p ? 1 : 0);
    x.w.push_back(std::floor(4 * uniform(generator)));
  }
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("one_against_one: a recalibrator a pair and the sum of Price et al.", "", affine,
                   isotonic, venn_abers) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const std::size_t classes = 2 + seed % 4;
    const problem<double> x = random_problem<double>(60 * classes, classes, 1.7, 2, seed);
    const bool of_logits = seed % 2 == 0;
    const matrix<double> p = softmax_of(x.z);
    const auto score = [&](std::size_t i, std::size_t a, std::size_t b) {
      const double z = x.z(i, a) - x.z(i, b);
      return TestType::input == row_form::logits ? z : 1 / (1 + std::exp(-z));
    };
    using combined = one_against_one<TestType>;
    const options o{.weights = x.weights};
    const combined r = of_logits ? fit<combined>(logits(x.z), x.labels, o)
                                 : fit<combined>(probabilities(p), x.labels, o);
    const matrix<double> made =
        of_logits ? r.transform(logits(x.z)) : r.transform(probabilities(p));
    std::vector<std::vector<std::vector<double>>> rate(classes,
                                                       std::vector<std::vector<double>>(classes));
    for (std::size_t a = 0; a < classes; ++a) {
      for (std::size_t b = a + 1; b < classes; ++b) {
        std::vector<double> s, w, all;
        std::vector<int> y;
        for (std::size_t i = 0; i < x.labels.size(); ++i) {
          all.push_back(score(i, a, b));
          const auto label = static_cast<std::size_t>(x.labels[i]);
          if (label != a && label != b) continue;
          s.push_back(all.back());
          w.push_back(x.weights[i]);
          y.push_back(label == a ? 1 : 0);
        }
        if constexpr (TestType::input == row_form::logits)
          rate[a][b] =
              fit<TestType>(binary_logits(s), y, {.weights = w}).transform(binary_logits(all));
        else
          rate[a][b] = fit<TestType>(binary_probabilities(s), y, {.weights = w})
                           .transform(binary_probabilities(all));
        for (const double q : rate[a][b]) rate[b][a].push_back(1 - q);
      }
    }
    double most = 0;
    for (std::size_t i = 0; i < x.labels.size(); ++i) {
      std::vector<real> q(classes);
      real sum = 0;
      for (std::size_t a = 0; a < classes; ++a) {
        real inverses = 2 - static_cast<real>(classes);
        for (std::size_t b = 0; b < classes; ++b)
          if (b != a) inverses += 1 / static_cast<real>(rate[a][b][i]);
        sum += q[a] = 1 / inverses;
      }
      for (std::size_t a = 0; a < classes; ++a) {
        const real expected = sum > 0 ? q[a] / sum : 1 / static_cast<real>(classes);
        most = std::max(most, std::abs(made(i, a) - static_cast<double>(expected)));
      }
    }
    INFO(seed);
    // Isotonic rates jump nowhere, so that scores that differ by rounding give what is as close;
    // those of Venn-Abers predictors jump at the scores of samples, which are apart.
    CHECK(most <= (of_logits ? sums_apart : 1e-9));
    CHECK(r.report().converged);
    CHECK(r.report().fitted_on == (of_logits ? score_kind::logits : score_kind::probabilities));
  }
}

TEST_CASE("one_against_one: probabilities as they were stay, and certain losers share") {
  // Pairs that say p_i / (p_i + p_j) give p again, without cancellation.
  const affine same(1, 0);
  const one_against_one<affine> r(3, {same, same, same});
  const std::vector<std::vector<double>> z{{0, 1, -2}, {300, 0, -300}, {0, 0, 0}};
  const matrix<double> p = r.transform(logits(z));
  CHECK(apart(p, temperature_scaling(1).transform(logits(z))) <= 1e-15);
  CHECK(p(1, 2) > 0);
  // Each class loses to one other for certain: no probability is left.
  const histogram_width wins({0, 1}, {1}), loses({0, 1}, {0});
  const one_against_one<histogram_width> circle(3, {wins, loses, wins});
  const matrix<double> q = circle.transform(logits(z));
  for (std::size_t k = 0; k < 3; ++k) CHECK(q(0, k) == 1.0 / 3);
  const one_against_one<histogram_width> first(3, {wins, wins, wins});
  CHECK(first.transform(logits(z))(0, 0) == 1);
  CHECK(&first.of_pair(0, 2) != &first.of_pair(1, 2));
  CHECK_THROWS_WITH(first.of_pair(2, 1),
                    "one_against_one::of_pair(): expected i < j < 3, got 2 "
                    "and 1");
  CHECK_THROWS_AS(first.of_pair(1, 3), value_error);
  CHECK_THROWS_WITH(one_against_one<affine>(3, {same}),
                    "one_against_one(): expected 3 recalibrators for the pairs of 3 classes, got "
                    "1");
  CHECK_THROWS_AS(one_against_one<affine>(0, {}), value_error);
}

TEST_CASE("pairs of classes: the same samples however many passes gather them") {
  const problem<double> x = random_problem<double>(30000, 5, 1.7, 2, 3);
  const std::vector<double> weights = x.weights;
  struct gathered {
    std::size_t passes = 0;
    std::map<std::pair<std::size_t, std::size_t>, binary_samples> of_pair;
  };
  const auto gather = [&](std::size_t budget, unsigned threads) {
    gathered all;
    const options o{.weights = weights, .threads = {threads}};
    detail::with_samples("pairs", logits(x.z), x.labels, o, [&](const class_samples& samples) {
      std::vector<binary_samples> of_pair(detail::pair_count(5));
      std::vector<std::pair<std::size_t, std::size_t>> pair(of_pair.size());
      all.passes = detail::for_each_pair(
          samples, true,
          [&](std::size_t low, std::size_t high, const binary_samples& s) {
            const std::size_t at = detail::pair_index(low, high, 5);
            of_pair[at] = s;
            pair[at] = {low, high};
          },
          budget);
      for (std::size_t i = 0; i < pair.size(); ++i) all.of_pair[pair[i]] = of_pair[i];
    });
    return all;
  };
  const gathered at_once = gather(std::size_t{64} << 20, 1);
  CHECK(at_once.passes == 2);
  REQUIRE(at_once.of_pair.size() == 10);
  for (const auto& [budget, threads] : {std::pair<std::size_t, unsigned>{1, 1},
                                        {1, 3},
                                        {std::size_t{1} << 20, 1},
                                        {std::size_t{64} << 20, 3}}) {
    const gathered again = gather(budget, threads);
    if (budget == 1) CHECK(again.passes == 11);
    if (budget == std::size_t{1} << 20) CHECK((again.passes > 2 && again.passes < 11));
    for (const auto& [pair, samples] : at_once.of_pair) {
      const binary_samples& other = again.of_pair.at(pair);
      REQUIRE(other.size() == samples.size());
      REQUIRE((other.logits == samples.logits));
      for (std::size_t i = 0; i < samples.size(); ++i) {
        REQUIRE(other.pairs.hit(i) == samples.pairs.hit(i));
        REQUIRE(other.pairs.confidence(i) == samples.pairs.confidence(i));
        REQUIRE(other.pairs.weight(i) == samples.pairs.weight(i));
      }
    }
  }
}

TEST_CASE("chain: the second is fitted to what the first makes") {
  const problem<double> x = random_problem<double>(400, 3, 1.7, 2, 4);
  const options o{.weights = x.weights};
  SECTION("logits, then probabilities") {
    using second = one_against_rest<isotonic>;
    const auto r = fit<chain<temperature_scaling, second>>(logits(x.z), x.labels, o);
    const auto hot = fit<temperature_scaling>(logits(x.z), x.labels, o);
    const matrix<double> made = hot.transform_logits(logits(x.z));
    const auto after = fit<second>(logits(made), x.labels, o);
    CHECK(r.first().temperature() == hot.temperature());
    CHECK(apart(r.transform(logits(x.z)), after.transform(logits(made))) <= sums_apart);
    CHECK(r.report().converged);
    CHECK(r.report().objective_after == r.second().report().objective_after);
    CHECK(r.report().passes == hot.report().passes + after.report().passes);
    CHECK(r.fitted_on() == score_kind::logits);
  }
  SECTION("probabilities, then logits of a temperature") {
    using first = one_against_one<venn_abers>;
    const auto r = fit<chain<first, temperature_scaling>>(logits(x.z), x.labels, o);
    const matrix<double> made = fit<first>(logits(x.z), x.labels, o).transform(logits(x.z));
    const auto after = fit<temperature_scaling>(probabilities(made), x.labels, o);
    CHECK(std::abs(r.second().temperature() / after.temperature() - 1) <= sums_apart);
    CHECK(apart(r.transform(logits(x.z)), after.transform(probabilities(made))) <= sums_apart);
    CHECK(r.classes() == 3);
  }
  SECTION("three, of binary logits") {
    std::vector<double> s;
    std::vector<int> y;
    for (std::size_t i = 0; i < x.labels.size(); ++i) {
      s.push_back(x.z(i, 0));
      y.push_back(x.labels[i] == 0 ? 1 : 0);
    }
    using rest = chain<affine, isotonic>;
    const auto r =
        fit<chain<temperature_scaling, rest>>(binary_logits(s), y, o, {.second = {.second = {}}});
    const auto hot = fit<temperature_scaling>(binary_logits(s), y, o);
    const std::vector<double> one = hot.transform_logits(binary_logits(s));
    const std::vector<double> two =
        fit<affine>(binary_logits(one), y, o).transform_logits(binary_logits(one));
    const std::vector<double> three =
        fit<isotonic>(binary_logits(two), y, o).transform(binary_logits(two));
    CHECK(apart(r.transform(binary_logits(s)), three) <= sums_apart);
    CHECK_THROWS_AS(r.transform(binary_probabilities(three)), value_error);
  }
  SECTION("a masked class is as deep for the second as it was fitted") {
    const temperature_scaling sharp(0.25), flat(1000);
    const chain<temperature_scaling, temperature_scaling> r(sharp, flat);
    const std::vector<std::vector<double>> z{{1, 0, -std::numeric_limits<double>::infinity()}};
    const matrix<double> p = r.transform(logits(z));
    check_rows(p);
    const std::vector<std::vector<double>> hot{{4, 0, -696}};
    CHECK(apart(p, r.second().transform(logits(hot))) <= 1e-15);
  }
  CHECK_THROWS_WITH(
      (chain<svs, svs>(svs(1, 0.1, {1, 1, 1}, {0, 0, 0}), svs(1, 0.1, {1, 1}, {0, 0}))),
      "chain(): expected recalibrators of as many classes, got 3 and 2");
}

TEMPLATE_TEST_CASE("cross_fitted: the mean of models of folds that are cut by hand", "",
                   temperature_scaling, one_against_rest<isotonic>) {
  const problem<double> x = random_problem<double>(203, 3, 1.7, 2, 8);
  std::vector<unsigned char> valid(203, 1);
  valid[3] = valid[50] = 0;  // rows that are left out keep their place
  constexpr std::size_t folds = 4;
  const auto r = fit<cross_fitted<TestType>>(
      logits(x.z), x.labels, {.weights = x.weights, .valid = valid}, {.folds = folds});
  REQUIRE(r.folds() == folds);
  matrix<double> mean(203, 3);
  for (std::size_t fold = 0; fold < folds; ++fold) {
    const problem<double> rest =
        rows_where(x, [&](std::size_t i) { return valid[i] != 0 && i % folds != fold; });
    const auto model = fit<TestType>(logits(rest.z), rest.labels, {.weights = rest.weights});
    const matrix<double> p = model.transform(logits(x.z));
    for (std::size_t i = 0; i < 203; ++i)
      for (std::size_t k = 0; k < 3; ++k) mean(i, k) += p(i, k) / folds;
    CHECK(apart(r.of_fold(fold).transform(logits(x.z)), p) <= sums_apart);
  }
  CHECK(apart(r.transform(logits(x.z)), mean) <= sums_apart);
  CHECK(r.report().converged);
  CHECK_THROWS_WITH(fit<cross_fitted<TestType>>(logits(x.z), x.labels, {}, {.folds = 1}),
                    "fit<cross_fitted>(): expected at least 2 folds, got 1");
  CHECK_THROWS_AS(cross_fitted<TestType>(std::vector<TestType>()), value_error);
}

TEST_CASE("cross_fitted, chain and mixed_with_uniform of a temperature: binary scores") {
  const std::vector<double> s{-3, -1, 0.5, 2};
  const temperature_scaling half(2), same(1);
  const cross_fitted<temperature_scaling> mean({half, same});
  const std::vector<double> p = mean.transform(binary_logits(s));
  const std::vector<double> a = half.transform(binary_logits(s)),
                            b = same.transform(binary_logits(s));
  const std::vector<double> mixed =
      mixed_with_uniform<temperature_scaling>(half, 0.25).transform(binary_logits(s));
  const std::vector<double> twice =
      chain<temperature_scaling, temperature_scaling>(half, half).transform(binary_logits(s));
  const std::vector<double> fourth = temperature_scaling(4).transform(binary_logits(s));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(p[i] - (a[i] + b[i]) / 2) <= 1e-15);
    CHECK(std::abs(mixed[i] - (0.75 * a[i] + 0.125)) <= 1e-15);
    CHECK(std::abs(twice[i] - fourth[i]) <= 1e-15);
  }
}

TEST_CASE("cross_venn_abers: geometric means of brute-force Venn-Abers predictors") {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    const std::size_t n = seed % 5 == 0 ? 3 : 20 + seed, folds = 2 + seed % 4;
    const drawn_binary x = random_binary(n, seed);
    const auto r =
        fit<cross_venn_abers>(binary_probabilities(x.p), x.y, {.weights = x.w}, {.folds = folds});
    std::vector<double> at = x.p;
    for (double t = 0; t <= 1; t += 0.03) at.push_back(t);
    const std::vector<double> made = r.transform(binary_probabilities(at));
    double most = 0;
    for (std::size_t j = 0; j < at.size(); ++j) {
      real hit = 1, miss = 1;
      std::size_t used = 0;
      for (std::size_t fold = 0; fold < folds; ++fold) {
        std::vector<double> p, w;
        std::vector<int> y;
        double total = 0;
        for (std::size_t i = 0; i < n; ++i) {
          if (i % folds != fold) continue;
          p.push_back(x.p[i]);
          y.push_back(x.y[i]);
          w.push_back(x.w[i]);
          total += x.w[i];
        }
        if (total == 0) continue;
        ++used;
        hit *= isotonic_with(p, y, w, at[j], 1);
        miss *= 1 - isotonic_with(p, y, w, at[j], 0);
      }
      const real m = 1 / static_cast<real>(std::max<std::size_t>(1, used));
      const real expected = std::pow(hit, m) / (std::pow(hit, m) + std::pow(miss, m));
      most = std::max(most, std::abs(made[j] - static_cast<double>(expected)));
    }
    INFO(seed);
    CHECK(most <= sums_apart);
    CHECK(std::is_sorted(made.begin() + static_cast<std::ptrdiff_t>(n), made.end()));
  }
}

TEST_CASE("cross_venn_abers: what its folds depend on") {
  const drawn_binary x = random_binary(100, 77);
  const auto fitted = [](const drawn_binary& b, const options& o = {}) {
    return fit<cross_venn_abers>(binary_probabilities(b.p), b.y, o);
  };
  const auto made = [&](const cross_venn_abers& r) {
    return r.transform(binary_probabilities(x.p));
  };
  const std::vector<double> as_it_is = made(fitted(x));
  drawn_binary moved = x;
  // By one place: the folds change their names. Two samples of different folds: other folds.
  std::rotate(moved.p.begin(), moved.p.begin() + 1, moved.p.end());
  std::rotate(moved.y.begin(), moved.y.begin() + 1, moved.y.end());
  CHECK(apart(as_it_is, made(fitted(moved))) <= sums_apart);
  std::swap(moved.p[0], moved.p[1]);
  CHECK(apart(as_it_is, made(fitted(moved))) > 1e-6);

  // Weights are repetition within a fold.
  drawn_binary twice = x;
  twice.p.insert(twice.p.end(), x.p.begin(), x.p.end());
  twice.y.insert(twice.y.end(), x.y.begin(), x.y.end());
  const std::vector<double> two(100, 2.0);
  CHECK(apart(made(fitted(x, {.weights = two})), made(fitted(twice))) <= sums_apart);

  CHECK_THROWS_WITH(fit<cross_venn_abers>(binary_probabilities(x.p), x.y, {}, {.folds = 1}),
                    "fit<cross_venn_abers>(): expected at least 2 folds, got 1");
  CHECK_THROWS_AS(cross_venn_abers(std::vector<venn_abers>()), value_error);
  // No samples, one sample, one outcome.
  const std::vector<double> zero(100, 0.0);
  const cross_venn_abers none = fitted(x, {.weights = zero});
  CHECK_FALSE(none.report().converged);
  CHECK(none(0.3) == 0.5);
  const std::vector<double> single{0.4};
  CHECK(fit<cross_venn_abers>(binary_probabilities(single), std::vector<int>{1})(0.9) > 0.5);
  CHECK(cross_venn_abers({venn_abers({}, {1}, {1}), venn_abers({}, {0}, {0})})(0.5) == 0.5);

  // By its name, a file, and for classes.
  const cross_venn_abers r = fitted(x);
  const std::string text = to_json(r);
  const auto again = any_recalibrator_from_json(text);
  CHECK(to_json(*again) == text);
  CHECK(apart(again->transform(binary_probabilities(x.p)), as_it_is) == 0);
  CHECK(apart(fit_by_name("cross_venn_abers", binary_probabilities(x.p), x.y)
                  ->transform(binary_probabilities(x.p)),
              as_it_is) == 0);
  const problem<double> classes = random_problem<double>(200, 3, 1.7, 2, 5);
  check_rows(fit_by_name("cross_venn_abers", logits(classes.z), classes.labels)
                 ->transform(logits(classes.z)));
}

TEMPLATE_TEST_CASE("top_label: a recalibrator for each prediction, by direct loops", "", affine,
                   isotonic) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const std::size_t classes = 2 + seed % 4, n = 80 * classes;
    problem<double> x = random_problem<double>(n, classes, 1.7, 2, seed);
    if (seed % 3 == 0)  // the first class is never predicted
      for (std::size_t i = 0; i < n; ++i) x.z(i, 0) = x.z(i, 1) - 1;
    const matrix<double> p = softmax_of(x.z);
    const auto r = fit<top_label<TestType>>(logits(x.z), x.labels, {.weights = x.weights});
    std::vector<std::size_t> top(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 1; k < classes; ++k)
        if (p(i, k) > p(i, top[i])) top[i] = k;
    const auto of_class = [&](std::size_t c) {  // `classes`: of all
      std::vector<double> s, w;
      std::vector<int> y;
      for (std::size_t i = 0; i < n; ++i) {
        if (c != classes && top[i] != c) continue;
        s.push_back(p(i, top[i]));
        w.push_back(x.weights[i]);
        y.push_back(x.labels[i] == static_cast<std::int64_t>(top[i]) ? 1 : 0);
      }
      return fit<TestType>(binary_probabilities(s), y, {.weights = w});
    };
    std::vector<std::size_t> predicted = top;
    std::sort(predicted.begin(), predicted.end());
    predicted.erase(std::unique(predicted.begin(), predicted.end()), predicted.end());
    CHECK(r.predicted() == predicted);
    INFO(seed);
    // Rows that were not seen, so that a class that was never predicted is.
    const problem<double> fresh = random_problem<double>(300, classes, 1.7, 2, seed + 50);
    const matrix<double> before = softmax_of(fresh.z), after = r.transform(logits(fresh.z));
    check_rows(after);
    double most = 0;
    for (std::size_t i = 0; i < 300; ++i) {
      std::size_t c = 0, d = 0;
      for (std::size_t k = 1; k < classes; ++k)
        if (before(i, k) > before(i, c)) c = k;
      if (c == 0) d = 1;
      double others = 0;
      for (std::size_t k = 0; k < classes; ++k) {
        if (k == c) continue;
        others += before(i, k);
        if (before(i, k) > before(i, d)) d = k;
      }
      const bool seen = std::count(predicted.begin(), predicted.end(), c) != 0;
      const std::vector<double> one{before(i, c)};
      const double q = of_class(seen ? c : classes).transform(binary_probabilities(one))[0];
      for (std::size_t k = 0; k < classes; ++k)
        most =
            std::max(most, std::abs(after(i, k) - (k == c ? q : (1 - q) * before(i, k) / others)));
      const double limit = before(i, d) / (before(i, d) + others);
      if (std::abs(q - limit) > 1e-9) CHECK((q > limit) == (after(i, c) > after(i, d)));
    }
    CHECK(most <= sums_apart);
    CHECK((seed % 3 == 0) == (r.predicted()[0] == 1));
  }
}

TEST_CASE("top_label: made by hand") {
  const histogram_width half({0, 1}, {0.5}), sure({0, 1}, {1}), never({0, 1}, {0});
  const top_label<histogram_width> r(3, half, {1}, {never});
  const std::vector<std::vector<double>> p{{0.75, 0.25, 0}, {0.25, 0.75, 0}, {1, 0, 0}};
  const matrix<double> q = r.transform(probabilities(p));
  CHECK(q(0, 0) == 0.5);
  CHECK(q(0, 1) == 0.5);
  CHECK(q(1, 0) == 1);
  CHECK(q(1, 1) == 0);
  CHECK(q(2, 0) == 0.5);  // the others are all 0: equal shares
  CHECK(q(2, 2) == 0.25);
  CHECK_THROWS_AS((top_label<histogram_width>(3, half, {3}, {sure})), value_error);
  CHECK_THROWS_AS((top_label<histogram_width>(3, half, {1, 1}, {sure, sure})), value_error);
  CHECK_THROWS_WITH((top_label<histogram_width>(3, half, {0, 1}, {sure})),
                    "top_label(): expected 2 recalibrators to match the predicted classes, got 1");
  CHECK_THROWS_AS((top_label<histogram_width>(0, half, {}, {})), value_error);
  // Of one class nothing changes.
  const top_label<histogram_width> alone(1, never, {}, {});
  CHECK(alone.transform(probabilities(std::vector<std::vector<double>>{{1}}))(0, 0) == 1);
}

using combined_pairs = one_against_one<venn_abers>;
using combined_lines = one_against_one<affine>;
using combined_chain = chain<temperature_scaling, one_against_rest<isotonic>>;
using combined_hot = chain<svs, temperature_scaling>;
using combined_folds = cross_fitted<one_against_rest<isotonic>>;
using combined_tops = top_label<affine>;

TEMPLATE_TEST_CASE("combined recalibrators: what all of them keep", "", combined_pairs,
                   combined_lines, combined_chain, combined_hot, combined_folds, combined_tops) {
  const problem<double> x = random_problem<double>(300, 4, 1.7, 2, 5);
  const TestType r = fit<TestType>(logits(x.z), x.labels);
  const matrix<double> made = r.transform(logits(x.z));
  check_rows(made);

  SECTION("weights are repetition") {
    // The list again behind itself: copies stand in the same folds, which are five.
    problem<double> twice{matrix<double>(600, 4), x.labels, std::vector<double>(600, 1.0)};
    twice.labels.insert(twice.labels.end(), x.labels.begin(), x.labels.end());
    std::vector<double> once(300, 1.0);
    for (std::size_t i = 0; i < 300; ++i) {
      twice.weights[300 + i] = i % 7 < 3 ? 1 : 0;
      once[i] += twice.weights[300 + i];
    }
    for (std::size_t i = 0; i < 600; ++i)
      for (std::size_t k = 0; k < 4; ++k) twice.z(i, k) = x.z(i % 300, k);
    const TestType weighted = fit<TestType>(logits(x.z), x.labels, {.weights = once});
    const TestType repeated =
        fit<TestType>(logits(twice.z), twice.labels, {.weights = twice.weights});
    CHECK(apart(weighted.transform(logits(x.z)), repeated.transform(logits(x.z))) <= 1e-9);
    CHECK(apart(weighted.transform(logits(x.z)), made) > 1e-6);
  }
  SECTION("the order of the samples, but within the folds") {
    problem<double> moved = x;
    for (std::size_t i = 0; i < 300; ++i) {
      const std::size_t to = TestType::kind == "cross_fitted" ? (i + 35) % 300 : 299 - i;
      for (std::size_t k = 0; k < 4; ++k) moved.z(to, k) = x.z(i, k);
      moved.labels[to] = x.labels[i];
    }
    const TestType other = fit<TestType>(logits(moved.z), moved.labels);
    CHECK(apart(other.transform(logits(x.z)), made) <= 1e-9);
  }
  SECTION("threads do not matter") {
    const problem<double> large = random_problem<double>(40000, 4, 1.7, 2, 6);
    const TestType one = fit<TestType>(logits(large.z), large.labels);
    for (const unsigned threads : {2U, 5U}) {
      const TestType more = fit<TestType>(logits(large.z), large.labels, {.threads = {threads}});
      CHECK(apart(one.transform(logits(x.z)), more.transform(logits(x.z))) <= sums_apart);
    }
    CHECK(apart(one.transform(logits(large.z)), one.transform(logits(large.z), {.threads = {3}})) ==
          0);
  }
  SECTION("a model that is written and read again gives the same bits") {
    const std::string text = to_json(r);
    const TestType again = recalibrator_from_json<TestType>(text);
    CHECK(to_json(again) == text);
    CHECK(apart(made, again.transform(logits(x.z))) == 0);
    if constexpr (std::is_same_v<TestType, combined_pairs>)
      CHECK(apart(made, any_recalibrator_from_json(text)->transform(logits(x.z))) == 0);
    else
      CHECK_THROWS_WITH(any_recalibrator_from_json(text),
                        Catch::Contains("no kind of ") && Catch::Contains(std::string(r.name())));
  }
  SECTION("recalibrated() is transform() without the matrix") {
    constexpr bool logs = TestType::output == row_form::logits;
    const matrix<double> table = logs ? r.transform_logits(logits(x.z)) : made;
    const double of_table =
        logs ? nll(logits(table), x.labels) : nll(probabilities(table), x.labels);
    CHECK((nll(recalibrated(r, logits(x.z)), x.labels) == of_table));
    CHECK(brier(recalibrated(r, logits(x.z)), x.labels) ==
          (logs ? brier(logits(table), x.labels) : brier(probabilities(table), x.labels)));
  }
  SECTION("other scores are refused") {
    CHECK_THROWS_WITH(r.transform(logits(matrix<double>(2, 3))),
                      Catch::Contains("fitted on 4 classes, got scores of 3"));
    CHECK_THROWS_AS(r.transform(probabilities(made)), value_error);
    CHECK_THROWS_AS(fit<TestType>(logits(x.z), std::vector<int>(299)), shape_error);
    matrix<double> bad = x.z;
    bad(7, 2) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(fit<TestType>(logits(bad), x.labels), Catch::Contains("row 7"));
    const options count{.nan = nan_policy::count};
    const matrix<double> p =
        fit<TestType>(logits(bad), x.labels, count).transform(logits(bad), count);
    CHECK(std::isnan(p(7, 0)));
    CHECK_FALSE(std::isnan(p(8, 0)));
  }
}

TEMPLATE_TEST_CASE("combined recalibrators: degenerate samples end in numbers", "", combined_pairs,
                   combined_lines, combined_chain, combined_hot, combined_folds, combined_tops) {
  const auto check = [](const matrix<double>& z, const std::vector<std::int64_t>& y,
                        const options& o = {}) {
    const TestType r = fit<TestType>(logits(z), y, o);
    CHECK((r.report().converged || !r.report().note.empty()));
    check_rows(r.transform(logits(z)));
    const std::string text = to_json(r);
    CHECK(to_json(recalibrator_from_json<TestType>(text)) == text);
    return r;
  };
  const problem<double> x = random_problem<double>(40, 3, 1.7, 2, 9);
  SECTION("little to go by") {
    for (const degenerate_case& c : degenerate_classes(12)) {
      INFO(c.name);
      check(c.z, c.labels);
    }
  }
  SECTION("no samples with a weight") {
    const std::vector<double> zero(40, 0.0);
    CHECK_FALSE(check(x.z, x.labels, {.weights = zero}).report().converged);
  }
}

TEST_CASE("combined recalibrators: documents that are wrong") {
  const affine same(1, 0);
  const auto refused = [](std::string text, const std::string& from, const std::string& to,
                          const std::string& what) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    CHECK_THROWS_WITH(any_recalibrator_from_json(text, "m.json"),
                      Catch::StartsWith("m.json: ") && Catch::Contains(what));
  };
  const venn_abers none({}, {0}, {1});
  const std::string pairs = to_json(one_against_one<venn_abers>(2, {none}));
  refused(pairs, "\"classes\": 2.0", "\"classes\": 3", "expected 3 recalibrators");
  refused(pairs, "\"classes\": 2.0", "\"classes\": 2.5", "expected a whole number");
  refused(pairs, "\"classes\": 2.0", "\"classes\": -1", "expected a whole number");
  refused(pairs, "\"kind\": \"venn_abers\"", "\"kind\": \"affine\"",
          "no kind of one_against_one of \"affine\" that is read where its type is not named");
  refused(pairs, "\"parts\"", "\"pieces\"", "parts");
  const std::string two = to_json(chain<affine, affine>(same, same));
  CHECK_THROWS_WITH((recalibrator_from_json<chain<affine, isotonic>>(two)),
                    Catch::Contains("expected kind \"isotonic\", got \"affine\""));
  CHECK_THROWS_WITH(
      (recalibrator_from_json<chain<affine, affine>>(to_json(cross_fitted<affine>({same})))),
      Catch::Contains("expected kind \"chain\", got \"cross_fitted\""));
}
