// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/evaluate.hpp"
#include "naive.hpp"

using calibra::binning;
using calibra::lone_sample;
using calibra::options;
using calibra::reliability_table;

using namespace calibra;

namespace {

enum class weights { none, whole, real };

/// Pairs whose hits follow another curve than their confidences.
std::vector<naive::pair> random_pairs(std::size_t n, unsigned seed, weights kind, int levels = 0) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  const double power = 0.3 + 3 * uniform(generator);
  std::vector<naive::pair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    double c = uniform(generator);
    if (levels > 0) c = std::round(c * levels) / levels;
    const auto whole = static_cast<double>(generator() % 4);
    pairs.push_back({c, uniform(generator) < std::pow(c, power),
                     kind == weights::none    ? 1.0
                     : kind == weights::whole ? whole
                                              : whole * uniform(generator)});
  }
  return pairs;
}

reliability_table filled(const binning& b, const std::vector<naive::pair>& pairs) {
  reliability_table t(b);
  for (const naive::pair& p : pairs) t.add(p.confidence, p.hit, p.weight);
  return t;
}

/// Bins of n_b (effective) samples, one after the other: the formula of debiased_squared_l2().
double naive_debiased(const naive::table& t, lone_sample lone) {
  long double sum = 0;
  for (const naive::bin& b : t.bins) {
    if (!(b.weight > 0)) continue;
    const long double n = b.weight * b.weight / b.squares, a = b.hits / b.weight;
    const long double square = b.gap() * b.gap();
    const long double share = b.weight / t.total();
    if (n <= 1 + 1e-12L)
      sum += lone == lone_sample::plug_in ? share * square : 0;
    else
      sum += share * (square - a * (1 - a) / (n - 1));
  }
  return static_cast<double>(sum);
}

/// Sums of a few hundred doubles, compensated: a handful of roundings are left.
Catch::Detail::Approx close(double x) {
  return Approx(x).margin(64 * std::numeric_limits<double>::epsilon()).epsilon(0);
}

constexpr weights all_weights[] = {weights::none, weights::whole, weights::real};

}  // namespace

TEST_CASE("metrics of tables are their formulas", "[table_metrics]") {
  unsigned seed = 70;
  for (const std::size_t n : {1U, 2U, 7U, 40U, 1000U}) {
    for (const weights kind : all_weights) {
      for (const std::size_t bins : {1U, 3U, 15U, 50U}) {
        const auto pairs = random_pairs(n, ++seed, kind);
        const reliability_table t = filled(binning::equal_width(bins), pairs);
        const naive::table e(pairs, naive::equal_edges(bins));
        if (!(e.total() > 0)) continue;
        CAPTURE(n, static_cast<int>(kind), bins);
        CHECK(ece(t) == close(e.ece()));
        CHECK(rmsce(t) * rmsce(t) == close(e.rmsce() * e.rmsce()));
        CHECK(mce(t) == close(e.mce()));
        CHECK(weighted_mce(t) == close(e.weighted_mce()));
        CHECK(mean_gap(t) == close(e.mean_gap()));
        const double over =
            e.mean([](const naive::bin& b) { return b.gap() < 0 ? -b.gap() : 0.0L; });
        const double under =
            e.mean([](const naive::bin& b) { return b.gap() > 0 ? b.gap() : 0.0L; });
        CHECK(overconfidence(t) == close(over));
        CHECK(underconfidence(t) == close(under));
        for (const lone_sample lone : {lone_sample::left_out, lone_sample::plug_in}) {
          const double squared = naive_debiased(e, lone);
          // A variance over n - 1 of nearly equal weights loses digits as n comes near 1.
          CHECK(debiased_squared_l2(t, lone) ==
                Approx(squared).margin(1e-12 * (1 + std::abs(squared))).epsilon(0));
          CHECK(debiased_l2.with({.lone = lone})(t) ==
                std::sqrt(std::max(0.0, debiased_squared_l2(t, lone))));
        }
        long double hits = 0, confidence = 0;
        for (const naive::bin& b : e.bins) {
          hits += b.hits;
          confidence += b.confidence;
        }
        const double acc = static_cast<double>(hits / e.total());
        CHECK(accuracy(t) == close(acc));
        CHECK(mean_confidence(t) == close(static_cast<double>(confidence / e.total())));
        const calibra::brier_parts parts = brier_decomposition(t);
        CHECK(parts.reliability == close(e.rmsce() * e.rmsce()));
        CHECK(parts.resolution == close(e.mean([&](const naive::bin& b) {
                const long double d = b.hits / b.weight - hits / e.total();
                return d * d;
              })));
        CHECK(parts.uncertainty == close(acc * (1 - acc)));
      }
    }
  }
}

