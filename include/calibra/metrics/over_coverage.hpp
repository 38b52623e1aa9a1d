// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/table/sample.hpp"

namespace calibra {

/// Pairs of one confidence.
struct tied_pairs {
  double confidence = 0;
  std::size_t count = 0;  ///< those of a weight above 0
  double weight = 0;      ///< sum of their weights
  double misses = 0;      ///< of it, of those that are no hits
};

/// Calls f(tied) for each confidence of ascending pairs, from the greatest down: in the order in
/// which a model that may refuse to answer answers. Pairs of weight 0 are none.
template<class F>
void for_each_tie_down(const sample& sorted, F&& f) {
  tied_pairs tied;
  for (std::size_t i = sorted.size(); i-- > 0;) {
    const double w = sorted.weight(i), c = sorted.confidence(i);
    if (w == 0) continue;
    if (tied.count > 0 && c != tied.confidence) {
      f(tied);
      tied = {};
    }
    tied.confidence = c;
    ++tied.count;
    tied.weight += w;
    if (!sorted.hit(i)) tied.misses += w;
  }
  if (tied.count > 0) f(tied);
}

/// How the area under a curve of n points is taken.
enum class area_rule {
  steps,       ///< the mean of the points
  trapezoids,  ///< the mean over lines from the first point to the last
};

/// Adds up the area under the risk-coverage curve: the share of misses among the most confident
/// pairs, by how many those are. Within a tie every pair has the tie's share of misses: the mean
/// over the orders in which they may come. The pairs of a tie share its weight.
class risk_area {
 public:
  explicit risk_area(area_rule rule) : rule_(rule) {}

  void add(std::size_t count, double weight, double misses) {
    const auto n = static_cast<double>(count);
    for (std::size_t j = 1; j <= count; ++j) {
      const auto part = static_cast<double>(j) / n;
      const double risk = (misses_ + misses * part) / (weight_ + weight * part);
      if (rule_ == area_rule::steps)
        area_ += weight / n * risk;
      else if (weight_ > 0 || j > 1)
        area_ += weight / n * (risk + last_) / 2;
      if (weight_ == 0 && j == 1 && rule_ == area_rule::trapezoids) first_ = weight / n;
      last_ = risk;
    }
    weight_ += weight;
    misses_ += misses;
  }
  [[nodiscard]] double weight() const { return weight_; }
  [[nodiscard]] double misses() const { return misses_; }
  /// NaN without points; with one point and trapezoids.
  [[nodiscard]] double mean() const { return area_ / (weight_ - first_); }

 private:
  area_rule rule_;
  double weight_ = 0, misses_ = 0, area_ = 0, last_ = 0;
  double first_ = 0;  // weight of the first point, from which the first line leads
};

}  // namespace calibra
