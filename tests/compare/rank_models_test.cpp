// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// rank_models() against compare() of each two models.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/compare/rank_models.hpp"
#include "calibra/evaluate.hpp"

using namespace calibra;

namespace {

/// Logits of models that see the same rows with more and more noise.
struct noisy_models {
  std::vector<matrix<double>> z;
  std::vector<int> y;
  noisy_models(std::size_t n, const std::vector<double>& noise, unsigned seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    z.assign(noise.size(), matrix<double>(n, 3));
    for (std::size_t i = 0; i < n; ++i) {
      y.push_back(static_cast<int>(random() % 3));
      for (std::size_t k = 0; k < 3; ++k) {
        const double seen = (static_cast<int>(k) == y.back() ? 1.5 : 0) + 0.5 * normal(random);
        for (std::size_t m = 0; m < noise.size(); ++m)
          z[m](i, k) = seen + noise[m] * normal(random);
      }
    }
  }
  auto scores() const {
    std::vector<decltype(logits(z[0]))> all;
    for (const matrix<double>& one : z) all.push_back(logits(one));
    return all;
  }
};

}  // namespace

TEST_CASE("ranks are those that pairs corrected by Holm leave", "[rank_models]") {
  const noisy_models models(400, {1.5, 0.1, 0.1, 3}, 5);
  const metric_list metrics{nll, accuracy, ece};
  const interval_options how{.replicates = 199, .seed = 4};
  const std::vector<ranking> rankings = rank_models(models.scores(), models.y, metrics, {}, how);
  REQUIRE(rankings.size() == 3);
  for (const ranking& r : rankings) {
    INFO(r.name);
    REQUIRE(r.pairs.size() == 6);
    REQUIRE(r.ranks.size() == 4);
    CHECK(r.level == 0.95);
    std::vector<double> p;
    for (const model_pair& pair : r.pairs) {
      const comparison both = compare(logits(models.z[pair.first]), logits(models.z[pair.second]),
                                      models.y, metrics, {}, how);
      p.push_back(both[r.name].p);
      CHECK(pair.difference == both[r.name].difference);
    }
    p = holm_adjusted(p);
    const double sign = r.name == "accuracy" ? -1 : 1;
    for (std::size_t i = 0; i < 4; ++i) {
      const model_rank& rank = r.ranks[i];
      std::size_t better = 0, worse = 0;
      for (std::size_t k = 0; k < p.size(); ++k) {
        const model_pair& pair = r.pairs[k];
        CHECK(pair.p == p[k]);
        if (p[k] > 0.05) continue;
        const bool first_wins = sign * pair.difference < 0;
        better += (first_wins ? pair.second : pair.first) == rank.model ? 1 : 0;
        worse += (first_wins ? pair.first : pair.second) == rank.model ? 1 : 0;
      }
      CHECK(rank.best == 1 + better);
      CHECK(rank.worst == 4 - worse);
      CHECK(rank.value == evaluate(logits(models.z[rank.model]), models.y, metrics)[r.name]);
      if (i > 0) CHECK(sign * rank.value >= sign * r.ranks[i - 1].value);
    }
  }
  // The two that are alike share their ranks; the noisiest is last for sure.
  const std::vector<model_rank>& by_nll = rankings[0].ranks;
  CHECK(by_nll[0].worst == 2);
  CHECK(by_nll[1].best == 1);
  CHECK(by_nll[3].model == 3);
  CHECK(by_nll[3].best == 4);
}

TEST_CASE("ranks of what cannot be ranked", "[rank_models]") {
  noisy_models models(60, {0.1, 0.1}, 6);
  CHECK_THROWS_WITH(rank_models(std::vector{logits(models.z[0])}, models.y),
                    Catch::Contains("rank_models(): expected 2 models or more, got 1"));
  CHECK_THROWS_WITH(rank_models(models.scores(), models.y, {nll, mean_confidence}),
                    Catch::Contains("no side of confidence is the better"));
  // p is at least 1 / (replicates + 1), three times that once corrected.
  const noisy_models three(60, {0.1, 0.2, 0.3}, 7);
  CHECK_THROWS_WITH(rank_models(three.scores(), three.y, {ece}, {}, {.replicates = 50}),
                    Catch::Contains("3 pairs of models by ece need more replicates than 50"));
  CHECK_NOTHROW(rank_models(three.scores(), three.y, {ece}, {}, {.replicates = 59}));
  // The same model twice: nothing to tell apart.
  models.z[1] = models.z[0];
  for (const ranking& r : rank_models(models.scores(), models.y)) {
    CHECK(r.pairs[0].difference == 0);
    CHECK(r.ranks[0].model == 0);
    for (const model_rank& rank : r.ranks) CHECK((rank.best == 1 && rank.worst == 2));
  }
}
