// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/table/sample.hpp"

// The samples of two classes at a time.
namespace calibra::detail {

/// How many pairs of classes there are.
constexpr std::size_t pair_count(std::size_t classes) {
  return classes * (classes - 1) / 2;
}
/// Where classes low < high stand among the pairs (0, 1), (0, 2), ..., (1, 2), ...
constexpr std::size_t pair_index(std::size_t low, std::size_t high, std::size_t classes) {
  return low * (2 * classes - low - 1) / 2 + high - low - 1;
}

/// How many samples each class has.
inline std::vector<std::size_t> label_counts(const class_samples& samples) {
  std::vector<std::vector<std::size_t>> counts(samples.parts(),
                                               std::vector<std::size_t>(samples.classes()));
  samples.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
    for (std::size_t i = 0; i < block.size; ++i)
      ++counts[part][static_cast<std::size_t>(block.label[i])];
  });
  for (std::size_t part = 1; part < counts.size(); ++part)
    for (std::size_t k = 0; k < samples.classes(); ++k) counts[0][k] += counts[part][k];
  return std::move(counts[0]);
}

/// The samples of the pairs first, ..., last - 1, in the order of the rows within each.
class pair_collector {
 public:
  pair_collector(const class_samples& samples, std::size_t first, std::size_t last,
                 bool with_logits)
      : parts_(samples.parts(), std::vector<binary_samples>(last - first)) {
    samples.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
      for (std::size_t i = 0; i < block.size; ++i) {
        const auto label = static_cast<std::size_t>(block.label[i]);
        for (std::size_t other = 0; other < block.classes; ++other) {
          if (other == label) continue;
          const auto [low, high] = std::minmax(label, other);
          const std::size_t pair = pair_index(low, high, block.classes);
          if (pair < first || pair >= last) continue;
          const double x = block.row(i)[low] - block.row(i)[high];
          binary_samples& to = parts_[part][pair - first];
          to.pairs.push_back(sigmoid(x), label == low, weight_if_any(block.weight, i));
          if (with_logits) to.logits.push_back(x);
        }
      }
    });
  }

  /// Those of pair first + i, once.
  [[nodiscard]] binary_samples take(std::size_t i) {
    binary_samples all = std::move(parts_[0][i]);
    for (std::size_t part = 1; part < parts_.size(); ++part) {
      const binary_samples more = std::move(parts_[part][i]);
      all.pairs.append(more.pairs);
      all.logits.insert(all.logits.end(), more.logits.begin(), more.logits.end());
    }
    return all;
  }

 private:
  std::vector<std::vector<binary_samples>> parts_;
};

/// Calls visit(low, high, samples) for all classes low < high with the samples of these two labels,
/// several at a time on threads: the score is sigmoid(z_low - z_high), a hit the label `low`. As
/// many pairs are gathered in a pass as take about `budget` bytes. Returns the number of passes.
template<class Visit>
std::size_t for_each_pair(const class_samples& samples, bool with_logits, const Visit& visit,
                          std::size_t budget = std::size_t{16} << 20) {
  struct class_pair {
    std::size_t low, high;
  };
  const std::size_t k = samples.classes();
  std::vector<class_pair> pairs;
  for (std::size_t low = 0; low < k; ++low)
    for (std::size_t high = low + 1; high < k; ++high) pairs.push_back({low, high});
  const std::vector<std::size_t> count = label_counts(samples);
  const auto bytes = [&](const class_pair& p) {
    return 24 * (count[p.low] + count[p.high]) + samples.parts() * sizeof(binary_samples);
  };
  std::size_t passes = 1;
  for (std::size_t first = 0, last = 0; first < pairs.size(); first = last) {
    for (std::size_t taken = 0; last < pairs.size(); ++last) {
      taken += bytes(pairs[last]);
      if (taken > budget && last > first) break;
    }
    pair_collector gathered(samples, first, last, with_logits);
    samples.run(last - first, [&](std::size_t i) {
      visit(pairs[first + i].low, pairs[first + i].high, gathered.take(i));
    });
    ++passes;
  }
  return passes;
}

}  // namespace calibra::detail
