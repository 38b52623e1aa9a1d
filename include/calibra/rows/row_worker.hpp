// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/row_checks.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// Beyond confidence and hit, what a pass has to give.
struct row_needs {
  bool proper_scores = false;  ///< log-likelihood and Brier term; the row_map must give them
  bool prediction = false;     ///< the predicted class itself
};

/// Confidence, hit and loss terms of a few samples; those left out are not in it.
struct row_block {
  std::size_t size = 0;
  std::size_t first = 0;                   ///< the first row that was looked at
  const std::size_t* row = nullptr;        ///< the row of each sample; null where none was left out
  const double* confidence = nullptr;      ///< in [0, 1]
  const unsigned char* hit = nullptr;      ///< the event that the confidence is of
  const unsigned char* correct = nullptr;  ///< the predicted class is the label
  const double* log_likelihood = nullptr;  ///< proper_scores
  const double* brier = nullptr;           ///< proper_scores; sum over classes
  const std::int64_t* prediction = nullptr;
  const std::int64_t* label = nullptr;
  const double* weight = nullptr;  ///< null where all weigh the same

  /// Where sample i stands in the input.
  std::size_t row_of(std::size_t i) const { return row == nullptr ? first + i : row[i]; }
};

template<class C>
class row_worker;

/// Turns the worker's tile into confidences and hits.
template<class C>
using row_map = void (*)(row_worker<C>&);

/// That of a kind of scores, chosen where the kind is known, so that no other kernels are compiled.
template<class C, score_kind Kind, bool ProperScores>
void map_rows(row_worker<C>& worker);

/// What a pass walks over: rows of scores with their labels, checked as they come.
template<class C>
struct row_source {
  std::string_view where;  ///< what messages call the caller
  score_kind kind;
  row_map<C> map;
  const score_rows<C>& scores;
  column<std::int64_t> labels;
  const row_options& options;
};

/// Turns rows of scores into row_blocks, a tile at a time. One object a thread.
template<class C>
class row_worker {
 public:
  row_worker(const row_source<C>& source, row_needs needs, isa set)
      : where_(source.where),
        kind_(source.kind),
        map_(source.map),
        labels_(source.labels),
        options_(source.options),
        needs_(needs),
        kernels_(kernels_for<C>(set)),
        double_kernels_(kernels_for<double>(set)),
        reader_(source.scores.reader(set)),
        tolerance_(source.scores.sum_tolerance()) {
    const std::size_t n = reader_->tile_rows();
    max_.resize(n);
    min_.resize(n);
    arg_max_.resize(n);
    sum_.resize(n);
    second_.resize(n);
    row_.resize(n);
    confidence_.resize(n);
    hit_.resize(n);
    correct_.resize(n);
    log_likelihood_.resize(n);
    brier_.resize(n);
    prediction_.resize(n);
    label_.resize(n);
    weight_.resize(n);
    valid_.resize(n);
  }

  std::size_t block_rows() const { return reader_->tile_rows(); }
  /// The rows behind the last block, and what their probabilities are made with.
  const tile<C>& current() const { return current_; }
  C max_of(std::size_t row) const { return max_[row - first_]; }
  double sum_of(std::size_t row) const { return sum_[row - first_]; }
  /// The first row of the last block's tile.
  std::size_t first() const { return first_; }
  /// Samples left out by nan_policy::count so far.
  std::size_t skipped() const { return skipped_; }

  row_block next(std::size_t first, std::size_t count) {
    first_ = first;
    labels_in_ = labels_.contiguous();
    if (labels_in_ == nullptr) {
      labels_.load(first, count, label_.data());
      labels_in_ = label_.data();
    } else {
      labels_in_ += first;
    }
    labels_out_ = label_.data();
    if (options_.weights) options_.weights.get().load(first, count, weight_.data());
    if (options_.valid) options_.valid.get().load(first, count, valid_.data());
    current_ = reader_->read(first, count);
    kept_ = 0;
    all_kept_ = false;
    map_(*this);
    return {kept_,
            first_,
            all_kept_ ? nullptr : row_.data(),
            confidence_.data(),
            hit_.data(),
            is_one_number(kind_) ? correct_.data() : hit_.data(),
            log_likelihood_.data(),
            brier_.data(),
            prediction_.data(),
            labels_out_,
            options_.weights ? weight_.data() : nullptr};
  }

 private:
  /// Which row of the tile sample n of the block is.
  std::size_t in_tile(std::size_t n) const { return all_kept_ ? n : row_[n] - first_; }

  /// Whether no option leaves samples out or weighs them.
  bool is_plain() const { return !options_.ignore_label && !options_.valid && !options_.weights; }
  /// Keeps every row where it is.
  void keep_all(const tile<C>& z) {
    kept_ = z.rows;
    all_kept_ = true;
    labels_out_ = labels_in_;
  }

