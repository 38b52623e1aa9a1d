// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "calibra/detail/compensated_sum.hpp"

namespace calibra {

/// Sums that need no bins. Mergeable like reliability_table: `a += b` equals having seen
/// both streams. Every mean is NaN for no samples (or no weight).
class summary {
 public:
  /// What samples add up to, each term times the sample's weight.
  struct sums {
    double weight = 0;
    double correct = 0;
    double confidence = 0;
    double nll = 0;  ///< infinite if a label had probability 0, NaN where there is none
    double brier = 0;
    double brier_top = 0;
  };
  /// Adds `count` samples, given their sums.
  void add_sums(std::uint64_t count, const sums& s) {
    count_ += count;
    weight_ += s.weight;
    correct_ += s.correct;
    confidence_ += s.confidence;
    if (s.nll == std::numeric_limits<double>::infinity())
      infinite_ = true;
    else
      nll_ += s.nll;
    brier_ += s.brier;
    brier_top_ += s.brier_top;
  }
  /// All that there is, to be kept and made again.
  struct parts {
    std::uint64_t count = 0;
    std::array<detail::compensated_sum, 6> sums = {};
    bool infinite = false;
  };
  summary() = default;
  explicit summary(const parts& p)
      : count_(p.count),
        weight_(p.sums[0]),
        correct_(p.sums[1]),
        confidence_(p.sums[2]),
        nll_(p.sums[3]),
        brier_(p.sums[4]),
        brier_top_(p.sums[5]),
        infinite_(p.infinite) {}
  [[nodiscard]] parts state() const {
    return {count_, {weight_, correct_, confidence_, nll_, brier_, brier_top_}, infinite_};
  }

  /// The sums so far.
  [[nodiscard]] sums totals() const {
    return {.weight = weight_.value(),
            .correct = correct_.value(),
            .confidence = confidence_.value(),
            .nll = infinite_ ? std::numeric_limits<double>::infinity() : nll_.value(),
            .brier = brier_.value(),
            .brier_top = brier_top_.value()};
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

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] double total_weight() const noexcept { return weight_.value(); }
  /// Share of samples whose predicted class is the label.
  [[nodiscard]] double accuracy() const { return correct_.value() / total_weight(); }
  /// Mean confidence.
  [[nodiscard]] double confidence() const { return confidence_.value() / total_weight(); }
  /// Mean negative log-likelihood in nats; infinite if a label had probability 0.
  [[nodiscard]] double nll() const {
    return infinite_ ? std::numeric_limits<double>::infinity() : nll_.value() / total_weight();
  }
  /// Mean Brier score, summed over classes: in [0, 2].
  [[nodiscard]] double brier() const { return brier_.value() / total_weight(); }
  /// Mean (confidence - hit)^2: in [0, 1].
  [[nodiscard]] double brier_top() const { return brier_top_.value() / total_weight(); }

 private:
  std::uint64_t count_ = 0;
  detail::compensated_sum weight_, correct_, confidence_, nll_, brier_, brier_top_;
  bool infinite_ = false;
};

}  // namespace calibra
