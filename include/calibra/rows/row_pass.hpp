// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/options.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_checks.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// Scores of any kind as a matrix: the binary kinds are one column wide.
template<class S>
auto score_view(const S& scores) {
  const auto v = scores.view();
  if constexpr (view_traits<std::remove_cvref_t<decltype(v)>>::is_vector) {
    using E = const typename std::remove_cvref_t<decltype(v)>::value_type;
    return matrix_view<E>(v.data(), v.size(), 1, v.stride(), 1);
  } else {
    using E = const typename std::remove_cvref_t<decltype(v)>::value_type;
    return matrix_view<E>(v);
  }
}

/// The row_map of scores whose kind is not known before.
template<class T>
row_map<T> any_row_map(score_kind kind) {
  switch (kind) {
    case score_kind::logits:
      return &map_rows<T, score_kind::logits, true>;
    case score_kind::probabilities:
      return &map_rows<T, score_kind::probabilities, true>;
    default:
      return &map_rows<T, score_kind::binary_logits, true>;
  }
}

/// What a pass walks over: rows of scores with their labels, checked as they come.
template<class T>
struct row_source {
  std::string_view where;  ///< what messages call the caller
  score_kind kind;
  row_map<T> map = any_row_map<T>(kind);
  matrix_view<const T> scores;
  column<std::int64_t> labels;
  const row_options& options;
};

/// How many parts a pass over the rows is worth.
template<class T>
std::size_t parts_of(const row_source<T>& source) {
  return row_parts(source.scores.rows(), source.scores.cols(), source.options.threads.n);
}

/// The one walk over rows: every consumer is given the blocks of its part, in order, by
/// consumer(worker, block). Returns how many samples were left out by nan_policy::count.
template<class T, class Consumer>
std::size_t walk_rows(worker_team& team, const row_source<T>& source, row_needs needs,
                      std::vector<Consumer>& consumers, isa set = best_isa()) {
  const row_options& o = source.options;
  check_shapes(source.where, source.scores, source.labels.size(), o);
  std::vector<std::size_t> skips(consumers.size());
  team.run(consumers.size(), [&](std::size_t part) {
    auto [first, last] = range_of(source.scores.rows(), consumers.size(), part);
    row_worker<T> worker(source.where, source.kind, source.map, source.scores, source.labels, o,
                         needs, set);
    while (first < last) {
      const std::size_t n = std::min(worker.block_rows(), last - first);
      consumers[part](worker, worker.next(first, n));
      first += n;
      if (o.progress) o.progress(n);
    }
    skips[part] = worker.skipped();
  });
  std::size_t skipped = 0;
  for (const std::size_t s : skips) skipped += s;
  return skipped;
}

/// Says what is wrong where labels are something else than a column of integers.
template<class L>
constexpr bool usable_labels() {
  static_assert(label_vector<L> || tensor_array<L>,
                "calibra: labels are a one-dimensional array of an integer type (class indices)");
  return label_vector<L> || tensor_array<L>;
}

}  // namespace calibra::detail
