// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/detail/counter_random.hpp"
#include "calibra/error.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

/// Collects rows of probabilities to blocks, and of each block the mean over its pairs of
/// exp(-|p_i - p_j| / bandwidth) <e_{y_i} - p_i, e_{y_j} - p_j>: for the labels, and for draws of
/// labels with the probabilities.
class skce_blocks {
 public:
  skce_blocks(std::size_t classes, std::size_t block, double bandwidth, std::size_t draws,
              std::uint64_t seed)
      : classes_(classes),
        block_(block),
        bandwidth_(bandwidth),
        seed_(seed),
        kernel_(block * block),
        product_(block * block),
        sums_(draws + 1) {}

  void add(const double* p, std::size_t label) {
    rows_.insert(rows_.end(), p, p + classes_);
    labels_.push_back(label);
    if (labels_.size() == block_) finish_block();
  }
  std::size_t blocks() const { return blocks_; }
  /// The sums over blocks, first of the labels.
  const std::vector<double>& sums() const { return sums_; }

 private:
  const double* row(std::size_t i) const { return rows_.data() + i * classes_; }

  void finish_block() {
    for (std::size_t i = 0; i < block_; ++i)
      for (std::size_t j = i + 1; j < block_; ++j) {
        double distance = 0, product = 0;
        for (std::size_t k = 0; k < classes_; ++k) {
          const double p = row(i)[k], q = row(j)[k];
          distance += (p - q) * (p - q);
          product += p * q;
        }
        kernel_[i * block_ + j] = std::sqrt(distance);
        product_[i * block_ + j] = product;
      }
    if (bandwidth_ == 0) bandwidth_ = median_distance();
    for (double& x : kernel_) x = std::exp(-x / bandwidth_);
    sums_[0] += mean_of_pairs();
    for (std::size_t d = 1; d < sums_.size(); ++d) {
      draw_labels(counter_random(seed_, blocks_ * sums_.size() + d));
      sums_[d] += mean_of_pairs();
    }
    ++blocks_;
    rows_.clear();
    labels_.clear();
  }
  double median_distance() const {
    std::vector<double> distances;
    for (std::size_t i = 0; i < block_; ++i)
      for (std::size_t j = i + 1; j < block_; ++j) distances.push_back(kernel_[i * block_ + j]);
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    return *middle > 0 ? *middle : 1;
  }
  void draw_labels(counter_random random) {
    for (std::size_t i = 0; i < block_; ++i) {
      double left = random.uniform();
      std::size_t k = 0;
      while (k + 1 < classes_ && (left -= row(i)[k]) >= 0) ++k;
      labels_[i] = k;
    }
  }
  double mean_of_pairs() const {
    double sum = 0;
    for (std::size_t i = 0; i < block_; ++i) {
      const double* p = row(i);
      for (std::size_t j = i + 1; j < block_; ++j) {
        const double same = labels_[i] == labels_[j] ? 1 : 0;
        sum += kernel_[i * block_ + j] *
               (same - p[labels_[j]] - row(j)[labels_[i]] + product_[i * block_ + j]);
      }
    }
    return 2 * sum / static_cast<double>(block_ * (block_ - 1));
  }

  std::size_t classes_, block_;
  double bandwidth_;
  std::uint64_t seed_;
  std::size_t blocks_ = 0;
  std::vector<double> rows_, kernel_, product_, sums_;
  std::vector<std::size_t> labels_;
};

}  // namespace detail

/// The test of the squared kernel calibration error of all classes, by blocks.
///
/// Statistic: mean over blocks of B rows of the mean over pairs of a block of exp(-|p_i - p_j| /
///   bandwidth) <e_{y_i} - p_i, e_{y_j} - p_j>. Law: `draws` draws of all labels with their
///   probabilities, one-sided; p is at least 1 / (draws + 1). Scores: N x K, or one number a
///   sample, as two classes. Rows are taken in their order; those behind the last whole block are
///   left out. Weights: rows of weight 0 are left out; of other weights than 1 there is no result.
///   Fewer rows than a block, or than 4: NaN. Errors: as fit(); option_error for a block of 1, a
///   negative bandwidth and fewer than 19 draws. Cost: O(N B (K + draws)). Memory: a block and B^2.
///   Ref: Widmann, Lindsten and Zachariah, NeurIPS 2019 (arXiv 1910.11385); the law by draws
///   instead of the normal one, which is not near for blocks of this size.
class skce_test_type {
 public:
  static constexpr test_info info{
      .name = "skce",
      .statistic = "the squared kernel calibration error, by blocks",
      .law = "labels drawn with their probabilities",
      .blind_to = "nothing, with enough samples; more classes need more of them",
      .source = "Widmann, Lindsten and Zachariah, NeurIPS 2019",
  };
  struct options {
    std::size_t block = 0;  ///< rows; 0: the root of their number, at most
    double bandwidth = 0;   ///< 0: the median distance in the first block
    std::size_t draws = 200;
    std::uint64_t seed = 0;
  };

