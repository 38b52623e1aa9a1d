// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
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

/// Per bin: how many samples, how confident, how often right. What every binned metric is a
/// function of. A commutative monoid: after `a += b`, `a` holds what it would hold had it been
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
    if (!(confidence >= 0 && confidence <= 1) || detail::is_nan(confidence))
      throw value_error(
          detail::concat("reliability_table::add(): confidence ", confidence, " is not in [0, 1]"));
    if (!(weight >= 0) || !detail::is_finite(weight))
      throw value_error(
          detail::concat("reliability_table::add(): weight ", weight, " is not in [0, inf)"));
    add_unchecked(confidence, hit, weight);
  }

  /// Adds a batch; `weights` empty or as long as the others.
  void add(std::span<const double> confidence, std::span<const unsigned char> hit,
           std::span<const double> weights = {}) {
    if (hit.size() != confidence.size() || (!weights.empty() && weights.size() != hit.size()))
      throw shape_error(detail::concat("reliability_table::add(): expected ", confidence.size(),
                                       " hits and weights, got ", hit.size(), " and ",
                                       weights.size()));
    for (std::size_t i = 0; i < confidence.size(); ++i)
      add(confidence[i], hit[i] != 0, weights.empty() ? 1.0 : weights[i]);
  }

  reliability_table& operator+=(const reliability_table& other) {
    if (!(binning_ == other.binning_))
      throw option_error(detail::concat("reliability_table: cannot merge a table of ", other.size(),
                                        " bins into one of ", size(),
                                        " bins: their binnings differ"));
    for (std::size_t b = 0; b < sums_.size(); ++b) sums_[b].merge(other.sums_[b]);
    outside_.merge(other.outside_);
    repeated_.merge(other.repeated_);
    return *this;
  }

  const calibra::binning& bins() const { return binning_; }
  std::size_t size() const { return sums_.size(); }

  reliability_bin operator[](std::size_t b) const {
    const sums& s = sums_[b];
    const double w = s.weight.value();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {binning_.lower(b),
            binning_.upper(b),
            s.count,
            w,
            w > 0 ? s.confidence.value() / w : nan,
            w > 0 ? s.hits.value() / w : nan};
  }

  /// Samples given, those in no bin included.
  std::uint64_t count() const {
    std::uint64_t n = outside_.count;
    for (const sums& s : sums_) n += s.count;
    return n - repeated_.count;
  }
  /// Their weight: what bin weights are relative to.
  double total_weight() const { return total(&sums::weight); }
  /// Weighted sum of all confidences, those in no bin included.
  double total_confidence() const { return total(&sums::confidence); }
  /// Weighted number of hits, those in no bin included.
  double total_hits() const { return total(&sums::hits); }
  /// Weight of the samples that the convention puts into no bin.
  double outside_weight() const { return outside_.weight.value(); }

  /// Sum over the bin of squared weights: with it, an effective count (sum w)^2 / sum w^2.
  double squared_weight(std::size_t b) const { return sums_[b].squares.value(); }

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

  /// As add_unchecked() for a block of at most 1024 samples: sums within the block are plain,
  /// blocks are added up with compensation. `weights` may be null.
  void add_block(const double* confidence, const unsigned char* hit, const double* weights,
                 std::size_t n) {
    constexpr std::size_t local = 32;
    const std::size_t size = sums_.size();
    if (weights != nullptr || size > local || binning_.rule() != bin_rule::edges ||
        binning_.zero() != zero_rule::first_bin || binning_.one() != one_rule::last_bin) {
      for (std::size_t i = 0; i < n; ++i)
        add_unchecked(confidence[i], hit[i] != 0, weights == nullptr ? 1.0 : weights[i]);
      return;
    }
    // A confidence lies in as high a bin as there are inner edges below it: c > e, or c >= e, which
    // is c > the number before e.
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const auto bins = static_cast<double>(size);
    std::array<double, 2 * local> below;
    below.fill(infinity);
    below[0] = -infinity;
    bool even = true;
    for (std::size_t b = 1; b < size; ++b) {
      const double edge = binning_.edges()[b];
      even = even && std::abs(edge * bins - static_cast<double>(b)) < 0.25;
      below[b] =
          binning_.side() == edge_side::right_closed ? edge : std::nextafter(edge, -infinity);
    }
    // Several sets of counters: neighbouring samples that share a bin need not wait for each other.
    struct plain {
      std::uint64_t count;
      double confidence;
    };
    constexpr std::size_t sets = 4;
    std::array<std::array<plain, 2 * local>, sets> counters;  // [set][2 bin + hit]
    for (auto& set : counters) std::fill_n(set.begin(), 2 * size, plain{});
    const auto add_to = [&](std::array<plain, 2 * local>& set, std::size_t bin, std::size_t i) {
      plain& at = set[2 * bin + hit[i]];
      ++at.count;
      at.confidence += confidence[i];
    };
    std::size_t i = 0;
    if (even) {
      // A guess that is the bin or the one before it.
      const auto bin_of = [&](double c) {
        const auto bin = static_cast<std::size_t>(static_cast<std::int64_t>(c * bins - 0.25));
        return bin + static_cast<std::size_t>(c > below[bin + 1]);
      };
      for (; i + sets <= n; i += sets)
        for (std::size_t s = 0; s < sets; ++s)
          add_to(counters[s], bin_of(confidence[i + s]), i + s);
      for (; i < n; ++i) add_to(counters[0], bin_of(confidence[i]), i);
    } else {
      for (; i < n; ++i) {
        std::size_t bin = 0;
        for (std::size_t step = local / 2; step > 0; step /= 2)
          bin += confidence[i] > below[bin + step] ? step : 0;
        add_to(counters[i % sets], bin, i);
      }
    }
    for (std::size_t b = 0; b < size; ++b) {
      std::uint64_t count = 0, hits = 0;
      double sum = 0;
      for (const auto& set : counters) {
        count += set[2 * b].count + set[2 * b + 1].count;
        hits += set[2 * b + 1].count;
        sum += set[2 * b].confidence + set[2 * b + 1].confidence;
      }
      if (count != 0) sums_[b].add_many(count, sum, hits);
    }
  }

  /// Adds a sample to bin `b` whatever its confidence: for bins that are not made of edges.
  void add_to_bin(std::size_t b, double confidence, bool hit, double weight) {
    sums_[b].add(confidence, hit, weight);
  }
  /// Adds `count` samples of weight 1 to bin `b` at once, given the sums of their confidences and
  /// hits.
  void add_sums(std::size_t b, std::uint64_t count, double confidence, double hits) {
    add_sums(b, count, confidence, hits, static_cast<double>(count), static_cast<double>(count));
  }
  /// As above for samples whose weights sum to `weight` and their squares to `squares`; the other
  /// sums are weighted.
  void add_sums(std::size_t b, std::uint64_t count, double confidence, double hits, double weight,
                double squares) {
    sums_[b].count += count;
    sums_[b].weight += weight;
    sums_[b].squares += squares;
    sums_[b].confidence += confidence;
    sums_[b].hits += hits;
  }
  /// Adds a sample to the total and to no bin.
  void add_outside(double confidence, bool hit, double weight) {
    outside_.add(confidence, hit, weight);
  }
  /// Adds `count` samples to the total and to no bin, given their weighted sums.
  void add_outside_sums(std::uint64_t count, double confidence, double hits, double weight) {
    outside_.count += count;
    outside_.weight += weight;
    outside_.confidence += confidence;
    outside_.hits += hits;
  }

 private:
  struct sums {
    std::uint64_t count = 0;
    detail::compensated_sum weight;
    detail::compensated_sum squares;
    detail::compensated_sum confidence;
    detail::compensated_sum hits;

    void add(double c, bool hit, double w) {
      ++count;
      weight += w;
      squares += w * w;
      confidence += w * c;
      if (hit) hits += w;
    }
    void add_many(std::uint64_t n, double c, std::uint64_t h) {
      count += n;
      weight += static_cast<double>(n);
      squares += static_cast<double>(n);
      confidence += c;
      hits += static_cast<double>(h);
    }
    void merge(const sums& other) {
      count += other.count;
      weight += other.weight;
      squares += other.squares;
      confidence += other.confidence;
      hits += other.hits;
    }
  };

  double total(detail::compensated_sum sums::*member) const {
    detail::compensated_sum t = outside_.*member;
    for (const sums& s : sums_) t += s.*member;
    t += -(repeated_.*member).value();
    return t.value();
  }

  calibra::binning binning_;
  std::vector<sums> sums_;
  sums outside_;
  sums repeated_;
};

}  // namespace calibra
