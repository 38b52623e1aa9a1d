// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/detail/table_block.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/rows/row_worker.hpp"

namespace calibra::detail {

/// What one thread finds in its part of the rows: sums of whole blocks.
class block_consumer {
 public:
  block_consumer(const evidence_plan& plan, evidence& into, std::size_t rows)
      : plan_(&plan), into_(&into), rows_(rows) {}

  void operator()(const row_block& block) {
    evidence& e = *into_;
    e.samples += block.size;
    if (e.means) add_block(*e.means, block, e.kind == evidence_kind::confidences);
    if (e.table) add_block(*e.table, block.confidence, block.hit, block.weight, block.size);
    if (!e.pairs) return;
    // Room for all at once; pages that stay empty are never touched.
    if (e.pairs->empty()) e.pairs->reserve(rows_, block.weight != nullptr);
    e.pairs->add_block(block.confidence, block.hit, block.weight, block.size);
    if (plan_->rows.proximity)
      for (std::size_t i = 0; i < block.size; ++i)
        e.pairs->add_proximity(plan_->rows.proximity.get()[block.row_of(i)], block.row_of(i));
  }

 private:
  const evidence_plan* plan_;
  evidence* into_;
  std::size_t rows_;
};

}  // namespace calibra::detail
