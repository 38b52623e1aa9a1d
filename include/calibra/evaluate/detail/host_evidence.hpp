// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/evaluate/detail/block_consumer.hpp"
#include "calibra/evaluate/detail/class_columns.hpp"
#include "calibra/evaluate/detail/class_rows.hpp"
#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"

// Evidence of scores in host memory.
namespace calibra::detail {

template<class T>
inline constexpr precision precision_of =
    std::is_same_v<compute_type<T>, float> ? precision::float32 : precision::float64;

template<class T>
struct plain_consumer {
  block_consumer blocks;
  void operator()(const row_worker<T>&, const row_block& block) { blocks(block); }
};

/// The same, and what classes give.
template<class T>
class class_consumer {
 public:
  using C = compute_type<T>;

  class_consumer(const evidence_plan& plan, evidence& into, const row_source<T>& source)
      : blocks_(plan, into, source.scores.rows()),
        plan_(&plan),
        into_(&into),
        total_rows_(source.scores.rows()),
        row_(source.kind, source.options.renormalise) {
    if (plan.class_table)
      filler_.emplace(into.class_table->bins(), into.classes,
                      static_cast<bool>(source.options.weights));
    if (plan.row_pairs) label_weight.assign(into.classes, 0.0);
  }

  void operator()(const row_worker<T>& worker, const row_block& block) {
    blocks_(block);
    if (!plan_->cuts.empty() && remembers_rows(total_rows_)) rows.add(worker, block);
    for (std::size_t i = 0; i < block.size; ++i) {
      const double weight = block.weight == nullptr ? 1.0 : block.weight[i];
      const auto label = static_cast<std::size_t>(block.label[i]);
      if (plan_->row_pairs) label_weight[label] += weight;
      if (!filler_ && plan_->row_terms.empty()) continue;
      const C* p = row_.get(worker, block, i);
      if (filler_) filler_->add(p, label, weight);
      for (std::size_t t = 0; t < plan_->row_terms.size(); ++t)
        into_->row_means[t].add(term(plan_->row_terms[t], p, label), weight);
    }
  }
  void finish() {
    if (filler_) into_->class_table = filler_->take();
  }

  kept_rows<C> rows;
  std::vector<double> label_weight;

 private:
  double term(const row_term& t, const C* p, std::size_t label) const {
    if constexpr (std::is_same_v<C, float>)
      return t.of_floats(p, into_->classes, label);
    else
      return t.of_doubles(p, into_->classes, label);
  }

  block_consumer blocks_;
  const evidence_plan* plan_;
  evidence* into_;
  std::size_t total_rows_;
  class_row<T> row_;
  std::optional<class_filler<C>> filler_;
};

/// The pairs that a convention makes of whole rows.
template<class T>
class row_pair_consumer {
 public:
  row_pair_consumer(const evidence_plan& plan, const std::vector<double>& label_weight,
                    const row_source<T>& source)
      : plan_(&plan), label_weight_(&label_weight), row_(source.kind, source.options.renormalise) {}

