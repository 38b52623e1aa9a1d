// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "calibra/evaluate.hpp"
#include "naive.hpp"

using calibra::options;

using namespace calibra;

namespace {

struct expected_scores {
  long double weight = 0, accuracy = 0, confidence = 0, nll = 0, brier = 0, brier_top = 0;

  void add(const naive::row& r, std::size_t label, double w) {
    const auto v = static_cast<long double>(w);
    const bool hit = r.prediction == label;
    const long double miss = static_cast<long double>(r.confidence) - (hit ? 1 : 0);
    weight += v;
    accuracy += hit ? v : 0;
    confidence += v * static_cast<long double>(r.confidence);
    nll -= v > 0 ? v * static_cast<long double>(r.log_likelihood) : 0;
    brier += v * static_cast<long double>(r.brier);
    brier_top += v * miss * miss;
  }
};

template<class S>
void check_scores(const S& scores, const std::vector<int>& labels, const options& o,
                  const expected_scores& e, double epsilon) {
  const auto close = [&](long double sum) {
    const auto mean = static_cast<double>(sum / e.weight);
    return Approx(mean).margin(48 * epsilon * (1 + std::abs(mean))).epsilon(0);
  };
  CHECK(accuracy(scores, labels, o) == close(e.accuracy));
  CHECK(mean_confidence(scores, labels, o) == close(e.confidence));
  CHECK(brier(scores, labels, o) == close(e.brier));
  CHECK(brier_top(scores, labels, o) == close(e.brier_top));
  if (std::isinf(e.nll))
    CHECK(nll(scores, labels, o) == std::numeric_limits<double>::infinity());
  else
    CHECK(nll(scores, labels, o) == close(e.nll));
}

template<class T>
constexpr double epsilon =
    static_cast<double>(std::numeric_limits<calibra::compute_type<T>>::epsilon());

}  // namespace

TEMPLATE_TEST_CASE("nll, Brier scores and accuracy are their formulas", "[proper_scores]", float,
                   double, calibra::half) {
  using T = TestType;
  std::mt19937 generator(81);
  for (const auto& [n, k] :
       {std::pair<std::size_t, std::size_t>{1, 2}, {300, 3}, {300, 40}, {40, 500}}) {
    const auto z = naive::random_logits<T>(n, k, naive::layout::rows, generator());
    const auto p = naive::random_probabilities<T>(n, k, naive::layout::columns, generator());
    std::vector<int> labels(n);
    std::vector<double> weights(n);
    for (std::size_t i = 0; i < n; ++i) {
      labels[i] = static_cast<int>(generator() % k);
      weights[i] = static_cast<double>(1 + generator() % 8) / 4;
    }
    for (const bool weighted : {false, true}) {
      options o;
      if (weighted) o.weights = weights;
      expected_scores of_z, of_p;
      for (std::size_t i = 0; i < n; ++i) {
        const auto label = static_cast<std::size_t>(labels[i]);
        const double w = weighted ? weights[i] : 1;
        of_z.add(naive::of_logits(z.row(i), label), label, w);
        const std::vector<double> row = p.row(i);
        of_p.add(naive::of_probabilities({row.begin(), row.end()}, label), label, w);
      }
      CAPTURE(n, k, weighted);
      check_scores(calibra::logits(z.view()), labels, o, of_z, epsilon<T>);
      check_scores(calibra::probabilities(p.view()), labels, o, of_p, epsilon<T>);
    }
  }
}

TEST_CASE("a binary score is one of two classes", "[proper_scores]") {
  std::mt19937 generator(82);
  std::normal_distribution<double> normal(0, 3);
  std::vector<double> x(500), p(500);
  std::vector<int> labels(500);
  naive::matrix<double> two(500, 2, naive::layout::rows);
  long double plain = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    x[i] = normal(generator);
    p[i] = static_cast<double>(1 / (1 + std::exp(-static_cast<long double>(x[i]))));
    two.set(i, 0, 0);
    two.set(i, 1, x[i]);
    labels[i] = static_cast<int>(generator() % 2);
    const long double miss = static_cast<long double>(p[i]) - labels[i];
    plain += miss * miss;
  }
  const auto softmax = calibra::logits(two.view());
  const auto close = [](double value) { return Approx(value).epsilon(1e-13); };
  for (const auto target :
       {calibra::binary_target::positive_class, calibra::binary_target::top_label}) {
    options o;
    o.binary = target;
    const auto check = [&](const auto& binary) {
      CHECK(nll(binary, labels, o) == close(nll(softmax, labels)));
      CHECK(brier(binary, labels, o) == close(brier(softmax, labels)));
      CHECK(accuracy(binary, labels, o) == accuracy(softmax, labels));
      if (target == calibra::binary_target::top_label)
        CHECK(brier_top(binary, labels, o) == close(brier_top(softmax, labels)));
      else  // the pair is then (P(1), y), and this half of brier()
        CHECK(brier_top(binary, labels, o) == close(static_cast<double>(plain / 500)));
    };
    check(calibra::binary_logits(x));
    check(calibra::binary_probabilities(p));
  }
}

