// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "calibra/error.hpp"

namespace calibra {

/// Which end of a bin belongs to it.
enum class edge_side {
  right_closed,  ///< (lower, upper], as in Guo et al. 2017
  left_closed,   ///< [lower, upper), as numpy.histogram and torch.bucketize(right=True)
};

/// Where a confidence of exactly 0 goes when bins are (lower, upper].
enum class zero_rule {
  first_bin,  ///< into the first bin
  no_bin,     ///< into no bin, though it stays in the total that weights are relative to
  removed,    ///< nowhere: as if the sample had not been given
};

/// Where a confidence of exactly 1 goes when bins are [lower, upper).
enum class one_rule {
  last_bin,     ///< into the last bin
  own_bin,      ///< into one more bin that holds nothing else
  weight_only,  ///< counted in the last bin's weight, left out of its means
};

/// How a bin is found for a confidence.
enum class bin_rule {
  edges,           ///< by comparison with the edges: the only rule that honours them exactly
  floor_multiply,  ///< floor(B c), as TensorFlow Probability
  floor_divide,    ///< floor(c / w) with w = 1/B rounded to the scores' scalar, as relplot
  ceil_multiply,   ///< ceil(B c) - 1, as the functions of focal_calibration
  intervals,       ///< (u - 1/B, u] for given upper ends u: may overlap or leave holes
};

/// Maps a confidence in [0, 1] to a bin. An immutable value: two tables can be merged when their
/// binnings are equal. Finding a bin costs O(1) for equal widths and O(log B) for given edges.
class binning {
 public:
  static constexpr std::ptrdiff_t none = -1;     ///< no bin, still part of the total
  static constexpr std::ptrdiff_t removed = -2;  ///< not part of the total either

  /// B bins of equal width with edges fl(k/B), correctly rounded.
  /// Throws option_error for B = 0 or B > 10^6.
  static binning equal_width(std::size_t bins, edge_side side = edge_side::right_closed) {
    check_count(bins);
    std::vector<double> edges(bins + 1);
    for (std::size_t k = 0; k <= bins; ++k)
      edges[k] = static_cast<double>(k) / static_cast<double>(bins);
    return binning(std::move(edges), side);
  }

  /// Bins between given edges, which ascend (equal neighbours make a bin that stays empty), start
  /// at or below 0 and end at or above 1. Throws option_error otherwise.
  static binning from_edges(std::vector<double> edges, edge_side side = edge_side::right_closed) {
    if (edges.size() < 2)
      throw option_error(detail::concat("binning: expected at least 2 edges, got ", edges.size()));
    check_count(edges.size() - 1);
    for (std::size_t k = 0; k < edges.size(); ++k) {
      if (!(std::abs(edges[k]) < 1e300) || (k > 0 && edges[k] < edges[k - 1]))
        throw option_error(
            detail::concat("binning: expected ascending edges, got ", edges[k], " as edge ", k));
    }
    if (edges.front() > 0 || edges.back() < 1)
      throw option_error(detail::concat("binning: expected edges that cover [0, 1], got [",
                                        edges.front(), ", ", edges.back(), "]"));
    return binning(std::move(edges), side);
  }

  /// Bins (upper[k] - width, upper[k]], each tested by itself: neighbours may overlap or leave
  /// holes.
  static binning from_intervals(std::vector<double> upper, double width) {
    check_count(upper.size());
    std::vector<double> edges{upper.front() - width};
    edges.insert(edges.end(), upper.begin(), upper.end());
    binning b(std::move(edges), edge_side::right_closed);
    b.rule_ = bin_rule::intervals;
    b.width_ = width;
    return b;
  }

  /// A copy with other rules. `single`: arithmetic of the rule is done in float, as the peers that
  /// have it do for float scores.
  binning with_rule(bin_rule rule, bool single = false) const {
    binning b = *this;
    b.rule_ = rule;
    b.single_ = single;
    return b;
  }
  binning with_zero(zero_rule zero) const {
    binning b = *this;
    b.zero_ = zero;
    return b;
  }
  binning with_one(one_rule one) const {
    binning b = *this;
    b.one_ = one;
    return b;
  }

  /// The number of bins, the extra one for confidence 1 included.
  std::size_t size() const { return intervals() + (one_ == one_rule::own_bin ? 1 : 0); }
  double lower(std::size_t bin) const {
    if (bin == intervals()) return 1.0;
    return rule_ == bin_rule::intervals ? edges_[bin + 1] - width_ : edges_[bin];
  }
  double upper(std::size_t bin) const { return bin == intervals() ? 1.0 : edges_[bin + 1]; }
  const std::vector<double>& edges() const { return edges_; }
  edge_side side() const { return side_; }
  bin_rule rule() const { return rule_; }
  zero_rule zero() const { return zero_; }
  one_rule one() const { return one_; }