  bool left_out(std::size_t i) const {
    return (options_.ignore_label && labels_in_[i] == *options_.ignore_label) ||
           (options_.valid && valid_[i] == 0);
  }

  void check_sample(std::size_t i, std::size_t classes) const {
    check_label(where_, labels_in_[i], first_ + i, classes);
    if (options_.weights) check_weight(where_, weight_[i], first_ + i);
  }

  /// A row whose sum is NaN: says why, or counts it and goes on.
  void bad_row(const tile<C>& z, std::size_t i) {
    check_bad_row(where_, kind_, options_.nan, z, i, first_ + i);
    ++skipped_;
  }

  /// Writes sample i to the next free place of the block.
  void keep(std::size_t i, double confidence, bool hit, bool correct) {
    row_[kept_] = first_ + i;
    confidence_[kept_] = confidence;
    hit_[kept_] = hit;
    correct_[kept_] = correct;
    label_[kept_] = labels_in_[i];
    weight_[kept_] = weight_[i];
  }

  /// The first of the largest classes.
  std::int64_t prediction_of(const tile<C>& z, std::size_t i) const {
    if (!z.by_rows) return static_cast<std::int64_t>(arg_max_[i]);
    const C* row = z.data + static_cast<std::ptrdiff_t>(i) * z.stride;
    return static_cast<std::int64_t>(kernels_.find_row(row, z.classes, max_[i]));
  }

  template<score_kind Kind, bool ProperScores>
  void work() {
    if constexpr (Kind == score_kind::logits)
      softmax<ProperScores>(current_);
    else if constexpr (Kind == score_kind::probabilities)
      simplex<ProperScores>(current_);
    else
      binary(current_);
  }
  template<class D, score_kind Kind, bool ProperScores>
  friend void map_rows(row_worker<D>& worker);

  template<bool ProperScores>
  void softmax(const tile<C>& z) {
    row_sums<C> out;
    out.max = max_.data();
    out.sum = sum_.data();
    out.confidence = confidence_.data();
    out.second = second_.data();
    out.label = labels_in_;
    out.hit = hit_.data();
    if (needs_.prediction) out.arg_max = arg_max_.data();
    kernels_.template softmax<ProperScores>(z, out);
    choose(z);
    if (needs_.prediction)
      for (std::size_t n = 0; n < kept_; ++n) prediction_[n] = prediction_of(z, in_tile(n));
    if constexpr (ProperScores) proper_scores(z);
  }

  /// Keeps the rows of logits that count, with their labels, weights, confidences and hits.
  void choose(const tile<C>& z) {
    if (is_plain() && double_kernels_.all_good(labels_in_, sum_.data(), z.rows, z.classes))
      return keep_all(z);
    const std::int64_t* label = labels_in_;
    for (std::size_t i = 0; i < z.rows; ++i) {
      if (left_out(i)) continue;
      check_sample(i, z.classes);
      if (is_nan(sum_[i])) {
        bad_row(z, i);
        continue;
      }
      row_[kept_] = first_ + i;
      confidence_[kept_] = confidence_[i];
      hit_[kept_] = hit_[i];
      label_[kept_] = label[i];
      weight_[kept_] = weight_[i];
      ++kept_;
    }
  }

  /// Log-likelihood and Brier term of the chosen rows of logits.
  void proper_scores(const tile<C>& z) {
    const C* max = max_.data();
    const double* sum = sum_.data();
    const double* second = second_.data();
    const double* confidence = confidence_.data();
    double* log_likelihood = log_likelihood_.data();
    double* brier = brier_.data();
    for (std::size_t n = 0; n < kept_; ++n) {
      const std::size_t i = in_tile(n);
      log_likelihood[n] = static_cast<double>(z.at(i, static_cast<std::size_t>(labels_out_[n]))) -
                          static_cast<double>(max[i]);
    }
    double_kernels_.exp_row(log_likelihood, kept_, 1.0, 0.0, 1.0, brier);
    for (std::size_t n = 0; n < kept_; ++n) {
      const std::size_t i = in_tile(n);
      log_likelihood[n] -= std::log(sum[i]);
      brier[n] = std::max(0.0, (second[i] * confidence[n] - 2 * brier[n]) * confidence[n] + 1);
    }
  }

