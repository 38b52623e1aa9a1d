// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

enum class sweep_norm {
  l1,  ///< sum_b (n_b / n) |gap_b|
  l2,  ///< sqrt(sum_b (n_b / n) gap_b^2)
};

struct sweep_ece_options {
  sweep_norm norm = sweep_norm::l1;
  bin_scheme binning = bin_scheme::equal_mass;
  /// Puts the samples at the largest confidence into a bin of their own, as robustness_metrics
  /// does.
  bool own_bin_for_largest = false;
};

struct sweep_ece_result {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::size_t bins = 0;  ///< B, the largest number of bins of the sweep; some may be empty
};

namespace detail {

/// Finds the number of bins of a monotonic sweep over a sorted sample.
template<class C>
class monotonic_sweep {
 public:
  /// The sample must be sorted and not empty, and must outlive this object.
  monotonic_sweep(const sample<C>& sorted, bin_scheme binning)
      : sample_(sorted), binning_(binning) {
    const std::size_t n = sorted.size();
    hits_before_.reserve(n / stride + 1);
    std::size_t hits = 0;
    for (std::size_t i = 0; i <= n; ++i) {
      if (i % stride == 0) hits_before_.push_back(hits);
      if (i < n && sorted.hit(i)) ++hits;
    }
    while (first_hit_ < n && !sorted.hit(first_hit_)) ++first_hit_;
    std::size_t misses_end = n;
    while (misses_end > 0 && sorted.hit(misses_end - 1)) --misses_end;
    last_miss_ = misses_end == 0 ? 0 : misses_end - 1;
    separated_ = misses_end <= first_hit_;
  }

  /// The last B of 1, 2, 3, ..., n - 1 before the first whose accuracies fall somewhere.
  std::size_t bins() const {
    const std::size_t n = sample_.size();
    if (n < 3) return 1;
    if (separated_) return n - 1;
    std::size_t found = 1;
    while (found + 1 < n && monotonic(found + 1)) ++found;
    return found;
  }

  /// Bin of the sample of rank r among B.
  std::size_t bin_of(std::size_t r, std::size_t bins) const {
    const double part = binning_ == bin_scheme::equal_mass
                            ? static_cast<double>(r) / static_cast<double>(sample_.size())
                            : sample_.confidence(r);
    return static_cast<std::size_t>(
        std::min(std::floor(part * static_cast<double>(bins)), static_cast<double>(bins - 1)));
  }