TEST_CASE("nll of extreme logits is exact, of zero probability infinite", "[proper_scores]") {
  const double inf = std::numeric_limits<double>::infinity();
  using rows = std::vector<std::vector<double>>;
  const auto loss = [](const rows& z, int label) {
    return nll(calibra::logits(z), std::vector<int>{label});
  };
  CHECK(loss({{1e30, -1e30}}, 0) == 0);
  CHECK(loss({{1e30, -1e30}}, 1) == 2e30);
  CHECK(loss({{-1e30, -1e30}}, 1) == Approx(std::log(2)).epsilon(1e-15));
  CHECK(loss({{0, -800}}, 1) == 800);
  CHECK(loss({{0, -inf}}, 1) == inf);
  CHECK(loss({{0, -inf}}, 0) == 0);
  // Near 0 the loss keeps its digits where 1 - p is below the rounding of 1.
  CHECK(nll(calibra::binary_logits(std::vector<double>{60}), std::vector<int>{1}) ==
        Approx(std::exp(-60.0)).epsilon(1e-14).margin(0));
  CHECK(nll(calibra::binary_logits(std::vector<double>{-1e30}), std::vector<int>{1}) == 1e30);
  CHECK(nll(calibra::binary_probabilities(std::vector<double>{0}), std::vector<int>{1}) == inf);
  CHECK(nll(calibra::binary_probabilities(std::vector<double>{1e-300}), std::vector<int>{1}) ==
        Approx(300 * std::log(10.0)).epsilon(1e-14));
  CHECK(nll(calibra::probabilities(rows{{1, 0}, {0.5, 0.5}}), std::vector<int>{1, 1}) == inf);
  // One of weight 0 is none.
  const std::vector<double> second{0, 1};
  CHECK(nll(calibra::probabilities(rows{{1, 0}, {0.5, 0.5}}), std::vector<int>{1, 1},
            {.weights = second}) == Approx(std::log(2)).epsilon(1e-15));
  // One infinite loss is infinite in whatever batch and order it comes.
  calibra::summary a = summarise(calibra::probabilities(rows{{1, 0}}), std::vector<int>{1});
  calibra::summary b = summarise(calibra::probabilities(rows{{0.5, 0.5}}), std::vector<int>{1});
  calibra::summary ba = b;
  ba += a;
  a += b;
  CHECK(a.nll() == inf);
  CHECK(ba.nll() == inf);
  CHECK(b.nll() == Approx(std::log(2)).epsilon(1e-15));
}

TEST_CASE("proper scores are in their ranges", "[proper_scores]") {
  using rows = std::vector<std::vector<float>>;
  CHECK(brier(calibra::logits(rows{{1e30F, -1e30F}}), std::vector<int>{1}) == 2);
  CHECK(brier(calibra::logits(rows{{1e30F, -1e30F}}), std::vector<int>{0}) == 0);
  CHECK(brier_top(calibra::logits(rows{{1e30F, -1e30F}}), std::vector<int>{1}) == 1);
  CHECK(brier(calibra::binary_probabilities(std::vector<float>{1}), std::vector<int>{0}) == 2);
  // Sharper and sharper: what rounding leaves is never negative.
  for (float x = 0; x < 100; x += 0.37F) {
    const rows z = {{x, 0, 0}};
    const std::vector<int> y = {0};
    CHECK(brier(calibra::logits(z), y) >= 0);
    CHECK(nll(calibra::logits(z), y) >= 0);
  }
}

TEST_CASE("a weight of k is k copies; no samples give NaN", "[proper_scores]") {
  const auto z = naive::random_logits<double>(60, 4, naive::layout::rows, 13);
  std::vector<int> labels(60), copied_labels;
  std::vector<double> weights(60);
  std::vector<std::vector<double>> copies;
  for (std::size_t i = 0; i < 60; ++i) {
    labels[i] = static_cast<int>(i % 4);
    weights[i] = static_cast<double>(i % 3);
    for (std::size_t k = 0; k < i % 3; ++k) {
      copies.push_back(z.row(i));
      copied_labels.push_back(labels[i]);
    }
  }
  options o;
  o.weights = weights;
  const auto weighted = summarise(calibra::logits(z.view()), labels, o);
  const auto copied = summarise(calibra::logits(copies), copied_labels);
  CHECK(weighted.nll() == Approx(copied.nll()).epsilon(1e-14));
  CHECK(weighted.brier() == Approx(copied.brier()).epsilon(1e-14));
  CHECK(weighted.brier_top() == Approx(copied.brier_top()).epsilon(1e-14));
  CHECK(weighted.accuracy() == Approx(copied.accuracy()).epsilon(1e-14));
  CHECK(weighted.total_weight() == static_cast<double>(copies.size()));

  const auto nothing = calibra::logits(calibra::matrix_view<const float>(nullptr, 0, 3));
  const std::vector<int> no_labels;
  for (const double x :
       {nll(nothing, no_labels), brier(nothing, no_labels), brier_top(nothing, no_labels),
        accuracy(nothing, no_labels), mean_confidence(nothing, no_labels)})
    CHECK(std::isnan(x));
  const std::vector<double> zero(60, 0.0);
  o.weights = zero;
  CHECK(std::isnan(nll(calibra::logits(z.view()), labels, o)));
  CHECK(std::isnan(brier(calibra::logits(z.view()), labels, o)));
}

TEST_CASE("renormalised rows have the losses of what they are divided by their sum", "[brier]") {
  constexpr std::size_t n = 200, classes = 5;
  std::mt19937 random(31);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> p(n * classes);
  std::vector<std::int64_t> y(n);
  double squares = 0, logs = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < classes; ++k) sum += p[i * classes + k] = 0.01 + uniform(random);
    y[i] = static_cast<std::int64_t>(random() % classes);
    for (std::size_t k = 0; k < classes; ++k) {
      const double q = p[i * classes + k] / sum;
      const bool label = k == static_cast<std::size_t>(y[i]);
      squares += (q - (label ? 1 : 0)) * (q - (label ? 1 : 0));
      if (label) logs -= std::log(q);
    }
  }
  const auto scores = probabilities(matrix_view<const double>(p.data(), n, classes));
  CHECK(calibra::brier(scores, y, {.renormalise = true}) == Approx(squares / n).epsilon(1e-13));
  CHECK(calibra::nll(scores, y, {.renormalise = true}) == Approx(logs / n).epsilon(1e-13));
}