TEST_CASE("what holds between the metrics of any table", "[table_metrics]") {
  for (unsigned seed = 200; seed < 300; ++seed) {
    const weights kind = all_weights[seed % 3];
    const auto pairs = random_pairs(1 + seed % 90, seed, kind, seed % 2 == 0 ? 24 : 0);
    // Every edge of fewer bins is one of more bins: merging bins never raises the error.
    double finer = 1;
    for (const std::size_t bins : {48U, 24U, 12U, 6U, 2U, 1U}) {
      const reliability_table t = filled(binning::equal_width(bins), pairs);
      if (!(t.total_weight() > 0)) continue;
      const double slack = 64 * std::numeric_limits<double>::epsilon();
      CAPTURE(seed, bins);
      CHECK(ece(t) >= 0);
      CHECK(ece(t) <= rmsce(t) + slack);
      CHECK(rmsce(t) <= mce(t) + slack);
      CHECK(mce(t) <= 1);
      CHECK(weighted_mce(t) <= ece(t) + slack);
      CHECK(weighted_mce(t) <= mce(t) + slack);
      CHECK(mean_gap(t) <= mce(t) + slack);
      CHECK(overconfidence(t) + underconfidence(t) == close(ece(t)));
      CHECK(underconfidence(t) - overconfidence(t) == close(accuracy(t) - mean_confidence(t)));
      CHECK(debiased_l2(t) <= rmsce(t) + slack);
      CHECK(ece(t) <= finer + slack);
      finer = ece(t);
    }
    const reliability_table one = filled(binning::equal_width(1), pairs);
    if (one.total_weight() > 0)
      CHECK(ece(one) == close(std::abs(accuracy(one) - mean_confidence(one))));
  }
}

TEST_CASE("a weight of k is k copies, of 0 no sample", "[table_metrics]") {
  for (unsigned seed = 300; seed < 320; ++seed) {
    const auto weighted = random_pairs(200, seed, weights::whole);
    std::vector<naive::pair> copied, scaled = weighted, without_zeros;
    for (const naive::pair& p : weighted) {
      for (double k = 0; k < p.weight; ++k) copied.push_back({p.confidence, p.hit});
      if (p.weight > 0) without_zeros.push_back(p);
    }
    for (naive::pair& p : scaled) p.weight *= 0.37;
    const binning b = binning::equal_width(15);
    const reliability_table w = filled(b, weighted), c = filled(b, copied);
    const reliability_table s = filled(b, scaled), z = filled(b, without_zeros);
    using call = double (*)(const reliability_table&);
    for (const call metric : {call{[](const reliability_table& t) { return ece(t); }},
                              call{[](const reliability_table& t) { return rmsce(t); }},
                              call{[](const reliability_table& t) { return mce(t); }},
                              call{[](const reliability_table& t) { return weighted_mce(t); }},
                              call{[](const reliability_table& t) { return mean_gap(t); }},
                              call{[](const reliability_table& t) { return overconfidence(t); }},
                              call{[](const reliability_table& t) { return accuracy(t); }}}) {
      CHECK(metric(w) == close(metric(c)));
      CHECK(metric(w) == close(metric(s)));
    }
    CHECK(brier_decomposition(w).total() == close(brier_decomposition(c).total()));
    // Debiased: the effective number of samples does not depend on the scale of the weights.
    for (const lone_sample lone : {lone_sample::left_out, lone_sample::plug_in}) {
      CHECK(debiased_squared_l2(s, lone) == Approx(debiased_squared_l2(w, lone)).margin(1e-13));
      CHECK(debiased_squared_l2(z, lone) == Approx(debiased_squared_l2(w, lone)).margin(1e-13));
    }
  }
}

