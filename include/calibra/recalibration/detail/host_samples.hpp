// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "calibra/evaluate/detail/class_columns.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/single_passes.hpp"
#include "calibra/recalibration/detail/trusted_rows.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/rows/row_worker.hpp"

// Samples to fit to, of scores in host memory.
namespace calibra::detail {

/// Collects binary samples in the order of the rows.
class binary_collector {
 public:
  explicit binary_collector(const row_source<double>& source)
      : logits_(source.kind == score_kind::binary_logits) {
    samples.kind = source.kind;
  }
  void operator()(const row_worker<double>& worker, const row_block& block) {
    samples.pairs.add_block(block.confidence, block.hit, block.weight, block.size);
    if (!logits_) return;
    for (std::size_t i = 0; i < block.size; ++i)
      samples.logits.push_back(worker.current().at(block.row_of(i) - worker.first(), 0));
  }

  binary_samples samples;

 private:
  bool logits_;
};

inline binary_samples collect_binary(const row_source<double>& source) {
  worker_team team(source.options.threads.n);
  const auto parts = one_each<binary_collector>(parts_of(source), source);
  walk_rows(team, source, {}, parts);
  binary_samples& all = parts[0]->samples;
  for (std::size_t part = 1; part < parts.size(); ++part) {
    const binary_samples& more = parts[part]->samples;
    all.pairs.append(more.pairs);
    all.logits.insert(all.logits.end(), more.logits.begin(), more.logits.end());
  }
  return std::move(all);
}

/// Remembers the rows, where classes are to be walked.
class row_collector {
 public:
  void operator()(const row_worker<double>& worker, const row_block& block) {
    rows.add(worker, block);
  }
  kept_rows<double> rows;
};

/// Gives the blocks of a part in a form.
class form_consumer {
 public:
  using visitor = std::function<void(std::size_t, const class_block&)>;

  form_consumer(const row_source<double>& source, row_form form, const visitor& visit)
      : kind_(source.kind),
        renormalise_(source.options.renormalise),
        form_(form),
        visit_(visit),
        classes_(source.scores.cols()) {}

  void operator()(const row_worker<double>& worker, const row_block& block) {
    const std::size_t most = rows_at_once(classes_);
    rows_.resize(std::min(most, block.size) * classes_);
    for (std::size_t first = 0; first < block.size; first += most) {
      const std::size_t n = std::min(most, block.size - first);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t row = block.row_of(first + i);
        double* out = rows_.data() + i * classes_;
        copy_row(worker.current(), row - worker.first(), out);
        const bool divide = kind_ == score_kind::logits || renormalise_;
        classes_to_form(out, classes_, kind_, form_, worker.max_of(row),
                        divide ? worker.sum_of(row) : 1.0);
      }
      visit_(part, {.size = n,
                    .classes = classes_,
                    .rows = rows_.data(),
                    .label = block.label + first,
                    .weight = block.weight == nullptr ? nullptr : block.weight + first});
    }
  }

  std::size_t part = 0;

 private:
  score_kind kind_;
  bool renormalise_;
  row_form form_;
  const visitor& visit_;
  std::size_t classes_;
  std::vector<double> rows_;
};

class host_class_samples final : public class_samples {
 public:
  /// `single`: the same scores as floats, if they are no more.
  host_class_samples(const row_source<double>& source,
                     const std::optional<row_source<float>>& single)
      : class_samples(source.scores.cols(), source.kind),
        source_(source),
        single_(single),
        team_(source.options.threads.n) {
    const checked_rows found = single_ ? check_rows(team_, *single_) : check_rows(team_, source_);
    weight_ = found.weight;
    const bool divides = source.kind == score_kind::probabilities && source.options.renormalise;
    trusted_ = found.all_count && !divides && !found.deep;
    single_loses_little_ = trusted_ && single_loses_little(found.farthest, found.heaviest);
  }

  [[nodiscard]] std::size_t parts() const override { return parts_of(source_); }
  [[nodiscard]] bool single_will_do(std::size_t work) const override {
    return single_loses_little_ && worth_single(static_cast<double>(source_.scores.rows()) *
                                                static_cast<double>(source_.scores.cols() * work));
  }

  void walk(row_form form,
            const std::function<void(std::size_t, const class_block&)>& visit) const override {
    if (trusted_) return walk_trusted(team_, source_, source_.scores, form, visit);
    auto consumers = one_each<form_consumer>(parts(), source_, form, visit);
    for (std::size_t part = 0; part < consumers.size(); ++part) consumers[part]->part = part;
    walk_rows(team_, source_, {}, consumers);
  }
  void walk_single(
      row_form form,
      const std::function<void(std::size_t, const class_block_of<float>&)>& visit) const override {
    if (trusted_ && single_)
      walk_trusted(team_, source_, single_->scores, form, visit);
    else
      class_samples::walk_single(form, visit);
  }

  void for_each_class(
      const std::function<void(std::size_t, const binary_samples&)>& visit) const override {
    const auto collected = one_each<row_collector>(parts());
    walk_rows(team_, source_, {}, collected);
    kept_rows<double> rows = std::move(collected[0]->rows);
    for (std::size_t part = 1; part < collected.size(); ++part) rows.append(collected[part]->rows);
    const class_cut all{};
    for_each_class_column(team_, source_, rows, [&](const class_column<double>& column) {
      visit(column.class_index, {.pairs = pairs_of(column, all)});
    });
  }

  void run(std::size_t jobs, const std::function<void(std::size_t)>& work) const override {
    team_.run(jobs, work);
  }

 private:
  row_source<double> source_;
  std::optional<row_source<float>> single_;
  bool trusted_ = false;
  bool single_loses_little_ = false;
  mutable worker_team team_;
};

}  // namespace calibra::detail
