// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/table/binning.hpp"

namespace calibra {

/// One row of a reliability table, ready to read.
struct reliability_bin {
  double lower;
  double upper;
  std::uint64_t count;  ///< samples
  double weight;        ///< sum of their weights; equal to count where none were given
  double confidence;    ///< weighted mean confidence, NaN if the bin is empty
  double accuracy;      ///< weighted share of hits, NaN if the bin is empty

  /// accuracy - confidence: negative where the classifier is overconfident.
  double gap() const { return accuracy - confidence; }
};

/// What the samples of a bin add up to. All but `count` are weighted.
struct bin_sums {
  std::uint64_t count = 0;
  double weight = 0;
  double squared_weight = 0;
  double confidence = 0;
  double hits = 0;
  double squared_miss = 0;  ///< of (confidence - hit)^2
};

/// Per bin: how many samples, how confident, how often right. What every binned metric is a
/// function of. Mergeable: after `a += b`, `a` holds what it would hold had it been
/// filled with both streams (counts exactly, sums to compensated rounding), so that threads,
/// batches, shards and ranks can each fill their own.
///
/// Fill: O(1) a sample for equal widths. Memory: O(B). Throws value_error for a confidence or a
/// weight that is NaN, a confidence outside [0, 1], or a negative or infinite weight; option_error
/// when tables of different binnings are merged.
class reliability_table {
 public:
  explicit reliability_table(calibra::binning bins)
      : binning_(std::move(bins)), sums_(binning_.size()) {}

  /// Adds one sample.
  void add(double confidence, bool hit, double weight = 1) {
    check(confidence, weight);
    add_unchecked(confidence, hit, weight);
  }

  /// Adds a batch, or nothing if one of its samples is bad; `weights` empty or as long as the
  /// others.
  void add(std::span<const double> confidence, std::span<const unsigned char> hit,
           std::span<const double> weights = {}) {
    if (hit.size() != confidence.size() || (!weights.empty() && weights.size() != hit.size()))
      throw shape_error(detail::concat("reliability_table::add(): expected ", confidence.size(),
                                       " hits and weights, got ", hit.size(), " and ",
                                       weights.size()));
    for (std::size_t i = 0; i < confidence.size(); ++i)
      check(confidence[i], weights.empty() ? 1.0 : weights[i]);
    for (std::size_t i = 0; i < confidence.size(); ++i)
      add_unchecked(confidence[i], hit[i] != 0, weights.empty() ? 1.0 : weights[i]);
  }

  reliability_table& operator+=(const reliability_table& other) {
    if (!(binning_ == other.binning_))
      throw option_error(detail::concat("reliability_table: cannot merge a table of ", other.size(),
                                        " bins into one of ", size(),
                                        " bins: their binnings differ"));
    for (std::size_t b = 0; b < sums_.size(); ++b) sums_[b].add(other.sums_[b]);
    outside_.add(other.outside_);
    repeated_.add(other.repeated_);
    return *this;
  }

  const calibra::binning& bins() const { return binning_; }
  std::size_t size() const { return sums_.size(); }

  reliability_bin operator[](std::size_t b) const {
    const running_sums& s = sums_[b];
    const double w = s.weight.value();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {.lower = binning_.lower(b),
            .upper = binning_.upper(b),
            .count = s.count,
            .weight = w,
            .confidence = w > 0 ? s.confidence.value() / w : nan,
            .accuracy = w > 0 ? s.hits.value() / w : nan};
  }

  /// Walks over the bins: `for (const reliability_bin& bin : table)`.
  class iterator {
   public:
    using value_type = reliability_bin;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const reliability_table* table, std::size_t bin) : table_(table), bin_(bin) {}
    reliability_bin operator*() const { return (*table_)[bin_]; }
    iterator& operator++() {
      ++bin_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++bin_;
      return before;
    }
    bool operator==(const iterator&) const = default;

   private:
    const reliability_table* table_ = nullptr;
    std::size_t bin_ = 0;
  };
  iterator begin() const { return {this, 0}; }
  iterator end() const { return {this, size()}; }

  /// Samples given, those in no bin included.
  std::uint64_t count() const {
    std::uint64_t n = outside_.count;
    for (const running_sums& s : sums_) n += s.count;
    return n - repeated_.count;
  }
  /// Their weight: what bin weights are relative to.
  double total_weight() const { return total(&running_sums::weight); }
  /// Weighted sum of all confidences, those in no bin included.
  double total_confidence() const { return total(&running_sums::confidence); }
  /// Weighted number of hits, those in no bin included.
  double total_hits() const { return total(&running_sums::hits); }
  /// Weight of the samples that the convention puts into no bin.
  double outside_weight() const { return outside_.weight.value(); }