TEST_CASE("samples of weight 0 do not make a lone sample two", "[table_metrics]") {
  reliability_table t(binning::equal_width(2));
  t.add(0.75, true, 5);
  t.add(0.75, false, 0);
  CHECK(debiased_squared_l2(t) == 0);
  CHECK(debiased_squared_l2(t, lone_sample::plug_in) == 0.0625);
  reliability_table two(binning::equal_width(2));
  two.add(0.75, true, 5);
  two.add(0.75, false, 5);
  CHECK(debiased_squared_l2(two) == Approx(0.0625 - 0.25).epsilon(1e-15));
  CHECK(debiased_l2(two) == 0);
}

TEST_CASE("the order of samples does not show", "[table_metrics]") {
  auto pairs = random_pairs(500, 9, weights::real);
  const reliability_table a = filled(binning::equal_width(15), pairs);
  std::shuffle(pairs.begin(), pairs.end(), std::mt19937(1));
  const reliability_table b = filled(binning::equal_width(15), pairs);
  CHECK(ece(a) == close(ece(b)));
  CHECK(mce(a) == close(mce(b)));
  CHECK(rmsce(a) == close(rmsce(b)));
  CHECK(debiased_squared_l2(a) == Approx(debiased_squared_l2(b)).margin(1e-13));
}

TEST_CASE("Murphy's parts add up to the Brier score of single-valued bins", "[table_metrics]") {
  for (const weights kind : all_weights) {
    // Confidences are the middles of twenty bins: nothing varies within a bin.
    auto pairs = random_pairs(400, 10, kind);
    long double misses = 0, total = 0;
    for (naive::pair& p : pairs) {
      p.confidence = (std::min(19.0, std::floor(20 * p.confidence)) + 0.5) / 20;
      const long double miss = static_cast<long double>(p.confidence) - (p.hit ? 1 : 0);
      misses += static_cast<long double>(p.weight) * miss * miss;
      total += static_cast<long double>(p.weight);
    }
    const reliability_table t = filled(binning::equal_width(20), pairs);
    CHECK(brier_decomposition(t).total() == close(static_cast<double>(misses / total)));
    // In coarser bins confidences vary, and the parts fall short of the score or exceed it by
    // 2 cov(confidence, hit) - var(confidence) of the bins; still each is in its range.
    const calibra::brier_parts coarse = brier_decomposition(filled(binning::equal_width(3), pairs));
    CHECK(coarse.resolution <= coarse.uncertainty);
    CHECK(coarse.reliability >= 0);
  }
}

TEST_CASE("metrics of nothing are NaN", "[table_metrics]") {
  reliability_table weightless(binning::equal_width(15));
  weightless.add(0.5, true, 0);
  const std::vector<double> none;
  const std::vector<int> no_hits;
  const auto no_pairs = calibra::confidences(none, no_hits);
  const auto no_scores = calibra::logits(calibra::matrix_view<const float>(nullptr, 0, 3));
  for (const reliability_table& t : {reliability_table(binning::equal_width(15)), weightless}) {
    for (const double x :
         {ece(t), rmsce(t), mce(t), weighted_mce(t), mean_gap(t), overconfidence(t),
          underconfidence(t), debiased_l2(t), debiased_squared_l2(t), accuracy(t),
          mean_confidence(t), brier_decomposition(t).total()})
      CHECK(std::isnan(x));
  }
  for (const double x :
       {ece(no_pairs), rmsce(no_pairs), mce(no_pairs), weighted_mce(no_pairs), mean_gap(no_pairs),
        debiased_l2(no_pairs), ace(no_pairs), ece(no_scores, no_hits), ace(no_scores, no_hits),
        ace(calibra::sample(calibra::precision::float32))})
    CHECK(std::isnan(x));
}

