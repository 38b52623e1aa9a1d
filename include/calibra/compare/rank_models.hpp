// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "calibra/compare/compare.hpp"
#include "calibra/compare/comparison.hpp"
#include "calibra/compare/holm.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/options.hpp"

namespace calibra {

/// Where a model stands in a metric.
struct model_rank {
  std::size_t model = 0;  ///< its place among those given, from 0
  double value = std::numeric_limits<double>::quiet_NaN();
  /// Its ranks, from 1, that these samples do not rule out: 1 more than the models that are surely
  /// better, and as many as the models less those that are surely worse.
  std::size_t best = 1, worst = 1;
};

/// Two models, and whether they differ in a metric.
struct model_pair {
  std::size_t first = 0, second = 0;
  double difference = std::numeric_limits<double>::quiet_NaN();  ///< first - second
  double p = std::numeric_limits<double>::quiet_NaN();  ///< corrected for all pairs, by Holm
  std::string note = {};                                ///< why there is no p
};

/// How several models stand in one metric.
struct ranking {
  std::string name;               ///< of the metric
  std::vector<model_rank> ranks;  ///< the best value first; NaN last
  std::vector<model_pair> pairs;  ///< each two of them
  double level = 0;
};

namespace detail {

/// Corrects the p of pairs, and says of models, which lie in the order given, where they stand.
inline void rank_by_pairs(ranking& r, bool lower_is_better) {
  std::vector<double> p;
  for (const model_pair& pair : r.pairs) p.push_back(pair.p);
  p = holm_adjusted(p);
  for (std::size_t i = 0; i < p.size(); ++i) {
    model_pair& pair = r.pairs[i];
    pair.p = p[i];
    if (!(pair.p <= 1 - r.level) || pair.difference == 0) continue;
    const bool first_is_better = (pair.difference < 0) == lower_is_better;
    ++r.ranks[first_is_better ? pair.second : pair.first].best;
    --r.ranks[first_is_better ? pair.first : pair.second].worst;
  }
  std::stable_sort(r.ranks.begin(), r.ranks.end(), [&](const model_rank& a, const model_rank& b) {
    if (is_nan(a.value) || is_nan(b.value)) return !is_nan(a.value) && is_nan(b.value);
    return lower_is_better ? a.value < b.value : a.value > b.value;
  });
}

}  // namespace detail

/// Ranks models on the same samples, one ranking a metric, with the ranks that cannot be told
/// apart.
///
/// Each two models are compared as compare() does; the p of all pairs in a metric are corrected by
/// Holm. A model counts as better than another where its value is on the better side
/// (metric_info::better; of a metric of your own the lower one, if it does not say) and that p is
/// at most 1 - level. For means (nll, brier, accuracy) all ranks are right at once with a
/// probability of about `level`. For metrics of bins or pairs p says that the models are not alike,
/// and values include noise, which depends on the confidences: of two calibrated models ece calls
/// one the better. Rank by nll, brier or debiased_l2.
/// Shapes: two models or more, else option_error; all as compare() wants two. option_error too for
/// metrics without a better side, and where `replicates` are too few for a p that is still small
/// after the correction. A pair without a p tells nothing apart. Errors as compare().
/// Cost: that of compare() for each two. Ref: Holm 1979; Mogstad, Romano, Shaikh and Wilhelm 2024
/// (ranks from pairs that differ).
template<class S, class L>
[[nodiscard]] std::vector<ranking> rank_models(const std::vector<S>& models, const L& labels,
                                               const metric_list& metrics = {nll, brier, accuracy},
                                               const options& o = {},
                                               const interval_options& how = {}) {
  if (models.size() < 2)
    throw option_error(
        detail::concat("rank_models(): expected 2 models or more, got ", models.size()));
  std::vector<ranking> rankings;
  for (const any_metric& m : metrics) {
    if (m.info().better == better_side::neither)
      throw option_error(detail::concat("rank_models(): no side of ", m.name(), " is the better"));
    rankings.push_back({std::string(m.name()), {}, {}, how.level});
    for (std::size_t i = 0; i < models.size(); ++i)
      rankings.back().ranks.push_back({.model = i, .worst = models.size()});
  }
  for (std::size_t i = 0; i < models.size(); ++i)
    for (std::size_t j = i + 1; j < models.size(); ++j) {
      const comparison both = compare(models[i], models[j], labels, metrics, o, how);
      for (std::size_t m = 0; m < rankings.size(); ++m) {
        const metric_difference& d = both.differences[m];
        const std::size_t pairs = models.size() * (models.size() - 1) / 2;
        if (d.method == "permutation" &&
            static_cast<double>(pairs) > (1 - how.level) * static_cast<double>(how.replicates + 1))
          throw option_error(detail::concat("rank_models(): ", pairs, " pairs of models by ",
                                            d.name, " need more replicates than ", how.replicates));
        rankings[m].pairs.push_back({i, j, d.difference, d.p, d.note});
        rankings[m].ranks[i].value = d.a;
        rankings[m].ranks[j].value = d.b;
      }
    }
  std::size_t place = 0;
  for (const any_metric& m : metrics)
    detail::rank_by_pairs(rankings[place++], m.info().better == better_side::lower);
  return rankings;
}

}  // namespace calibra