  /// Sum over the bin of squared weights: with it, an effective count (sum w)^2 / sum w^2.
  double squared_weight(std::size_t b) const { return sums_[b].squares.value(); }
  /// Sum over the bin of weight times (confidence - hit)^2: what the noise of its gap is made of.
  double squared_miss(std::size_t b) const { return sums_[b].misses.value(); }

  /// As add(), for samples that were checked before: confidences in [0, 1], finite weights >= 0.
  void add_unchecked(double confidence, bool hit, double weight) {
    const std::ptrdiff_t first = binning_.index(confidence);
    if (first >= 0) {
      bool again = false;  // only overlapping intervals hold a sample twice
      binning_.for_each_bin(confidence, [&](std::size_t b) {
        sums_[b].add(confidence, hit, weight);
        if (again) repeated_.add(confidence, hit, weight);
        again = true;
      });
    } else if (first == calibra::binning::none) {
      outside_.add(confidence, hit, weight);
    }
  }

  /// Adds a sample to bin `b` whatever its confidence: for bins that are not made of edges.
  void add_to_bin(std::size_t b, double confidence, bool hit, double weight) {
    sums_[b].add(confidence, hit, weight);
  }
  /// Adds samples to bin `b` at once, given their sums.
  void add_sums(std::size_t b, const bin_sums& more) { sums_[b].add(more); }
  /// Adds a sample to the total and to no bin.
  void add_outside(double confidence, bool hit, double weight) {
    outside_.add(confidence, hit, weight);
  }
  /// Adds samples to the total and to no bin, given their sums.
  void add_outside_sums(const bin_sums& more) { outside_.add(more); }

  /// The sums of bin `b`; of what lies in no bin; of what lies in more than one, once too many.
  [[nodiscard]] bin_sums sums(std::size_t b) const { return sums_[b].value(); }
  [[nodiscard]] bin_sums outside() const { return outside_.value(); }
  [[nodiscard]] bin_sums repeated() const { return repeated_.value(); }
  void add_repeated_sums(const bin_sums& more) { repeated_.add(more); }

  /// Calls f(count, sum) for all that the table holds, in a fixed order: how it is kept in a file.
  template<class F>
  void for_each_sum(F f) {
    const auto of = [&](running_sums& s) {
      for (detail::compensated_sum* sum :
           {&s.weight, &s.squares, &s.confidence, &s.hits, &s.misses})
        f(s.count, *sum);
    };
    for (running_sums& s : sums_) of(s);
    of(outside_);
    of(repeated_);
  }

 private:
  static void check(double confidence, double weight) {
    if (!(confidence >= 0 && confidence <= 1) || detail::is_nan(confidence))
      throw value_error(
          detail::concat("reliability_table::add(): confidence ", confidence, " is not in [0, 1]"));
    if (!(weight >= 0) || !detail::is_finite(weight))
      throw value_error(
          detail::concat("reliability_table::add(): weight ", weight, " is not in [0, inf)"));
  }

  struct running_sums {
    std::uint64_t count = 0;
    detail::compensated_sum weight;
    detail::compensated_sum squares;
    detail::compensated_sum confidence;
    detail::compensated_sum hits;
    detail::compensated_sum misses;

    void add(double c, bool hit, double w) {
      const double miss = hit ? 1 - c : c;
      ++count;
      weight += w;
      squares += w * w;
      confidence += w * c;
      misses += w * (miss * miss);
      if (hit) hits += w;
    }
    void add(const bin_sums& more) {
      count += more.count;
      weight += more.weight;
      squares += more.squared_weight;
      confidence += more.confidence;
      hits += more.hits;
      misses += more.squared_miss;
    }
    void add(const running_sums& other) {
      count += other.count;
      weight += other.weight;
      squares += other.squares;
      confidence += other.confidence;
      hits += other.hits;
      misses += other.misses;
    }
    bin_sums value() const {
      return {.count = count,
              .weight = weight.value(),
              .squared_weight = squares.value(),
              .confidence = confidence.value(),
              .hits = hits.value(),
              .squared_miss = misses.value()};
    }
  };

  double total(detail::compensated_sum running_sums::*member) const {
    detail::compensated_sum t = outside_.*member;
    for (const running_sums& s : sums_) t += s.*member;
    t += -(repeated_.*member).value();
    return t.value();
  }

  calibra::binning binning_;
  std::vector<running_sums> sums_;
  running_sums outside_;
  running_sums repeated_;
};

}  // namespace calibra
