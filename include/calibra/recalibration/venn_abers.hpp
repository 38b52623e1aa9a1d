// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/recalibration/detail/closed_form.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

namespace detail {

/// For every gap between m blocks, and before and after them, what isotonic regression says of one
/// more sample of weight 1 and outcome `hit` in that gap: the slope of the common lower tangent of
/// the cumulative sums before the gap and of those after it, moved by (1, hit). Both points of
/// contact only move to the right from gap to gap, so that all gaps take O(m).
inline std::vector<double> isotonic_at_gaps(const std::vector<pooled_block>& blocks, double hit) {
  struct point {
    double weight, hits;
  };
  const std::size_t m = blocks.size();
  std::vector<point> sum(m + 1);
  for (std::size_t i = 0; i < m; ++i)
    sum[i + 1] = {sum[i].weight + blocks[i].weight, sum[i].hits + blocks[i].hits};
  // How far c lies above the line through a and b, times their distance.
  const auto above = [](const point& a, const point& b, const point& c) {
    return (c.hits - a.hits) * (b.weight - a.weight) - (b.hits - a.hits) * (c.weight - a.weight);
  };
  // The next corner of the lower hull of the sums from each on.
  std::vector<std::size_t> next(m + 1, m);
  for (std::size_t j = m; j-- > 0;) {
    std::size_t to = j + 1;
    while (to < m && above(sum[j], sum[to], sum[next[to]]) <= 0) to = next[to];
    next[j] = to;
  }
  std::vector<double> value(m + 1);
  std::vector<std::size_t> hull;  // the lower hull of the sums up to the gap
  std::size_t left = 0, right = 0;
  for (std::size_t gap = 0; gap <= m; ++gap) {
    while (hull.size() > 1 && above(sum[hull[hull.size() - 2]], sum[hull.back()], sum[gap]) <= 0)
      hull.pop_back();
    hull.push_back(gap);
    left = std::min(left, hull.size() - 1);
    right = std::max(right, gap);
    const auto moved = [&](std::size_t j) { return point{sum[j].weight + 1, sum[j].hits + hit}; };
    for (;;) {
      const point from = sum[hull[left]], to = moved(right);
      // The right end first: only from a line below which no sum to the right lies can the left end
      // not go too far.
      if (right < m && above(from, to, moved(next[right])) < 0)
        right = next[right];
      else if (left + 1 < hull.size() && above(from, to, sum[hull[left + 1]]) < 0)
        ++left;
      else
        break;
    }
    const point from = sum[hull[left]], to = moved(right);
    // Beside weights above 1e15 the new sample's 1 is lost.
    const double weight = to.weight - from.weight;
    value[gap] = weight > 0 ? std::clamp((to.hits - from.hits) / weight, 0.0, 1.0) : hit;
  }
  return value;
}

}  // namespace detail

/// An interval of probabilities.
struct probability_interval {
  double lower = 0;
  double upper = 1;
};

/// Inductive Venn-Abers prediction: p1 is what isotonic regression of the samples and the new score
/// with outcome 1 says of it, p0 the same with outcome 0, and p = p1 / (1 - p0 + p1). One of p0 and
/// p1 is perfectly calibrated if samples are exchangeable; p is never 0 or 1.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<venn_abers>,
/// one_against_one<venn_abers>. Certificate: in closed form; the objective is the mean squared
/// error of p. No samples: p0 = 0, p1 = 1, p = 1/2.
/// Cost: O(n) to sort and to fit, O(log m) a number to map, m different scores; 24 m bytes. The new
/// sample has weight 1: weights count as repetition. Keeps: the order, up to ties.
/// Source: Vovk, Petej and Fedorova, "Large-scale probabilistic predictors with and without
/// guarantees of validity", NIPS 2015.
class venn_abers final : public detail::binary_map<venn_abers, row_form::probabilities> {
 public:
  static constexpr recalibrator_info info{
      .name = "venn_abers",
      .map = "p1 / (1 - p0 + p1) of inductive Venn-Abers prediction",
      .objective = "squared error",
      .keeps = "the order of the scores, up to ties",
      .source = "Vovk, Petej and Fedorova, NIPS 2015",
  };
  static constexpr std::string_view kind = info.name;
  struct options {};

  /// From m ascending scores and the m + 1 values of p0 and p1 before, between and after them.
  /// Throws value_error unless they are so many, ascend and are in [0, 1].
  venn_abers(std::vector<double> scores, std::vector<double> p0, std::vector<double> p1,
             fit_report report = {})
      : binary_map(std::move(report)),
        scores_(std::move(scores)),
        p0_(std::move(p0)),
        p1_(std::move(p1)) {
    if (p0_.size() != scores_.size() + 1 || p1_.size() != p0_.size())
      throw value_error(detail::concat("venn_abers(): expected one value of p0 and p1 more than ",
                                       scores_.size(), " scores, got ", p0_.size(), " and ",
                                       p1_.size()));
    for (std::size_t i = 0; i < p0_.size(); ++i) {
      if (!(p0_[i] >= 0 && p0_[i] <= 1 && p1_[i] >= 0 && p1_[i] <= 1))
        throw value_error(detail::concat("venn_abers(): p0 or p1 number ", i, ", ", p0_[i], " and ",
                                         p1_[i], ", is not in [0, 1]"));
      if (i < scores_.size() &&
          !(scores_[i] >= 0 && scores_[i] <= 1 && (i == 0 || scores_[i - 1] < scores_[i])))
        throw value_error(detail::concat("venn_abers(): scores do not ascend in [0, 1] at number ",
                                         i, ", ", scores_[i]));
    }
  }

  static venn_abers fit(const binary_samples& samples, const options&) {
    const std::vector<detail::pooled_block> tied = detail::tied_blocks(samples.pairs);
    std::vector<double> scores;
    for (const detail::pooled_block& b : tied) scores.push_back(b.first);
    venn_abers model(std::move(scores), detail::isotonic_at_gaps(tied, 0),
                     detail::isotonic_at_gaps(tied, 1));
    model.set_report(detail::closed_form_report(samples, tied, [&](std::size_t i) {
      return merged({model.p0_[i + 1], model.p1_[i]});
    }));
    return model;
  }

  [[nodiscard]] const std::vector<double>& scores() const noexcept { return scores_; }
  [[nodiscard]] const std::vector<double>& p0() const noexcept { return p0_; }
  [[nodiscard]] const std::vector<double>& p1() const noexcept { return p1_; }

  /// [p0, p1] of a probability as it came.
  [[nodiscard]] probability_interval interval(double p) const {
    const auto low = std::lower_bound(scores_.begin(), scores_.end(), p);
    const auto high = low != scores_.end() && *low == p ? low + 1 : low;
    return {p0_[static_cast<std::size_t>(high - scores_.begin())],
            p1_[static_cast<std::size_t>(low - scores_.begin())]};
  }
  /// p1 / (1 - p0 + p1).
  [[nodiscard]] double operator()(double p) const { return merged(interval(p)); }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"scores", scores_}, {"p0", p0_}, {"p1", p1_}};
  }
  static venn_abers from_parameters(const parameter_reader& p) {
    return {p.list("scores"), p.list("p0"), p.list("p1"), p.report()};
  }

 private:
  static double merged(const probability_interval& i) { return i.upper / (1 - i.lower + i.upper); }

  std::vector<double> scores_, p0_, p1_;
};

}  // namespace calibra
