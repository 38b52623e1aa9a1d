// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/table/tabulate.hpp"

namespace calibra {

/// Sums that need no bins. A commutative monoid like reliability_table: `a += b` equals having seen
/// both streams. Every mean is NaN for no samples (or no weight).
class summary {
 public:
  void add(const detail::row_block& block) {
    double weight = 0, correct = 0, confidence = 0, nll = 0, brier = 0, brier_top = 0;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double w = block.weight == nullptr ? 1.0 : block.weight[i];
      if (w == 0) continue;  // an infinite loss of weight 0 is no loss
      const double miss = block.confidence[i] - static_cast<double>(block.hit[i]);
      weight += w;
      correct += w * static_cast<double>(block.correct[i]);
      confidence += w * block.confidence[i];
      nll -= w * block.log_likelihood[i];
      brier += w * block.brier[i];
      brier_top += w * miss * miss;
    }
    add_sums(block.size, {weight, correct, confidence, nll, brier, brier_top});
  }

  /// What samples add up to, each term times the sample's weight.
  struct sums {
    double weight, correct, confidence, nll, brier, brier_top;
  };
  /// Adds `count` samples, given their sums.
  void add_sums(std::uint64_t count, const sums& s) {
    count_ += count;
    weight_ += s.weight;
    correct_ += s.correct;
    confidence_ += s.confidence;
    if (s.nll < std::numeric_limits<double>::infinity())
      nll_ += s.nll;
    else
      infinite_ = true;
    brier_ += s.brier;
    brier_top_ += s.brier_top;
  }

  summary& operator+=(const summary& other) {
    count_ += other.count_;
    weight_ += other.weight_;
    correct_ += other.correct_;
    confidence_ += other.confidence_;
    nll_ += other.nll_;
    infinite_ = infinite_ || other.infinite_;
    brier_ += other.brier_;
    brier_top_ += other.brier_top_;
    return *this;
  }

  std::uint64_t count() const { return count_; }
  double total_weight() const { return weight_.value(); }
  /// Share of samples whose predicted class is the label.
  double accuracy() const { return correct_.value() / total_weight(); }
  /// Mean confidence.
  double confidence() const { return confidence_.value() / total_weight(); }
  /// Mean negative log-likelihood in nats; infinite if a label had probability 0.
  double nll() const {
    return infinite_ ? std::numeric_limits<double>::infinity() : nll_.value() / total_weight();
  }
  /// Mean Brier score, summed over classes: in [0, 2].
  double brier() const { return brier_.value() / total_weight(); }
  /// Mean (confidence - hit)^2: in [0, 1].
  double brier_top() const { return brier_top_.value() / total_weight(); }

 private:
  std::uint64_t count_ = 0;
  detail::compensated_sum weight_, correct_, confidence_, nll_, brier_, brier_top_;
  bool infinite_ = false;
};

namespace detail {

struct add_to_summary {
  void operator()(summary& s, const row_block& block) const { s.add(block); }
};

}  // namespace detail

/// One pass for everything that is a mean over rows. Arguments and errors as collect().
template<wrapped_scores S, class L>
summary summarise(const S& scores, L&& labels, const options& o = {}) {
  return detail::scores_pass("summarise()", scores, std::forward<L>(labels), o,
                             {.proper_scores = true}, summary{}, detail::add_to_summary{});
}

}  // namespace calibra
