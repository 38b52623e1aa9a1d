// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/detail/parallel.hpp"
#include "calibra/detail/row_checks.hpp"
#include "calibra/detail/row_worker.hpp"
#include "calibra/options.hpp"
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

/// One pass over all rows. Every thread fills its own copy of `state` by consume(state, block); the
/// copies are added up in the order of the rows. Returns the sum and sets `skipped` if given.
template<class T, class State, class Consume>
State row_pass(std::string_view where, score_kind kind, matrix_view<const T> scores,
               const column<std::int64_t>& labels, const options& o, row_needs needs,
               const State& state, Consume consume, std::size_t* skipped = nullptr,
               isa set = best_isa()) {
  check_shapes(where, scores, labels.size(), o);
  constexpr std::size_t worth_a_thread = 65536;
  const std::size_t parts =
      part_count(scores.rows(), o.threads.n, worth_a_thread / scores.cols() + 1);
  std::vector<State> states(parts, state);
  std::vector<std::size_t> skips(parts);
  for_each_part(scores.rows(), parts, [&](std::size_t part, std::size_t first, std::size_t last) {
    row_worker<T> worker(where, kind, scores, labels, o, needs, set);
    while (first < last) {
      const std::size_t n = std::min(worker.block_rows(), last - first);
      consume(states[part], worker.next(first, n));
      first += n;
      if (o.progress) o.progress(n);
    }
    skips[part] = worker.skipped();
  });
  for (std::size_t part = 1; part < parts; ++part) {
    states[0] += states[part];
    skips[0] += skips[part];
  }
  if (skipped != nullptr) *skipped = skips[0];
  return std::move(states[0]);
}

/// Says what is wrong where labels are something else than a column of integers.
template<class L>
constexpr bool usable_labels() {
  static_assert(label_vector<L> || tensor_array<L>,
                "calibra: labels are a one-dimensional array of an integer type (class indices)");
  return label_vector<L> || tensor_array<L>;
}

}  // namespace calibra::detail