  void operator()(const row_worker<T>& worker, const row_block& block) {
    const std::size_t classes = label_weight_->size();
    row_of_doubles_.resize(classes);
    for (std::size_t i = 0; i < block.size; ++i) {
      const compute_type<T>* p = row_.get(worker, block, i);
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
  class_row<T> row_;
  std::vector<double> row_of_doubles_;
};

/// Evidence whose parts threads fill: a copy each, added up in the order of the rows.
inline evidence added_up(std::vector<evidence>& parts) {
  evidence all = std::move(parts[0]);
  std::vector<class_masses> masses = std::move(all.masses);
  std::optional<sample> row_pairs = std::move(all.row_pairs);
  all.masses.clear();
  all.row_pairs.reset();
  for (std::size_t part = 1; part < parts.size(); ++part) {
    parts[part].masses.clear();
    parts[part].row_pairs.reset();
    all += parts[part];
  }
  all.masses = std::move(masses);
  all.row_pairs = std::move(row_pairs);
  return all;
}

/// Evidence without classes: one pass.
template<class T>
evidence gather_rows(worker_team& team, const row_source<T>& source, const evidence_plan& plan,
                     evidence_kind kind, std::size_t classes) {
  std::vector<evidence> parts(parts_of(source),
                              empty_evidence(plan, kind, precision_of<T>, classes));
  std::vector<plain_consumer<T>> consumers;
  for (evidence& part : parts) consumers.push_back({{plan, part, source.scores.rows()}});
  const std::size_t skipped = walk_rows(team, source, {.proper_scores = plan.means}, consumers);
  evidence e = added_up(parts);
  e.skipped = skipped;
  return e;
}

/// The pairs of neighbouring classes, collected by a pass of its own: for so many rows that nothing
/// is remembered of each.
template<class T>
class column_consumer {
 public:
  column_consumer(const row_source<T>& source, std::size_t first, std::size_t classes)
      : first_(first),
        rows_(source.scores.rows()),
        row_(source.kind, source.options.renormalise),
        pairs(classes, sample(precision_of<T>)) {}

  void operator()(const row_worker<T>& worker, const row_block& block) {
    const std::size_t classes = pairs.size();
    confidence_.resize(classes * block.size);
    hit_.resize(classes * block.size);
    for (std::size_t i = 0; i < block.size; ++i) {
      const compute_type<T>* p = row_.get(worker, block, i) + first_;
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
  class_row<T> row_;
  std::vector<double> confidence_;
  std::vector<unsigned char> hit_;

 public:
  std::vector<sample> pairs;
};

/// Fills the tables, or the pairs, of every class, a few classes a pass.
template<class T>
void gather_columns_by_passes(worker_team& team, const row_source<T>& source,
                              const evidence_plan& plan, evidence& e) {
  constexpr std::size_t budget = std::size_t{16} << 20;
  const std::size_t n = source.scores.rows(), k = source.scores.cols();
  const std::size_t width = std::clamp<std::size_t>(
      budget / (n * (sizeof(compute_type<T>) + (plan.rows.weights ? 8 : 0))), 1, k);
  for (std::size_t first = 0; first < k; first += width) {
    const std::size_t classes = std::min(width, k - first);
    std::vector<column_consumer<T>> parts(parts_of(source),
                                          column_consumer<T>(source, first, classes));
    walk_rows(team, source, {}, parts);
    for (std::size_t j = 0; j < classes; ++j) {
      sample pairs = std::move(parts[0].pairs[j]);
      for (std::size_t part = 1; part < parts.size(); ++part) pairs.append(parts[part].pairs[j]);
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
template<class T>
void gather_columns(worker_team& team, const row_source<T>& source, const evidence_plan& plan,
                    const kept_rows<compute_type<T>>& rows, evidence& e) {
  using C = compute_type<T>;
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

/// Evidence of scores of classes: one pass, one more where a convention wants whole rows, and a
/// walk down the columns for equal-mass tables of classes.
template<class T>
evidence gather_classes(worker_team& team, const row_source<T>& source, const evidence_plan& plan) {
  const std::size_t classes = source.scores.cols();
  const std::size_t count = parts_of(source);
  // Where nothing is remembered of each row, classes come first: their pairs are gone before those
  // of the rows are kept.
  const bool by_passes = !plan.cuts.empty() && !remembers_rows(source.scores.rows());
  evidence columns;
  if (by_passes) {
    columns = empty_evidence(plan, evidence_kind::classes, precision_of<T>, classes);
    gather_columns_by_passes(team, source, plan, columns);
  }
  std::vector<evidence> parts(
      count, empty_evidence(plan, evidence_kind::classes, precision_of<T>, classes));
  std::vector<class_consumer<T>> consumers;
  consumers.reserve(count);
  for (evidence& part : parts) consumers.emplace_back(plan, part, source);
  const std::size_t skipped = walk_rows(team, source, {.proper_scores = plan.means}, consumers);
  for (class_consumer<T>& c : consumers) c.finish();
  for (std::size_t part = 1; part < count; ++part) {
    consumers[0].rows.append(consumers[part].rows);
    for (std::size_t k = 0; k < consumers[0].label_weight.size(); ++k)
      consumers[0].label_weight[k] += consumers[part].label_weight[k];
  }
  evidence e = added_up(parts);
  e.skipped = skipped;
  if (plan.row_pairs) {
    std::vector<row_pair_consumer<T>> pairs(
        count, row_pair_consumer<T>(plan, consumers[0].label_weight, source));
    walk_rows(team, source, {}, pairs);
    for (const row_pair_consumer<T>& part : pairs) e.row_pairs->append(part.pairs);
  }
  if (by_passes) {
    e.masses = std::move(columns.masses);
    e.class_pairs = std::move(columns.class_pairs);
  } else if (!plan.cuts.empty()) {
    gather_columns(team, source, plan, consumers[0].rows, e);
  }
  return e;
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_PASSES)

}  // namespace calibra::detail
