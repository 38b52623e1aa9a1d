// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra {

/// One reliability table a class: the pairs (p_ik, [y_i = k]) of class k over the same bins, one
/// against the rest; for multi-label scores the pairs (p_il, y_il) of label l. Mergeable like
/// reliability_table. Memory: 24 bytes a class and bin (40 if weighted).
class classwise_table {
 public:
  classwise_table(binning bins, std::size_t classes)
      : binning_(std::move(bins)),
        classes_(classes),
        slots_(binning_.size() + (binning_.by_edges() ? 0 : 2)),
        count_(classes * slots_),
        confidence_(classes * slots_),
        hits_(classes * slots_) {}

  std::size_t classes() const { return classes_; }
  const binning& bins() const { return binning_; }
  /// Samples seen.
  std::uint64_t samples() const { return samples_; }

  /// The table of class k. k < classes() is not checked.
  reliability_table operator[](std::size_t k) const {
    reliability_table table(binning_);
    add_class(table, k);
    return table;
  }

  /// All classes' pairs in one table: the pooled table of multi-class scores, the micro form of
  /// multi-label ones. The same as merging the tables of all classes.
  reliability_table micro() const {
    reliability_table table(binning_);
    for (std::size_t k = 0; k < classes_; ++k) add_class(table, k);
    return table;
  }

  /// Mean over classes of metric(table of the class), the macro form: e.g.
  /// `tables.macro([](const auto& t) { return ece(t); })`. A class without samples (or weight)
  /// counts as 0; NaN if all are.
  template<class Metric>
  double macro(Metric metric) const {
    if (classes_ == 0 || samples_ == 0) return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    bool any = false;
    for (std::size_t k = 0; k < classes_; ++k) {
      const double value = metric((*this)[k]);
      if (detail::is_nan(value)) continue;
      sum += value;
      any = true;
    }
    return any ? sum / static_cast<double>(classes_) : std::numeric_limits<double>::quiet_NaN();
  }

  classwise_table& operator+=(const classwise_table& other) {
    if (!(binning_ == other.binning_) || classes_ != other.classes_)
      throw option_error(detail::concat("classwise_table: cannot merge ", other.classes_,
                                        " classes of ", other.binning_.size(), " bins into ",
                                        classes_, " classes of ", binning_.size(), " bins"));
    if (!other.weight_.empty()) make_weighted();
    for (std::size_t i = 0; i < count_.size(); ++i) {
      count_[i] += other.count_[i];
      confidence_[i] += other.confidence_[i];
      hits_[i] += other.hits_[i];
      if (weight_.empty()) continue;
      weight_[i] += other.weight_of(i);
      squares_[i] += other.squares_of(i);
    }
    samples_ += other.samples_;
    return *this;
  }

