// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/parallel.hpp"

namespace calibra::detail {

/// Where a number lies between ascending numbers of [0, 1]: a table by the leading bits, which
/// ascend with the numbers, leaves few to search.
class ascending_places {
 public:
  explicit ascending_places(const std::vector<double>& numbers) : numbers_(numbers) {
    if (numbers.empty()) return;
    lowest_ = std::bit_cast<std::uint64_t>(numbers.front());
    const std::uint64_t range = std::bit_cast<std::uint64_t>(numbers.back()) - lowest_;
    while ((range >> shift_) >= cells) ++shift_;
    first_.resize(static_cast<std::size_t>(range >> shift_) + 2, numbers.size());
    for (std::size_t i = numbers.size(); i-- > 0;) first_[cell_of(numbers[i])] = i;
    for (std::size_t c = first_.size() - 1; c-- > 0;)
      first_[c] = std::min(first_[c], first_[c + 1]);
  }

  /// How many are below x; whether x is one of them is `numbers[below(x)] == x`.
  std::size_t below(double x) const {
    if (numbers_.empty() || x <= numbers_.front()) return 0;
    if (x > numbers_.back()) return numbers_.size();
    const std::size_t c = cell_of(x);
    const auto begin = numbers_.begin();
    return static_cast<std::size_t>(
        std::lower_bound(begin + static_cast<std::ptrdiff_t>(first_[c]),
                         begin + static_cast<std::ptrdiff_t>(first_[c + 1]), x) -
        begin);
  }

 private:
  static constexpr std::uint64_t cells = 65536;

  std::size_t cell_of(double x) const {
    return static_cast<std::size_t>((std::bit_cast<std::uint64_t>(x) - lowest_) >> shift_);
  }

  const std::vector<double>& numbers_;
  std::uint64_t lowest_ = 0;
  unsigned shift_ = 0;
  std::vector<std::size_t> first_;
};

/// All pairs (p_ik, [y_i = k]) as blocks for pool_adjacent(): misses between two neighbouring
/// scores of hits are pooled by it in any case, so that one block stands for all of them.
class class_pairs {
 public:
  explicit class_pairs(const class_samples& samples) : samples_(samples) {
    collect_hits();
    count_misses();
  }

  /// Ascending.
  const std::vector<pooled_block>& blocks() const { return blocks_; }
  /// The sum of w (p_k - [y = k])^2 over all.
  double squared_error() const { return squared_error_; }

 private:
  struct weighted {
    double score, weight;
  };
  /// Misses of one score, or between two.
  struct misses {
    double first = std::numeric_limits<double>::infinity();
    double last = -1;
    compensated_sum weight;

    void add(double score, double w) {
      first = std::min(first, score);
      last = std::max(last, score);
      weight += w;
    }
    misses& operator+=(const misses& more) {
      first = std::min(first, more.first);
      last = std::max(last, more.last);
      weight += more.weight;
      return *this;
    }
  };

  /// Where rows are probabilities to within a rounding, so are these.
  static double score_of(double p) { return p > 0 ? std::min(p, 1.0) : 0.0; }

  template<class Visit>
  void walk(const Visit& visit) const {
    samples_.walk(row_form::probabilities, [&](std::size_t part, const class_block& block) {
      for (std::size_t i = 0; i < block.size; ++i)
        if (block.weight_of(i) != 0)
          visit(part, block.row(i), static_cast<std::size_t>(block.label[i]), block.weight_of(i));
    });
  }

  /// The different scores of hits, ascending, and their weights.
  void collect_hits() {
    std::vector<std::vector<weighted>> parts(samples_.parts());
    walk([&](std::size_t part, const double* row, std::size_t label, double w) {
      parts[part].push_back({score_of(row[label]), w});
    });
    std::vector<weighted>& all = parts[0];
    for (std::size_t part = 1; part < parts.size(); ++part)
      all.insert(all.end(), parts[part].begin(), parts[part].end());
    std::sort(all.begin(), all.end(), [](const weighted& a, const weighted& b) {
      return a.score < b.score || (a.score == b.score && a.weight < b.weight);
    });
    for (const weighted& hit : all) {
      if (scores_.empty() || scores_.back() != hit.score) {
        scores_.push_back(hit.score);
        hits_.push_back(0);
      }
      hits_.back() += hit.weight;
    }
  }

  void count_misses() {
    const std::size_t m = scores_.size();
    const ascending_places places(scores_);
    struct alignas(interference_size) sums {
      std::vector<misses> at;  // below scores_[0], at it, between it and the next, ...
      compensated_sum squared_error;
    };
    std::vector<sums> parts(samples_.parts());
    parts[0].at.resize(2 * m + 1);
    walk([&](std::size_t part, const double* row, std::size_t label, double w) {
      sums& s = parts[part];
      s.at.resize(2 * m + 1);
      double squares = 0;
      for (std::size_t k = 0; k < samples_.classes(); ++k) {
        const double p = score_of(row[k]);
        if (k == label) {
          squares += (1 - p) * (1 - p);
          continue;
        }
        squares += p * p;
        const std::size_t i = places.below(p);
        s.at[2 * i + (i < m && scores_[i] == p ? 1 : 0)].add(p, w);
      }
      s.squared_error += w * squares;
    });
    for (std::size_t part = 1; part < parts.size(); ++part) {
      for (std::size_t i = 0; i < parts[part].at.size(); ++i) parts[0].at[i] += parts[part].at[i];
      parts[0].squared_error += parts[part].squared_error;
    }
    squared_error_ = parts[0].squared_error.value();
    for (std::size_t i = 0; i <= 2 * m; ++i) {
      const misses& of = parts[0].at[i];
      const double weight = of.weight.value();
      if (i % 2 == 1) {
        const double score = scores_[i / 2], hits = hits_[i / 2];
        blocks_.push_back({score, score, hits + weight, hits, 0});
      } else if (weight > 0) {
        blocks_.push_back({of.first, of.last, weight, 0, 0});
      }
    }
  }

  const class_samples& samples_;
  std::vector<double> scores_, hits_;
  std::vector<pooled_block> blocks_;
  double squared_error_ = 0;
};

}  // namespace calibra::detail