  /// The first rank that is beyond bin b of B.
  std::size_t end_of_bin(std::size_t b, std::size_t bins) const {
    const std::size_t n = sample_.size();
    if (binning_ == bin_scheme::equal_mass) {
      // Rounding may put the edge one rank beside its place.
      auto r = std::min(
          n, static_cast<std::size_t>(std::ceil(
                 static_cast<double>(b + 1) / static_cast<double>(bins) * static_cast<double>(n))));
      while (r > 0 && bin_of(r - 1, bins) > b) --r;
      while (r < n && bin_of(r, bins) <= b) ++r;
      return r;
    }
    std::size_t low = 0, high = n;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (bin_of(middle, bins) <= b)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

 private:
  // Bins before the first hit have accuracy 0, bins after the last miss have accuracy 1: only those
  // between can fall.
  bool monotonic(std::size_t bins) const {
    std::size_t b = bin_of(first_hit_, bins);
    std::size_t start = b == 0 ? 0 : end_of_bin(b - 1, bins);
    double before = 0;
    while (start <= last_miss_) {
      const std::size_t end = end_of_bin(b, bins);
      const double accuracy = static_cast<double>(hits_before(end) - hits_before(start)) /
                              static_cast<double>(end - start);
      if (accuracy < before) return false;
      before = accuracy;
      if (end == sample_.size()) break;
      start = end;
      b = bin_of(end, bins);
    }
    return true;
  }

  std::size_t hits_before(std::size_t rank) const {
    std::size_t hits = hits_before_[rank / stride];
    for (std::size_t i = rank - rank % stride; i < rank; ++i) hits += sample_.hit(i) ? 1 : 0;
    return hits;
  }

  static constexpr std::size_t stride = 64;

  const sample<C>& sample_;
  bin_scheme binning_;
  std::vector<std::size_t> hits_before_;  // every stride-th; the rest is counted when asked for
  std::size_t first_hit_ = 0;
  std::size_t last_miss_ = 0;
  bool separated_ = false;  // all misses lie before all hits
};

/// First rank of a sorted sample whose confidence is not below the edge.
template<class C>
std::size_t rank_of_edge(const sample<C>& sorted, double edge) {
  std::size_t low = 0, high = sorted.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (sorted.confidence(middle) < edge)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

}  // namespace detail

/// Calibration error with as many bins as keep the accuracy monotonic, and that number: B = 2, 3,
/// ... up to n - 1 while the accuracies of the non-empty bins do not fall from bin to bin; the last
/// such B is used (1 if already two bins fall).
///
/// In the sweep, the sample of rank r (from 0, ascending confidence) is in bin floor(r / n * B) for
/// equal mass and floor(confidence * B) for equal width, at most B - 1; equal confidences are
/// ranked in the order of the sample. For the error, the edge between two bins is the midpoint of
/// the largest confidence below and the smallest one above, and bins are [a, b) with the last
/// closed: equal confidences are never parted, an edge between two of them moves down to the first.
///
/// Beside the paper: it writes l_p for any p and bins by rank alone, which is the same where no
/// confidence occurs twice; it lets B reach n, which matters only if every miss has less confidence
/// than every hit. robustness_metrics (`msce`) is l1, equal mass, `own_bin_for_largest` = true; it
/// leaves out samples of confidence 0 and orders equal confidences arbitrarily.
/// Range: [0, 1] for confidences in [0, 1]. Value NaN and 0 bins if the sample is empty.
/// Cost: O(n) and O(B) per step of the sweep, times log n for equal width; an unsorted sample is
/// copied and sorted, O(n). Memory: 1 byte for 8 pairs.
/// Throws option_error for a weighted sample: ranks of weighted samples would part single samples.
/// Not mergeable: append samples instead.
/// Source: Roelofs, Cain, Shlens and Mozer, "Mitigating Bias in Calibration Error Estimation",
/// AISTATS 2022 (arXiv:2012.08668), ECE_sweep.
template<class C>
sweep_ece_result sweep_ece_details(const sample<C>& s, const sweep_ece_options& options = {}) {
  if (s.weighted())
    throw option_error("sweep_ece(): the sample is weighted; the sweep is defined without weights");
  if (s.empty()) return {};
  return detail::with_sorted(s, [&options](const sample<C>& sorted) {
    const std::size_t n = sorted.size();
    const detail::monotonic_sweep<C> sweep(sorted, options.binning);
    const std::size_t bins = sweep.bins();

    double sum = 0;
    std::size_t first = 0;
    const auto close_bin = [&](std::size_t end) {
      if (end == first) return;
      double gap = 0;
      for (std::size_t i = first; i < end; ++i)
        gap += (sorted.hit(i) ? 1.0 : 0.0) - sorted.confidence(i);
      const auto count = static_cast<double>(end - first);
      sum += options.norm == sweep_norm::l1 ? std::abs(gap) : gap * gap / count;
      first = end;
    };
    for (std::size_t end = 0; end < n;) {
      end = sweep.end_of_bin(sweep.bin_of(end, bins), bins);
      if (end < n) {
        const double edge = 0.5 * sorted.confidence(end - 1) + 0.5 * sorted.confidence(end);
        close_bin(detail::rank_of_edge(sorted, edge));
      }
    }
    if (options.own_bin_for_largest)
      close_bin(detail::rank_of_edge(sorted, sorted.confidence(n - 1)));
    close_bin(n);
    const double mean = sum / static_cast<double>(n);
    return sweep_ece_result{options.norm == sweep_norm::l1 ? mean : std::sqrt(mean), bins};
  });
}

/// The value of `sweep_ece_details`: the calibration error with as many bins as keep the accuracy
/// monotonic. Everything said there holds here.
template<class C>
double sweep_ece(const sample<C>& s, const sweep_ece_options& options = {}) {
  return sweep_ece_details(s, options).value;
}

}  // namespace calibra
