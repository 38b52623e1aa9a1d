// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/log_gamma.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/equal_weight.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/detail/step_map.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

namespace detail {

/// The binnings that bbq averages: bins of equal weight of the sorted samples.
class bayesian_bins {
 public:
  /// `prior`: how many samples a bin the prior is worth.
  bayesian_bins(const std::vector<pooled_block>& tied, double prior)
      : tied_(tied), prior_(prior), weight_(tied.size() + 1), hits_(tied.size() + 1) {
    for (std::size_t i = 0; i < tied.size(); ++i) {
      weight_[i + 1] = weight_[i] + tied[i].weight;
      hits_[i + 1] = hits_[i] + tied[i].hits;
    }
  }

  /// The fewest and the most bins of a binning.
  std::size_t fewest() const {
    return std::min(most(), count(std::floor(std::cbrt(weight_.back()) / 10 + rounding)));
  }
  std::size_t most() const { return count(std::ceil(std::cbrt(weight_.back()) * 10 - rounding)); }

  std::vector<std::size_t> starts(std::size_t bins) const {
    return equal_weight_starts(weight_, bins);
  }
  /// The cut below block i.
  double cut(std::size_t i) const { return cut_between(tied_[i - 1].first, tied_[i].first); }

  /// ln P(outcomes | bins).
  double score(const std::vector<std::size_t>& starts) const {
    double sum = 0;
    for (std::size_t b = 0; b < starts.size(); ++b) {
      const bin x = bin_of(starts, b);
      sum += log_gamma(x.hit_prior + x.miss_prior) -
             log_gamma(x.hits + x.misses + x.hit_prior + x.miss_prior);
      sum += log_gamma(x.hits + x.hit_prior) - log_gamma(x.hit_prior);
      sum += log_gamma(x.misses + x.miss_prior) - log_gamma(x.miss_prior);
    }
    return sum;
  }
  /// P(y = 1) in a bin.
  double value(const std::vector<std::size_t>& starts, std::size_t b) const {
    const bin x = bin_of(starts, b);
    return (x.hits + x.hit_prior) / (x.hits + x.misses + x.hit_prior + x.miss_prior);
  }

 private:
  static constexpr double rounding = 1e-9;

  struct bin {
    double hits, misses, hit_prior, miss_prior;
  };
  bin bin_of(const std::vector<std::size_t>& starts, std::size_t b) const {
    const bool last = b + 1 == starts.size();
    const std::size_t first = starts[b], end = last ? tied_.size() : starts[b + 1];
    const double lower = b == 0 ? 0 : cut(first), upper = last ? 1 : cut(end);
    const double weight = weight_[end] - weight_[first];
    const double hits = std::clamp(hits_[end] - hits_[first], 0.0, weight);
    // The middle, and what it is short of 1: neither is 0.
    const double middle = std::max((lower + upper) / 2, least_probability);
    const double rest = std::max((1 - lower) / 2 + (1 - upper) / 2, least_probability);
    return {hits, weight - hits, prior_ * middle, prior_ * rest};
  }
  std::size_t count(double bins) const {
    return static_cast<std::size_t>(std::clamp(bins, 1.0, static_cast<double>(tied_.size())));
  }

  const std::vector<pooled_block>& tied_;
  double prior_;
  std::vector<double> weight_, hits_;  // before each block
};

}  // namespace detail

/// Bayesian binning into quantiles: the mean of histograms with B bins of equal weight, B from
/// max(1, floor(n^(1/3) / 10)) to ceil(10 n^(1/3)), each weighted by the probability of the
/// outcomes given its bins. n is the sum of the weights; B is at most the number of different
/// scores.
///
/// In each of the bins that hold a sample the outcomes have a beta prior worth s = options::prior
/// samples whose mean is the middle m of the bin, (lower, upper], which covers [0, 1] with the
/// others: P(y = 1) = (hits + s m) / (weight + s). The weight of a binning is the product over its
/// bins of G(s) / G(N + s) * G(h + a) / G(a) * G(N - h + c) / G(c), with G the gamma function, N
/// and h weight and hits, a = s m, c = s (1 - m). The paper writes s as N' / B, B the number of
/// bins; its authors' code, and their experiments, have N' = 2 B.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<bbq>. Equal scores
/// are one block; a block lies in the bin in which the middle of its weight lies.
/// Certificate: in closed form; the mean squared error before and after, which is not what it
/// minimises. No samples: 1/2. Outputs are never exactly 0 or 1 but by rounding.
/// Cost: O(n) to sort, O(n^(2/3) log n) for all binnings; O(log m) a number to map, m steps.
/// Weights count as repetition. Keeps: neither order nor prediction. Throws option_error for a
/// prior that is not in [1e-3, 1e6]. Source: Naeini, Cooper and Hauskrecht, "Obtaining well
/// calibrated probabilities using Bayesian binning", AAAI 2015.
class bbq final : public detail::step_map<bbq> {
 public:
  static constexpr recalibrator_info info{
      .name = "bbq",
      .map = "the mean of histograms of equally many samples, by their Bayesian scores",
      .objective = "squared error",
      .keeps = "nothing",
      .source = "Naeini, Cooper and Hauskrecht, AAAI 2015",
  };
  static constexpr std::string_view kind = info.name;
  struct options {
    double prior = 2;  ///< samples a bin
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("prior", o.prior);
    }
  };
  using detail::step_map<bbq>::step_map;

  static bbq fit(const binary_samples& samples, const options& o) {
    if (!(o.prior >= 1e-3 && o.prior <= 1e6))
      throw option_error(
          detail::concat("bbq::fit(): expected a prior in [1e-3, 1e6], got ", o.prior));
    const std::vector<detail::pooled_block> tied = detail::tied_blocks(samples.pairs);
    if (tied.empty()) return with_report(samples, tied, {{0, 1}, {0.5}});
    const detail::bayesian_bins bins(tied, o.prior);
    std::vector<double> scores;
    for (std::size_t b = bins.fewest(); b <= bins.most(); ++b)
      scores.push_back(bins.score(bins.starts(b)));
    const double best = *std::max_element(scores.begin(), scores.end());

    struct binning_of {
      std::vector<std::size_t> starts;
      double weight;
    };
    std::vector<binning_of> kept;
    std::vector<std::size_t> starts;  // of steps
    double total = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double weight = std::exp(scores[i] - best);
      if (weight < 1e-20) continue;  // all of them together are below a rounding
      kept.push_back({bins.starts(bins.fewest() + i), weight});
      starts.insert(starts.end(), kept.back().starts.begin(), kept.back().starts.end());
      total += weight;
    }
    std::sort(starts.begin(), starts.end());
    starts.erase(std::unique(starts.begin(), starts.end()), starts.end());

    std::vector<double> edges{0}, values(starts.size());
    for (std::size_t i = 1; i < starts.size(); ++i) edges.push_back(bins.cut(starts[i]));
    edges.push_back(1);
    for (const binning_of& one : kept) {
      double value = bins.value(one.starts, 0);
      for (std::size_t i = 0, b = 0; i < starts.size(); ++i) {
        if (b + 1 < one.starts.size() && one.starts[b + 1] == starts[i])
          value = bins.value(one.starts, ++b);
        values[i] += one.weight / total * value;
      }
    }
    for (double& value : values) value = std::min(value, 1.0);
    return with_report(samples, tied, {std::move(edges), std::move(values)});
  }
};

}  // namespace calibra
