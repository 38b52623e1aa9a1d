// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/detail/table_block.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"
#include "calibra/table/summary.hpp"

namespace calibra::detail {

/// What one thread finds in its part of the rows: sums of whole blocks, of the parts that evidence
/// has.
class block_consumer {
 public:
  /// `rows`: of all `parts` together.
  block_consumer(const evidence_plan& plan, const evidence& e, std::size_t rows, std::size_t parts)
      : plan_(&plan), kind_(e.kind), rows_(rows), parts_(parts), means_(e.means), table_(e.table) {
    if (e.pairs) pairs_.emplace(e.precision);
    if (e.rows) record_.emplace(plan.means);
  }

  void operator()(const row_block& block) {
    samples_ += block.size;
    if (means_) add_block(*means_, block, kind_ == evidence_kind::confidences);
    if (table_) add_block(*table_, block.confidence, block.hit, block.weight, block.size);
    if (record_) add_to_record(block);
    if (!pairs_) return;
    if (pairs_->empty()) pairs_->reserve(room(block), block.weight != nullptr);
    pairs_->add_block(block.confidence, block.hit, block.weight, block.size);
    if (plan_->rows.proximity)
      for (std::size_t i = 0; i < block.size; ++i)
        pairs_->add_proximity(plan_->rows.proximity.get()[block.row_of(i)], block.row_of(i));
  }

  /// Adds what was found to evidence of the same plan. Parts are added in the order of the rows.
  void add_to(evidence& e) {
    e.samples += samples_;
    if (means_) *e.means += *means_;
    if (table_) *e.table += *table_;
    if (record_) {
      if (e.rows->size() == 0)
        e.rows = std::move(record_);
      else
        e.rows->append(*record_);
    }
    if (!pairs_) return;
    if (e.pairs->empty())
      e.pairs = std::move(pairs_);
    else
      e.pairs->append(*pairs_);
  }

 private:
  /// How many rows to make room for: the first part takes those of the others in the end. Pages
  /// that stay empty are never touched.
  std::size_t room(const row_block& block) const {
    const std::size_t own = rows_ / parts_;
    return block.size > 0 && block.row_of(0) < own ? rows_ : own + 1;
  }
  void add_to_record(const row_block& block) {
    const row_options& o = plan_->rows;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const bool confidences = kind_ == evidence_kind::confidences;
    if (record_->size() == 0) record_->reserve(room(block));
    for (std::size_t i = 0; i < block.size; ++i) {
      if (block.weight != nullptr && block.weight[i] == 0) continue;
      record_->add(block.confidence[i], block.hit[i] != 0);
      if (plan_->means)
        record_->add_losses(confidences ? nan : -block.log_likelihood[i],
                            confidences ? nan : block.brier[i],
                            (confidences ? block.hit : block.correct)[i] != 0);
      if (block.weight != nullptr) record_->add_weight(block.weight[i]);
      if (o.cluster) record_->add_cluster(o.cluster.get()[block.row_of(i)]);
      if (o.stratum) record_->add_stratum(o.stratum.get()[block.row_of(i)]);
    }
  }

  const evidence_plan* plan_;
  evidence_kind kind_;
  std::size_t rows_;
  std::size_t parts_;
  std::uint64_t samples_ = 0;
  std::optional<summary> means_;
  std::optional<reliability_table> table_;
  std::optional<sample> pairs_;
  std::optional<row_record> record_;
};

/// What labels weigh, class by class.
class label_weights {
 public:
  /// Nothing where the plan has no use for it.
  label_weights(const evidence_plan& plan, std::size_t classes)
      : of_class_(plan.row_pairs ? classes : 0) {}

  void add(const row_block& block) {
    if (of_class_.empty()) return;
    for (std::size_t i = 0; i < block.size; ++i)
      of_class_[static_cast<std::size_t>(block.label[i])] +=
          block.weight == nullptr ? 1.0 : block.weight[i];
  }
  label_weights& operator+=(const label_weights& other) {
    for (std::size_t k = 0; k < of_class_.size(); ++k) of_class_[k] += other.of_class_[k];
    return *this;
  }
  const std::vector<double>& get() const { return of_class_; }

 private:
  std::vector<double> of_class_;
};

}  // namespace calibra::detail