TEST_CASE("samples in no bin count in the total", "[table_metrics]") {
  using namespace calibra::conventions::detail;
  const std::vector<naive::pair> pairs = {{0, true}, {0, true}, {0.75, true}, {0.75, false}};
  const auto bins = binning::equal_width(2);
  const binning no_bin = reference_bins{.between = bins, .zero = zero_rule::no_bin};
  const binning removed = reference_bins{.between = bins, .zero = zero_rule::removed};
  CHECK(ece(filled(no_bin, pairs)) == close(0.25 / 2));
  CHECK(ece(filled(removed, pairs)) == close(0.25));
  CHECK(ece(filled(bins, pairs)) == close(0.5 + 0.25 / 2));
  CHECK(accuracy(filled(no_bin, pairs)) == 0.75);
  CHECK(accuracy(filled(removed, pairs)) == 0.5);
  CHECK(mean_confidence(filled(no_bin, pairs)) == 0.375);
}

TEST_CASE("one call is a table and its metric", "[table_metrics]") {
  const auto z = naive::random_logits<float>(500, 5, naive::layout::rows, 11);
  std::mt19937 generator(12);
  std::vector<int> labels(500);
  std::vector<double> w(500);
  for (std::size_t i = 0; i < 500; ++i) {
    labels[i] = static_cast<int>(generator() % 5);
    w[i] = static_cast<double>(generator() % 4);
  }
  const auto scores = calibra::logits(z.view());
  options o;
  o.bins = 12;
  o.weights = w;
  const auto t = tabulate(scores, labels, o);
  CHECK(ece(scores, labels, o) == ece(t));
  CHECK(rmsce(scores, labels, o) == rmsce(t));
  CHECK(mce(scores, labels, o) == mce(t));
  CHECK(weighted_mce(scores, labels, o) == weighted_mce(t));
  CHECK(mean_gap(scores, labels, o) == mean_gap(t));
  CHECK(debiased_l2(scores, labels, o) == debiased_l2(t));
  CHECK(brier_reliability(scores, labels, o) == brier_decomposition(t).reliability);
  CHECK(brier_resolution(scores, labels, o) == brier_decomposition(t).resolution);
  CHECK(brier_uncertainty(scores, labels, o) == brier_decomposition(t).uncertainty);

  const auto sample = collect(scores, labels, o);
  const auto mass = equal_mass_table(sample, 12);
  CHECK(ace(scores, labels, o) == ece(mass));
  CHECK(ace(sample, {.bins = 12}) == ece(mass));
  options with_edges = o;
  with_edges.edges = {0, 0.5, 1};  // of no use to equal masses
  CHECK(ace(scores, labels, with_edges) == ece(mass));
  o.scheme = calibra::bin_scheme::equal_mass;
  CHECK(ece(scores, labels, o) == ece(mass));
  CHECK(mce(scores, labels, o) == mce(mass));

  std::vector<double> confidence;
  std::vector<bool> hit;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    confidence.push_back(sample.confidence(i));
    hit.push_back(sample.hit(i));
  }
  const auto pairs = calibra::confidences(confidence, hit);
  CHECK(ace(pairs, o) == close(ece(mass)));
  o.scheme = calibra::bin_scheme::equal_width;
  const auto of_pairs = tabulate(sample, o.fixed_bins());
  CHECK(ece(pairs, o) == close(ece(of_pairs)));
  CHECK(rmsce(pairs, o) == close(rmsce(of_pairs)));
  CHECK(mce(pairs, o) == close(mce(of_pairs)));
  CHECK(weighted_mce(pairs, o) == close(weighted_mce(of_pairs)));
  CHECK(mean_gap(pairs, o) == close(mean_gap(of_pairs)));
  CHECK(debiased_l2(pairs, o) == Approx(debiased_l2(of_pairs)).margin(1e-12));
}