  /// The bin of confidence c, or `none`, or `removed`. For bin_rule::intervals the first one.
  std::ptrdiff_t index(double c) const {
    if (c <= 0 && zero_ != zero_rule::first_bin)
      return zero_ == zero_rule::removed ? removed : none;
    if (c >= 1 && one_ != one_rule::last_bin)
      return one_ == one_rule::own_bin ? static_cast<std::ptrdiff_t>(intervals()) : none;
    switch (rule_) {
      case bin_rule::edges:
        return by_edges(c);
      case bin_rule::floor_multiply:
        return clipped(std::floor(single_ ? static_cast<float>(intervals()) * static_cast<float>(c)
                                          : static_cast<double>(intervals()) * c));
      case bin_rule::floor_divide: {
        const double w = 1.0 / static_cast<double>(intervals());
        return clipped(std::floor(single_ ? static_cast<float>(c) / static_cast<float>(w) : c / w));
      }
      case bin_rule::ceil_multiply:
        return clipped(std::ceil(static_cast<double>(intervals()) * c) - 1);
      case bin_rule::intervals:
        for (std::size_t k = 0; k < intervals(); ++k)
          if (inside(k, c)) return static_cast<std::ptrdiff_t>(k);
        return none;
    }
    return none;
  }

  /// Calls f(bin) for every bin that c lies in: one, save for overlapping intervals.
  template<class F>
  void for_each_bin(double c, F f) const {
    const std::ptrdiff_t first = index(c);
    if (first < 0) return;
    f(static_cast<std::size_t>(first));
    if (rule_ != bin_rule::intervals) return;
    for (std::size_t k = static_cast<std::size_t>(first) + 1; k < intervals(); ++k)
      if (inside(k, c)) f(k);
  }

  bool operator==(const binning&) const = default;

 private:
  binning(std::vector<double> edges, edge_side side) : edges_(std::move(edges)), side_(side) {
    uniform_ = true;
    const auto bins = static_cast<double>(intervals());
    for (std::size_t k = 0; k < edges_.size(); ++k)
      uniform_ = uniform_ && std::abs(edges_[k] * bins - static_cast<double>(k)) < 0.25;
  }

  static void check_count(std::size_t bins) {
    if (bins < 1 || bins > 1'000'000)
      throw option_error(detail::concat("binning: expected 1 to 1000000 bins, got ", bins));
  }

  std::size_t intervals() const { return edges_.size() - 1; }
  bool inside(std::size_t k, double c) const {
    return c > edges_[k + 1] - width_ && c <= edges_[k + 1];
  }
  std::ptrdiff_t clipped(double bin) const {
    const auto last = static_cast<double>(intervals() - 1);
    return static_cast<std::ptrdiff_t>(bin < 0 ? 0 : bin > last ? last : bin);
  }

  std::ptrdiff_t by_edges(double c) const {
    const auto last = static_cast<std::ptrdiff_t>(intervals()) - 1;
    std::ptrdiff_t bin;
    if (uniform_) {  // a guess that is at most one bin off, put right by comparison
      bin = std::clamp(static_cast<std::ptrdiff_t>(c * static_cast<double>(intervals())),
                       std::ptrdiff_t{0}, last);
      const double* e = edges_.data() + bin;
      if (side_ == edge_side::right_closed)
        bin += static_cast<std::ptrdiff_t>(c > e[1]) - static_cast<std::ptrdiff_t>(c <= e[0]);
      else
        bin += static_cast<std::ptrdiff_t>(c >= e[1]) - static_cast<std::ptrdiff_t>(c < e[0]);
    } else if (side_ == edge_side::right_closed) {
      bin = std::lower_bound(edges_.begin() + 1, edges_.end() - 1, c) - edges_.begin() - 1;
    } else {
      bin = std::upper_bound(edges_.begin() + 1, edges_.end() - 1, c) - edges_.begin() - 1;
    }
    return std::clamp(bin, std::ptrdiff_t{0}, last);
  }

  std::vector<double> edges_;
  edge_side side_ = edge_side::right_closed;
  bin_rule rule_ = bin_rule::edges;
  zero_rule zero_ = zero_rule::first_bin;
  one_rule one_ = one_rule::last_bin;
  double width_ = 0;
  bool single_ = false;
  bool uniform_ = false;
};

}  // namespace calibra