  template<bool ProperScores>
  void simplex(const tile<C>& p) {
    row_sums<C> out;
    out.max = max_.data();
    out.min = min_.data();
    out.sum = sum_.data();
    out.confidence = confidence_.data();
    if constexpr (ProperScores) out.second = second_.data();
    out.label = labels_in_;
    out.hit = hit_.data();
    if (needs_.prediction) out.arg_max = arg_max_.data();
    kernels_.simplex(p, out);
    const double sure = 0.999 * tolerance_;  // what is nearer to an edge is looked at by itself
    if (is_plain() && !options_.renormalise &&
        double_kernels_.all_good(labels_in_, sum_.data(), p.rows, p.classes) &&
        kernels_.all_within(min_.data(), p.rows, C{0}, C{1}) &&
        double_kernels_.all_within(sum_.data(), p.rows, 1 - sure, 1 + sure)) {
      keep_all(p);
      if (needs_.prediction)
        for (std::size_t i = 0; i < kept_; ++i) prediction_[i] = prediction_of(p, i);
      if (ProperScores && needs_.proper_scores)
        for (std::size_t i = 0; i < kept_; ++i) simplex_scores(p, i, i, 1);
    } else {
      choose_simplex<ProperScores>(p);
    }
  }

  /// Keeps the rows of probabilities that count; each is checked by itself.
  template<bool ProperScores>
  void choose_simplex(const tile<C>& p) {
    for (std::size_t i = 0; i < p.rows; ++i) {
      if (left_out(i)) continue;
      check_sample(i, p.classes);
      if (!is_finite(sum_[i])) {
        bad_row(p, i);
        continue;
      }
      double scale = 1;
      if (options_.renormalise && min_[i] >= 0 && sum_[i] > 0)
        scale = sum_[i];
      else
        check_simplex_row(where_, p, i, first_ + i, min_[i], max_[i], sum_[i], tolerance_);
      keep(i, std::min(1.0, static_cast<double>(max_[i]) / scale), hit_[i], hit_[i]);
      if (needs_.prediction) prediction_[kept_] = prediction_of(p, i);
      if (ProperScores && needs_.proper_scores) simplex_scores(p, i, kept_, scale);
      ++kept_;
    }
  }

  /// Log-likelihood and Brier term of row i of probabilities, which is sample n.
  void simplex_scores(const tile<C>& p, std::size_t i, std::size_t n, double scale) {
    const auto label = static_cast<std::size_t>(labels_in_[i]);
    const double py = static_cast<double>(p.at(i, label)) / scale;
    log_likelihood_[n] = std::log(std::min(1.0, py));
    brier_[n] = std::max(0.0, second_[i] / (scale * scale) - 2 * py + 1);
  }

  void binary(const tile<C>& z) {
    for (std::size_t i = 0; i < z.rows; ++i) {
      if (left_out(i)) continue;
      check_sample(i, 2);
      if (!check_binary(where_, kind_, options_.nan, z, i, first_ + i)) {
        ++skipped_;
        continue;
      }
      const auto x = static_cast<double>(z.at(i, 0));
      const bool is_logit = kind_ == score_kind::binary_logits;
      // log P(1) and log P(0) without cancellation on either side
      const double e = std::exp(-std::abs(x));
      const double p = !is_logit ? x : x >= 0 ? 1 / (1 + e) : e / (1 + e);
      const bool label = labels_in_[i] == 1;
      const bool predicted = p > 0.5;
      if (options_.binary == binary_target::positive_class)
        keep(i, p, label, predicted == label);
      else
        keep(i, std::max(p, 1 - p), predicted == label, predicted == label);
      prediction_[kept_] = predicted;
      if (needs_.proper_scores) {
        if (is_logit)
          log_likelihood_[kept_] = std::min(0.0, label ? x : -x) - std::log1p(e);
        else
          log_likelihood_[kept_] = label ? std::log(p) : std::log1p(-p);
        const double miss = label ? 1 - p : p;
        brier_[kept_] = 2 * miss * miss;
      }
      ++kept_;
    }
  }

  std::string_view where_;
  score_kind kind_;
  row_map<C> map_;
  const column<std::int64_t>& labels_;
  const row_options& options_;
  row_needs needs_;
  const row_kernels<C>& kernels_;
  const row_kernels<double>& double_kernels_;
  std::unique_ptr<row_reader<C>> reader_;
  tile<C> current_{};
  double tolerance_;
  std::size_t first_ = 0;
  std::size_t kept_ = 0;
  bool all_kept_ = false;  // every row of the block, so that they are not numbered
  std::size_t skipped_ = 0;
  std::vector<C> max_, min_, arg_max_;
  std::vector<double> sum_, second_, confidence_, log_likelihood_, brier_, weight_;
  std::vector<unsigned char> hit_, correct_, valid_;
  std::vector<std::int64_t> prediction_, label_;
  const std::int64_t* labels_in_ = nullptr;   // of the rows of the block
  const std::int64_t* labels_out_ = nullptr;  // of those that are kept
  std::vector<std::size_t> row_;
};

template<class C, score_kind Kind, bool ProperScores>
void map_rows(row_worker<C>& worker) {
  worker.template work<Kind, ProperScores>();
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_MAPS)

}  // namespace calibra::detail
