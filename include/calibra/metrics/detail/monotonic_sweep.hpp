// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory_resource>
#include <vector>

#include "calibra/options.hpp"
#include "calibra/table/sample.hpp"

namespace calibra::detail {

/// Finds the number of bins of a monotonic sweep over a sorted sample.
class monotonic_sweep {
 public:
  /// The sample must be sorted and not empty, and must outlive this object.
  monotonic_sweep(const sample& sorted, bin_scheme binning) : sample_(sorted), binning_(binning) {
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
    for (std::size_t i = rank - rank % stride; i < rank; ++i)
      hits += static_cast<std::size_t>(sample_.hit(i));
    return hits;
  }

  static constexpr std::size_t stride = 64;

  const sample& sample_;
  bin_scheme binning_;
  std::pmr::vector<std::size_t> hits_before_;  // every stride-th; the rest is counted when asked
  std::size_t first_hit_ = 0;
  std::size_t last_miss_ = 0;
  bool separated_ = false;  // all misses lie before all hits
};

/// First rank of a sorted sample whose confidence is not below the edge.
inline std::size_t rank_of_edge(const sample& sorted, double edge) {
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

}  // namespace calibra::detail
