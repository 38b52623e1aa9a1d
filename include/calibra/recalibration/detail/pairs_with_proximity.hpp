// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/check_proximity.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

// What recalibrators with a proximity a sample are fitted to.
namespace calibra::detail {

/// Collects pairs with the proximity of their row.
class proximity_collector {
 public:
  proximity_collector(std::string_view where, const row_options& o) : where_(where), options_(o) {}
  void operator()(const row_worker<double>&, const row_block& block) {
    pairs.add_block(block.confidence, block.hit, block.weight, block.size);
    for (std::size_t i = 0; i < block.size; ++i) {
      const double d = options_.proximity.get()[block.row_of(i)];
      check_proximity(where_, d, block.row_of(i));
      pairs.add_proximity(d, block.row_of(i));
    }
  }

  sample pairs{precision::float64};

 private:
  std::string_view where_;
  const row_options& options_;
};

/// The top label's confidence, whether it is right, weight and proximity of the samples that count,
/// in the order of the rows.
template<class S, class L>
sample pairs_with_proximity(std::string_view where, const S& scores, const L& labels,
                            const optional_column<double>& proximity, const row_options& o) {
  const optional_column<std::int64_t> column(labels);
  row_options walked = o;
  walked.proximity = proximity;
  walked.binary = binary_target::top_label;
  return with_double_rows(where, scores, walked, [&](const score_rows<double>& rows) {
    check_proximities(where, proximity, rows.rows());
    const row_source<double> source{.where = where,
                                    .kind = S::kind,
                                    .map = &map_rows<double, S::kind, false>,
                                    .scores = rows,
                                    .labels = column.get(),
                                    .options = walked};
    worker_team team(walked.threads.n);
    const auto parts = one_each<proximity_collector>(parts_of(source), where, walked);
    walk_rows(team, source, {}, parts);
    sample all = std::move(parts[0]->pairs);
    for (std::size_t part = 1; part < parts.size(); ++part) all.append(parts[part]->pairs);
    return all;
  });
}

/// Whether the scores and labels are such as recalibrators with proximities take.
template<class S, class L>
constexpr bool usable_with_proximity() {
  static_assert(!is_multilabel<S> && !tensor_scores<S>,
                "calibra: this recalibrator is fitted on arrays of one label a sample; of a tensor "
                "on the CPU, on its data by logits(pointer, samples, classes)");
  if constexpr (!is_multilabel<S>) static_assert(usable_labels<L>());
  return !is_multilabel<S> && !tensor_scores<S>;
}

}  // namespace calibra::detail