  constexpr skce_test_type() = default;
  [[nodiscard]] constexpr skce_test_type with(const options& o) const {
    skce_test_type t;
    t.options_ = o;
    return t;
  }
  [[nodiscard]] static constexpr std::string_view name() noexcept { return info.name; }

  template<wrapped_scores S, class L>
  [[nodiscard]] test_result operator()(const S& scores, const L& labels,
                                       const row_options& o = {}) const {
    static_assert(!detail::is_multilabel<S> && !tensor_scores<S>,
                  "calibra: skce_test takes arrays of one label a sample");
    row_options one = o;
    one.threads = {1};  // blocks are of neighbouring rows
    return detail::with_samples("skce_test()", scores, labels, one,
                                [&](const auto& samples) { return of(samples); });
  }

 private:
  [[nodiscard]] test_result of(const binary_samples& samples) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) count += samples.pairs.weight(i) > 0 ? 1U : 0U;
    return by_blocks(count, 2, [&](const auto& add) {
      for (std::size_t i = 0; i < samples.size(); ++i) {
        const double c = samples.pairs.confidence(i), p[2] = {1 - c, c};
        if (!add(p, samples.pairs.hit(i) ? 1 : 0, samples.pairs.weight(i))) return false;
      }
      return true;
    });
  }
  [[nodiscard]] test_result of(const class_samples& samples) const {
    std::size_t count = 0;
    samples.walk(row_form::probabilities, [&](std::size_t, const class_block& block) {
      for (std::size_t i = 0; i < block.size; ++i) count += block.weight_of(i) > 0 ? 1U : 0U;
    });
    return by_blocks(count, samples.classes(), [&](const auto& add) {
      bool good = true;
      samples.walk(row_form::probabilities, [&](std::size_t, const class_block& block) {
        for (std::size_t i = 0; good && i < block.size; ++i)
          good = add(block.row(i), static_cast<std::size_t>(block.label[i]), block.weight_of(i));
      });
      return good;
    });
  }

  /// walk(add) calls add(p, label, weight) for every row until that gives false.
  template<class Walk>
  [[nodiscard]] test_result by_blocks(std::size_t rows, std::size_t classes,
                                      const Walk& walk) const {
    test_result r;
    r.name = std::string(name());
    const auto root = static_cast<std::size_t>(std::sqrt(static_cast<double>(rows)));
    const std::size_t block = options_.block != 0 ? options_.block : std::max<std::size_t>(2, root);
    if (block < 2) throw option_error("skce_test(): expected a block of at least 2 rows, got 1");
    if (!(options_.bandwidth >= 0))
      throw option_error(
          detail::concat("skce_test(): expected a bandwidth > 0, or 0, got ", options_.bandwidth));
    if (options_.draws < 19)
      throw option_error(
          detail::concat("skce_test(): expected at least 19 draws, got ", options_.draws));
    detail::skce_blocks blocks(classes, block, options_.bandwidth, options_.draws, options_.seed);
    const bool good = walk([&](const double* p, std::size_t label, double w) {
      if (w == 1) blocks.add(p, label);
      return w == 0 || w == 1;
    });
    if (!good) {
      r.note = "needs samples that weigh the same";
      return r;
    }
    if (blocks.blocks() == 0 || rows < 4) {
      r.note = detail::concat("needs at least ", std::max<std::size_t>(4, block), " rows");
      return r;
    }
    const std::vector<double>& sums = blocks.sums();
    r.statistic = sums[0] / static_cast<double>(blocks.blocks());
    // Draws that are the labels but for the order of equal rows are as far: sums round.
    const double least = sums[0] - 1e-12 * static_cast<double>(blocks.blocks());
    const auto as_far =
        std::count_if(sums.begin(), sums.end(), [&](double x) { return x >= least; });
    r.p = static_cast<double>(as_far) / static_cast<double>(sums.size());
    r.note =
        detail::concat(blocks.blocks(), " blocks of ", block, " rows, ", options_.draws, " draws");
    return r;
  }

  options options_ = {};
};

inline constexpr skce_test_type skce_test{};

}  // namespace calibra
