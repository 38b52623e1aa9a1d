// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace detail {
class remote_sums;
}

/// What a recalibrator of binary scores is fitted to: P(y = 1) with y and, where given, weights.
struct binary_samples {
  sample pairs{precision::float64};
  /// The logit of each pair where the scores were logits; else empty.
  std::vector<double> logits = {};
  /// The kind of scores that these are; none where they are a class of several.
  std::optional<score_kind> kind = {};

  [[nodiscard]] std::size_t size() const noexcept { return pairs.size(); }
  /// log(p / (1 - p)), clipped as row_form says. Logits beyond 1e6 count as 1e6.
  [[nodiscard]] double logit(std::size_t i) const {
    return logits.empty() ? detail::clipped_logit(pairs.confidence(i))
                          : std::clamp(logits[i], -1e6, 1e6);
  }
};

/// A few samples of N x K, one row after the other in the form that was asked for.
template<class T>
struct class_block_of {
  std::size_t size = 0;
  std::size_t classes = 0;
  const T* rows = nullptr;
  const std::int64_t* label = nullptr;
  const double* weight = nullptr;  ///< null where all weigh the same

  [[nodiscard]] const T* row(std::size_t i) const { return rows + i * classes; }
  [[nodiscard]] double weight_of(std::size_t i) const { return weight == nullptr ? 1 : weight[i]; }
};
using class_block = class_block_of<double>;

/// What a recalibrator of N x K scores is fitted to. The scores are not copied: every pass reads
/// them again, checked as everywhere.
class class_samples {
 public:
  class_samples(const class_samples&) = delete;
  class_samples& operator=(const class_samples&) = delete;
  virtual ~class_samples() = default;

  [[nodiscard]] std::size_t classes() const noexcept { return classes_; }
  [[nodiscard]] score_kind kind() const noexcept { return kind_; }
  /// The sum of the weights of the samples that count.
  [[nodiscard]] double weight() const noexcept { return weight_; }

  /// How many parts a pass has: each is walked in order, by one thread.
  [[nodiscard]] virtual std::size_t parts() const = 0;
  /// One pass: calls visit(part, block) for the blocks of every part. Blocks hold the samples that
  /// count, those of weight 0 included.
  virtual void walk(
      row_form form,
      const std::function<void(std::size_t part, const class_block&)>& visit) const = 0;
  /// The same in single precision, faster.
  virtual void walk_single(
      row_form form,
      const std::function<void(std::size_t part, const class_block_of<float>&)>& visit) const {
    std::vector<std::vector<float>> narrowed(parts());
    walk(form, [&](std::size_t part, const class_block& block) {
      std::vector<float>& rows = narrowed[part];
      rows.assign(block.rows, block.rows + block.size * block.classes);
      visit(part, {block.size, block.classes, rows.data(), block.label, block.weight});
    });
  }
  /// Whether passes in single precision are worth it for all but the last steps of a fit that does
  /// so much work a number: there are many, and none is so large that it would lose much.
  [[nodiscard]] virtual bool single_will_do(std::size_t /*work*/) const { return false; }
  /// What makes the sums of a fit where the samples lie, for those that are not in host memory:
  /// they cannot be walked. Null: they can.
  [[nodiscard]] virtual const detail::remote_sums* remote() const { return nullptr; }
  /// Calls visit(k, samples) for every class k against the rest, several at a time on threads.
  virtual void for_each_class(
      const std::function<void(std::size_t k, const binary_samples&)>& visit) const = 0;
  /// Calls work(0), ..., work(jobs - 1), several at a time where there are threads.
  virtual void run(std::size_t jobs, const std::function<void(std::size_t job)>& work) const = 0;

 protected:
  class_samples(std::size_t classes, score_kind kind) : classes_(classes), kind_(kind) {}

  double weight_ = 0;

 private:
  std::size_t classes_;
  score_kind kind_;
};

}  // namespace calibra
