// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "calibra/evaluate/evidence_of.hpp"

namespace calibra {

/// What comes with one batch besides scores and labels.
struct batch_options {
  optional_column<double> weights = {};
  optional_column<unsigned char> valid = {};
  optional_column<double> proximity = {};
  optional_column<std::int64_t> cluster = {};
  optional_column<std::int64_t> stratum = {};
};

/// Evidence that grows batch by batch: `add(scores, labels)`, then `result()`. Sums, tables and
/// pairs only; metrics of classes on equal-mass bins keep the pairs of every class. Weights, masks
/// and proximities come with each batch, for all batches or for none.
class evidence_accumulator {
 public:
  explicit evidence_accumulator(metric_list metrics = all_metrics(), options o = {})
      : metrics_(std::move(metrics)), options_(std::move(o)) {
    if (options_.weights || options_.valid || options_.proximity || options_.cluster ||
        options_.stratum)
      throw option_error(
          "evidence_accumulator: weights, masks, proximities, clusters and strata come with each "
          "batch; give them to add()");
  }

  /// Throws as evaluate(), and adds nothing then. Rows are counted from the first of the batch.
  template<wrapped_scores S, class L>
  void add(const S& scores, const L& labels, const batch_options& with = {}) {
    merge(detail::kept_evidence(add_words, scores, labels, metrics_, batch(with)));
  }
  template<class C, class H>
  void add(const confidence_pairs<C, H>& pairs, const batch_options& with = {}) {
    merge(detail::kept_evidence(add_words, pairs, metrics_, batch(with)));
  }
  /// Adds what another one has seen.
  evidence_accumulator& operator+=(const evidence_accumulator& other) {
    if (other.evidence_) merge(*other.evidence_);
    return *this;
  }

  /// The metrics so far. Throws option_error where nothing was added.
  [[nodiscard]] evaluation result() const { return evaluate(so_far(), metrics_); }
  /// What they are made of. Throws option_error where nothing was added.
  [[nodiscard]] const evidence& so_far() const {
    if (!evidence_) throw option_error("evidence_accumulator: nothing was added");
    return *evidence_;
  }
  void reset() { evidence_.reset(); }

 private:
  static constexpr std::string_view add_words = "evidence_accumulator::add()";

  options batch(const batch_options& with) const {
    options o = options_;
    o.weights = with.weights;
    o.valid = with.valid;
    o.proximity = with.proximity;
    o.cluster = with.cluster;
    o.stratum = with.stratum;
    return o;
  }
  void merge(evidence more) {
    if (evidence_)
      *evidence_ += more;
    else
      evidence_ = std::move(more);
  }

  metric_list metrics_;
  options options_;
  std::optional<evidence> evidence_;
};

}  // namespace calibra
