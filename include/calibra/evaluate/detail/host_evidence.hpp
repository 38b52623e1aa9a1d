// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/evaluate/detail/block_consumer.hpp"
#include "calibra/evaluate/detail/class_columns.hpp"
#include "calibra/evaluate/detail/class_rows.hpp"
#include "calibra/evaluate/detail/gather.hpp"
#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"

// Evidence of scores in host memory.
namespace calibra::detail {

template<class C>
inline constexpr precision precision_of =
    std::is_same_v<C, float> ? precision::float32 : precision::float64;

/// What rows give.
template<class C>
class plain_consumer {
 public:
  plain_consumer(const evidence_plan& plan, const evidence& e, const row_source<C>& source)
      : labels(plan, e.classes), blocks_(plan, e, source.scores.rows(), parts_of(source)) {}
  void operator()(const row_worker<C>&, const row_block& block) {
    blocks_(block);
    labels.add(block);
  }
  /// As block_consumer::add_to().
  void add_to(evidence& e) { blocks_.add_to(e); }

  label_weights labels;

 private:
  block_consumer blocks_;
};

/// The same, and what classes give.
template<class C>
class class_consumer {
 public:
  class_consumer(const evidence_plan& plan, const evidence& e, const row_source<C>& source)
      : labels(plan, e.classes),
        blocks_(plan, e, source.scores.rows(), parts_of(source)),
        plan_(&plan),
        classes_(e.classes),
        total_rows_(source.scores.rows()),
        row_(source.kind, source.options.renormalise),
        row_means_(e.row_means) {
    if (plan.class_table)
      filler_.emplace(e.class_table->bins(), e.classes, static_cast<bool>(source.options.weights));
  }

  void operator()(const row_worker<C>& worker, const row_block& block) {
    blocks_(block);
    labels.add(block);
    if (!plan_->cuts.empty() && remembers_rows(total_rows_)) rows.add(worker, block);
    if (!filler_ && plan_->row_terms.empty()) return;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double weight = block.weight == nullptr ? 1.0 : block.weight[i];
      const auto label = static_cast<std::size_t>(block.label[i]);
      const C* p = row_.get(worker, block, i);
      if (filler_) filler_->add(p, label, weight);
      for (std::size_t t = 0; t < plan_->row_terms.size(); ++t)
        row_means_[t].add(term(plan_->row_terms[t], p, label), weight);
    }
  }
  /// As block_consumer::add_to().
  void add_to(evidence& e) {
    blocks_.add_to(e);
    if (filler_) *e.class_table += filler_->take();
    for (std::size_t t = 0; t < row_means_.size(); ++t) e.row_means[t] += row_means_[t];
  }

  kept_rows<C> rows;
  label_weights labels;

 private:
  double term(const row_term& t, const C* p, std::size_t label) const {
    if constexpr (std::is_same_v<C, float>)
      return t.of_floats(p, classes_, label);
    else
      return t.of_doubles(p, classes_, label);
  }

  block_consumer blocks_;
  const evidence_plan* plan_;
  std::size_t classes_;
  std::size_t total_rows_;
  class_row<C> row_;
  std::optional<class_filler<C>> filler_;
  std::vector<row_mean> row_means_;
};

/// The pairs that a convention makes of whole rows.
template<class C>
class row_pair_consumer {
 public:
  row_pair_consumer(const evidence_plan& plan, const label_weights& labels,
                    const row_source<C>& source)
      : plan_(&plan), label_weight_(&labels.get()), row_(source.kind, source.options.renormalise) {}

  void operator()(const row_worker<C>& worker, const row_block& block) {
    const std::size_t classes = label_weight_->size();
    row_of_doubles_.resize(classes);
    for (std::size_t i = 0; i < block.size; ++i) {
      const C* p = row_.get(worker, block, i);
      for (std::size_t k = 0; k < classes; ++k) row_of_doubles_[k] = static_cast<double>(p[k]);
      const pair_of_row pair =
          plan_->like->row_pair(row_of_doubles_.data(), classes,
                                static_cast<std::size_t>(block.label[i]), *label_weight_);
      if (!pair.kept) continue;
      pairs.push_back(pair.confidence, pair.hit, weight_if_any(block.weight, i));
    }
  }

  sample pairs{precision::float32};

 private:
  const evidence_plan* plan_;
  const std::vector<double>* label_weight_;
  class_row<C> row_;
  std::vector<double> row_of_doubles_;
};

/// The pass that every evidence needs, and one more where a convention pairs whole rows.
template<class C, class Consumer>
void gather(worker_team& team, const row_source<C>& source, const evidence_plan& plan,
            const std::vector<std::unique_ptr<Consumer>>& parts, evidence& e) {
  e.skipped = walk_rows(team, source, {.proper_scores = plan.means}, parts);
  for (const auto& part : parts) part->add_to(e);
  if (!plan.row_pairs) return;
  for (std::size_t part = 1; part < parts.size(); ++part) parts[0]->labels += parts[part]->labels;
  const auto pairs = one_each<row_pair_consumer<C>>(parts.size(), plan, parts[0]->labels, source);
  walk_rows(team, source, {}, pairs);
  for (const auto& part : pairs) e.row_pairs->append(part->pairs);
}

