// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/fit_kernels.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

// Passes over rows that an earlier pass has checked.
namespace calibra::detail {

/// What the pass that checks the rows finds out.
struct checked_rows {
  bool all_count = false;  ///< no row was left out
  double weight = 0;
  double heaviest = 0;  ///< the largest weight
  double farthest = 0;  ///< the largest |logit| that is finite
  bool deep = false;  ///< some logit is further below its row's largest than a masked one is taken
};

/// Adds it up.
template<class T>
class row_checker {
 public:
  row_checker(score_kind kind) : logits_(kind == score_kind::logits) {}

  void operator()(const row_worker<T>& worker, const row_block& block) {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double w = block.weight == nullptr ? 1 : block.weight[i];
      found.weight += w;
      found.heaviest = std::max(found.heaviest, w);
    }
    if (!logits_) return;
    const tile<T>& t = worker.current();
    for (std::size_t i = 0; i < block.size; ++i) {
      const std::size_t row = block.row_of(i);
      const auto max = static_cast<double>(worker.max_of(row));
      const auto min = static_cast<double>(least(t, row - worker.first()));
      found.deep = found.deep || min < max - masked_depth;
      found.farthest = std::max({found.farthest, std::abs(max), std::isfinite(min) ? -min : 0});
    }
  }

  checked_rows found;

 private:
  T least(const tile<T>& t, std::size_t i) const {
    if (t.by_rows)
      return fit_kernels_for<T>(best_isa())
          .min_row(t.data + static_cast<std::ptrdiff_t>(i) * t.stride, t.classes);
    T least = t.at(i, 0);
    for (std::size_t j = 1; j < t.classes; ++j) least = std::min(least, t.at(i, j));
    return least;
  }

  bool logits_;
};

/// Checks all rows.
template<class T>
checked_rows check_rows(worker_team& team, const row_source<T>& source) {
  const auto checkers = one_each<row_checker<T>>(parts_of(source), source.kind);
  const std::size_t skipped = walk_rows(team, source, {}, checkers);
  checked_rows all;
  all.all_count = skipped == 0 && !source.options.ignore_label && !source.options.valid;
  for (const auto& checker : checkers) {
    all.weight += checker->found.weight;
    all.heaviest = std::max(all.heaviest, checker->found.heaviest);
    all.farthest = std::max(all.farthest, checker->found.farthest);
    all.deep = all.deep || checker->found.deep;
  }
  return all;
}

/// Calls visit(part, block) for the rows of every part, all of which count. Rows that lie one after
/// the other in their form are given where they lie.
template<class T, class Visit>
void walk_trusted(worker_team& team, const row_source<double>& source, const score_rows<T>& scores,
                  row_form form, const Visit& visit) {
  const std::size_t k = scores.cols();
  const bool logits = source.kind == score_kind::logits;
  const bool as_is = logits == (form == row_form::logits);
  team.run(parts_of(source), [&](std::size_t part) {
    auto [first, last] = range_of(scores.rows(), parts_of(source), part);
    const auto reader = scores.reader(best_isa());
    const std::size_t most = std::min(rows_at_once(k), reader->tile_rows());
    std::vector<T> room;
    std::vector<double> weight(source.options.weights ? most : 0);
    std::vector<std::int64_t> label(most);
    while (first < last) {
      const std::size_t n = std::min(most, last - first);
      const tile<T> t = reader->read(first, n);
      const T* rows = t.data;
      if (!as_is || !t.by_rows || t.stride != static_cast<std::ptrdiff_t>(k)) {
        room.resize(most * k);
        for (std::size_t i = 0; i < n; ++i) {
          T* row = room.data() + i * k;
          copy_row(t, i, row);
          if (as_is) continue;
          if (logits)
            softmax_row(row, k);
          else
            log_of_row(row, k);
        }
        rows = room.data();
      }
      const std::int64_t* labels = source.labels.contiguous();
      if (labels == nullptr) source.labels.load(first, n, label.data());
      if (!weight.empty()) source.options.weights.get().load(first, n, weight.data());
      visit(part, class_block_of<T>{.size = n,
                                    .classes = k,
                                    .rows = rows,
                                    .label = labels == nullptr ? label.data() : labels + first,
                                    .weight = weight.empty() ? nullptr : weight.data()});
      first += n;
      if (source.options.progress) source.options.progress(n);
    }
  });
}

}  // namespace calibra::detail
