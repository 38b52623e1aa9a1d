// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/classwise_table.hpp"

namespace calibra::detail {

/// Turns scores of classes into probabilities, given what is known of the row.
template<class C>
class class_probabilities {
 public:
  class_probabilities(score_kind kind, bool renormalise)
      : kind_(kind), renormalise_(renormalise), kernels_(&kernels_for<C>(best_isa())) {}

  /// `in`: neighbouring classes of a row whose largest score and whose sum are given. The pointer
  /// is good until the next call.
  const C* of(const C* in, std::size_t classes, C max, double sum) {
    if (kind_ == score_kind::probabilities && !renormalise_) return in;
    out_.resize(std::max(out_.size(), classes));
    if (kind_ == score_kind::logits) {
      kernels_->exp_row(in, classes, C{1}, max, static_cast<C>(1.0 / sum), out_.data());
    } else {
      for (std::size_t j = 0; j < classes; ++j)
        out_[j] = static_cast<C>(static_cast<double>(in[j]) / sum);
    }
    return out_.data();
  }

 private:
  score_kind kind_;
  bool renormalise_;
  const row_kernels<C>* kernels_;
  std::vector<C> out_;
};

/// The probabilities of all classes of the rows of a block.
template<class C>
class class_row {
 public:
  class_row(score_kind kind, bool renormalise) : probabilities_(kind, renormalise) {}

  /// Row number i of the block. The pointer is good until the next call or block.
  const C* get(const row_worker<C>& worker, const row_block& block, std::size_t i) {
    const tile<C>& z = worker.current();
    const std::size_t row = block.row_of(i);
    const std::size_t in_tile = row - worker.first();
    const C* in;
    if (z.by_rows) {
      in = z.data + static_cast<std::ptrdiff_t>(in_tile) * z.stride;
    } else {
      raw_.resize(z.classes);
      for (std::size_t j = 0; j < z.classes; ++j) raw_[j] = z.at(in_tile, j);
      in = raw_.data();
    }
    return probabilities_.of(in, z.classes, worker.max_of(row), worker.sum_of(row));
  }

 private:
  class_probabilities<C> probabilities_;
  std::vector<C> raw_;
};

/// Fills a classwise_table with rows of class probabilities. Nearly all of a softmax row lies in
/// the first bin: those elements are only added up, by column and in registers; the few others are
/// looked up, and the first bin is what is left over.
template<class C>
class class_filler {
 public:
  class_filler(const binning& bins, std::size_t classes, bool weighted, isa set = best_isa())
      : table_(bins, classes),
        kernels_(&kernels_for<C>(set)),
        quick_(!weighted && bins.by_edges() && bins.upper(0) < 1) {
    if (!quick_) return;
    totals_.resize(classes);
    selected_.resize(classes);
    const double edge = bins.upper(0);
    const bool closed = bins.side() == edge_side::right_closed;
    beyond_ = static_cast<C>(edge);
    while (static_cast<double>(beyond_) < edge || (closed && static_cast<double>(beyond_) <= edge))
      beyond_ = std::nextafter(beyond_, std::numeric_limits<C>::infinity());
  }

  /// A row of probabilities with its label.
  void add(const C* p, std::size_t label, double weight) {
    const std::size_t k = table_.classes();
    table_.add_samples(1);
    if (!quick_) {
      for (std::size_t j = 0; j < k; ++j) table_.add_pair(j, confidence(p[j]), j == label, weight);
      return;
    }
    ++rows_;
    kernels_->add_row(p, k, totals_.data());
    const std::size_t n = kernels_->select_row(p, k, beyond_, selected_.data());
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t j = selected_[i];
      const double c = confidence(p[j]);
      totals_[j] += c - static_cast<double>(p[j]);  // not 0 where rounding made p exceed 1
      table_.add_count(j, static_cast<std::size_t>(table_.bins().index(c)), 1, c);
    }
    table_.add_hit(label, static_cast<std::size_t>(table_.bins().index(confidence(p[label]))));
  }

  /// The table. Nothing may be added afterwards.
  classwise_table take() {
    if (quick_)
      for (std::size_t j = 0; j < table_.classes(); ++j)
        table_.complete_first_bin(j, rows_, totals_[j]);
    return std::move(table_);
  }

 private:
  static double confidence(C p) { return std::min(1.0, static_cast<double>(p)); }

  classwise_table table_;
  const row_kernels<C>* kernels_;
  std::vector<double> totals_;
  std::vector<std::uint32_t> selected_;
  C beyond_ = 0;
  bool quick_;
  std::uint64_t rows_ = 0;
};

}  // namespace calibra::detail