template<class C>
evidence gather_rows(const row_source<C>& source, const evidence_plan& plan, evidence_kind kind,
                     std::size_t classes) {
  worker_team team(source.options.threads.n);
  evidence e = empty_evidence(plan, kind, precision_of<C>, classes);
  gather(team, source, plan, one_each<plain_consumer<C>>(parts_of(source), plan, e, source), e);
  return e;
}

/// The pairs of neighbouring classes, collected by a pass of its own: for so many rows that nothing
/// is remembered of each.
template<class C>
class column_consumer {
 public:
  column_consumer(const row_source<C>& source, std::size_t first, std::size_t classes)
      : first_(first),
        rows_(source.scores.rows()),
        row_(source.kind, source.options.renormalise),
        pairs(classes, sample(precision_of<C>)) {}

  void operator()(const row_worker<C>& worker, const row_block& block) {
    const std::size_t classes = pairs.size();
    confidence_.resize(classes * block.size);
    hit_.resize(classes * block.size);
    for (std::size_t i = 0; i < block.size; ++i) {
      const C* p = row_.get(worker, block, i) + first_;
      const auto label = static_cast<std::size_t>(block.label[i]);
      for (std::size_t j = 0; j < classes; ++j) {
        confidence_[j * block.size + i] = std::min(1.0, static_cast<double>(p[j]));
        hit_[j * block.size + i] = label == first_ + j ? 1 : 0;
      }
    }
    for (std::size_t j = 0; j < classes; ++j) {
      if (pairs[j].empty()) pairs[j].reserve(rows_, block.weight != nullptr);
      pairs[j].add_block(confidence_.data() + j * block.size, hit_.data() + j * block.size,
                         block.weight, block.size);
    }
  }

 private:
  std::size_t first_;
  std::size_t rows_;
  class_row<C> row_;
  std::vector<double> confidence_;
  std::vector<unsigned char> hit_;

 public:
  std::vector<sample> pairs;
};

/// Fills the tables, or the pairs, of every class, a few classes a pass.
template<class C>
void gather_columns_by_passes(worker_team& team, const row_source<C>& source,
                              const evidence_plan& plan, evidence& e) {
  constexpr std::size_t budget = std::size_t{16} << 20;
  const std::size_t n = source.scores.rows(), k = source.scores.cols();
  const std::size_t width =
      std::clamp<std::size_t>(budget / (n * (sizeof(C) + (plan.rows.weights ? 8 : 0))), 1, k);
  for (std::size_t first = 0; first < k; first += width) {
    const std::size_t classes = std::min(width, k - first);
    const auto parts = one_each<column_consumer<C>>(parts_of(source), source, first, classes);
    walk_rows(team, source, {}, parts);
    for (std::size_t j = 0; j < classes; ++j) {
      sample pairs = std::move(parts[0]->pairs[j]);
      for (std::size_t part = 1; part < parts.size(); ++part) pairs.append(parts[part]->pairs[j]);
      if (plan.class_pairs) {
        e.class_pairs[first + j] = std::move(pairs);
        continue;
      }
      pairs.sort();
      for (class_masses& m : e.masses) {
        const bool all = m.cut.threshold == 0 && m.cut.keep_equal;
        m.tables[first + j] =
            all ? evidence_view::cut(pairs, plan.bins, plan.like)
                : evidence_view::cut(evidence_view::kept_by(pairs, m.cut), plan.bins, plan.like);
      }
    }
  }
}

/// Fills the tables, or the pairs, of every class.
template<class C>
void gather_columns(worker_team& team, const row_source<C>& source, const evidence_plan& plan,
                    const kept_rows<C>& rows, evidence& e) {
  const bool own_cuts = plan.like && plan.like->mass_table != nullptr;
  for_each_class_column(team, source, rows, [&](const class_column<C>& column) {
    const std::size_t k = column.class_index;
    if (plan.class_pairs) {
      e.class_pairs[k] = pairs_of(column, {.threshold = 0, .keep_equal = true});
      return;
    }
    for (class_masses& m : e.masses) {
      if (own_cuts) {
        sample pairs = pairs_of(column, m.cut);
        pairs.sort();
        m.tables[k] = evidence_view::cut(pairs, plan.bins, plan.like);
      } else {
        m.tables[k] = mass_table_of(column, m.cut, plan.bins.bins, plan.bins.side);
      }
    }
  });
}

template<class C>
evidence gather_classes(const row_source<C>& source, const evidence_plan& plan) {
  worker_team team(source.options.threads.n);
  const std::size_t classes = source.scores.cols();
  // Where nothing is remembered of each row, classes come first: their pairs are gone before those
  // of the rows are kept.
  const bool by_passes = !plan.cuts.empty() && !remembers_rows(source.scores.rows());
  evidence columns;
  if (by_passes) {
    columns = empty_evidence(plan, evidence_kind::classes, precision_of<C>, classes);
    gather_columns_by_passes(team, source, plan, columns);
  }
  evidence e = empty_evidence(plan, evidence_kind::classes, precision_of<C>, classes);
  const auto parts = one_each<class_consumer<C>>(parts_of(source), plan, e, source);
  gather(team, source, plan, parts, e);
  kept_rows<C>& rows = parts[0]->rows;
  for (std::size_t part = 1; part < parts.size(); ++part) rows.append(parts[part]->rows);
  if (by_passes) {
    e.masses = std::move(columns.masses);
    e.class_pairs = std::move(columns.class_pairs);
  } else if (!plan.cuts.empty()) {
    gather_columns(team, source, plan, rows, e);
  }
  return e;
}

}  // namespace calibra::detail