  /// Adds one pair of class k, checked before; the sample itself is counted by add_samples().
  void add_pair(std::size_t k, double confidence, bool hit, double weight) {
    make_weighted();
    const auto add = [&](std::size_t b) {
      const std::size_t i = k * slots_ + b;
      ++count_[i];
      confidence_[i] += weight * confidence;
      hits_[i] += hit ? weight : 0.0;
      weight_[i] += weight;
      squares_[i] += weight * weight;
    };
    if (binning_.by_edges()) {
      add(static_cast<std::size_t>(binning_.index(confidence)));
    } else if (binning_.index(confidence) == binning::none) {
      add(in_none());
    } else {
      bool again = false;
      binning_.for_each_bin(confidence, [&](std::size_t b) {
        add(b);
        if (again) add(repeated());
        again = true;
      });
    }
  }
  /// Adds `count` pairs of weight 1 to bin b of class k, given the sum of their confidences.
  void add_count(std::size_t k, std::size_t b, std::uint64_t count, double confidence) {
    const std::size_t i = k * slots_ + b;
    count_[i] += count;
    confidence_[i] += confidence;
  }
  /// Adds pairs to bin b of class k at once, given their sums. For bins by a rule, b = in_none() is
  /// what lies in no bin, and b = repeated() what lies in a second one.
  void add_sums(std::size_t k, std::size_t b, const bin_sums& more) {
    const std::size_t i = k * slots_ + b;
    if (more.weight != static_cast<double>(more.count) || more.squared_weight != more.weight)
      make_weighted();
    count_[i] += more.count;
    confidence_[i] += more.confidence;
    hits_[i] += more.hits;
    if (weight_.empty()) return;
    weight_[i] += more.weight;
    squares_[i] += more.squared_weight;
  }
  [[nodiscard]] std::size_t in_none() const { return binning_.size(); }
  [[nodiscard]] std::size_t repeated() const { return binning_.size() + 1; }
  /// The sums of what lies in bin b of class k; of in_none() and repeated() too. The squared misses
  /// of classes are not kept.
  [[nodiscard]] bin_sums sums(std::size_t k, std::size_t b) const {
    return b < slots_ ? sums_at(k * slots_ + b) : bin_sums{};
  }
  /// Adds a hit of weight 1 to bin b of class k.
  void add_hit(std::size_t k, std::size_t b) { hits_[k * slots_ + b] += 1; }
  /// Adds to the number of samples that pairs were made of.
  void add_samples(std::uint64_t n) { samples_ += n; }
  /// Puts the pairs of class k that are in no other bin into the first one: `n` pairs in all, whose
  /// confidences sum to `confidence`.
  void complete_first_bin(std::size_t k, std::uint64_t n, double confidence) {
    const std::size_t first = k * slots_;
    for (std::size_t i = first + 1; i < first + binning_.size(); ++i) {
      n -= count_[i];
      confidence -= confidence_[i];
    }
    count_[first] += n;
    confidence_[first] += n == 0 ? 0.0 : std::max(0.0, confidence);
  }

  /// Gives f all that the table holds, in a fixed order, and takes it back: how it is kept in a
  /// file.
  template<class F>
  void archive_state(std::size_t classes, std::uint64_t samples, F f) {
    classes_ = classes;
    samples_ = samples;
    f(count_);
    f(confidence_);
    f(hits_);
    f(weight_);
    f(squares_);
    const std::size_t n = classes_ * slots_;
    if (count_.size() != n || confidence_.size() != n || hits_.size() != n ||
        squares_.size() != weight_.size() || (!weight_.empty() && weight_.size() != n))
      throw option_error("classwise_table: parts of different sizes");
  }

 private:
  void make_weighted() {
    if (!weight_.empty()) return;
    weight_.assign(count_.begin(), count_.end());  // whatever came unweighted weighs 1
    squares_ = weight_;
  }
  double weight_of(std::size_t i) const {
    return weight_.empty() ? static_cast<double>(count_[i]) : weight_[i];
  }
  double squares_of(std::size_t i) const {
    return weight_.empty() ? static_cast<double>(count_[i]) : squares_[i];
  }

  bin_sums sums_at(std::size_t i) const {
    return {.count = count_[i],
            .weight = weight_of(i),
            .squared_weight = squares_of(i),
            .confidence = confidence_[i],
            .hits = hits_[i]};
  }
  void add_class(reliability_table& table, std::size_t k) const {
    for (std::size_t b = 0; b < binning_.size(); ++b) {
      const std::size_t i = k * slots_ + b;
      table.add_sums(b, sums_at(i));
    }
    if (slots_ == binning_.size()) return;
    table.add_outside_sums(sums_at(k * slots_ + in_none()));
    table.add_repeated_sums(sums_at(k * slots_ + repeated()));
  }

  binning binning_;
  std::size_t classes_;
  std::size_t slots_;  // a class: its bins, and two more where pairs may be in none or in two
  std::uint64_t samples_ = 0;
  std::vector<std::uint64_t> count_;
  std::vector<double> confidence_, hits_;
  std::vector<double> weight_, squares_;  // empty if unweighted
};

}  // namespace calibra
