// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "calibra/options.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_checks.hpp"
#include "calibra/rows/row_worker.hpp"

namespace calibra::detail {

/// How many parts a pass over the rows is worth.
template<class C>
std::size_t parts_of(const row_source<C>& source) {
  return row_parts(source.scores.rows(), source.scores.cols(), source.options.threads.n);
}

/// What the parts of a pass are given to: one consumer each, made by Consumer(arguments).
template<class Consumer, class... Arguments>
std::vector<std::unique_ptr<Consumer>> one_each(std::size_t parts, const Arguments&... arguments) {
  std::vector<std::unique_ptr<Consumer>> made(parts);
  for (auto& consumer : made) consumer = std::make_unique<Consumer>(arguments...);
  return made;
}

/// The one walk over rows: every consumer is given the blocks of its part, in order, by
/// consumer(worker, block). Returns how many samples were left out by nan_policy::count.
template<class C, class Consumer>
std::size_t walk_rows(worker_team& team, const row_source<C>& source, row_needs needs,
                      const std::vector<std::unique_ptr<Consumer>>& consumers,
                      isa set = best_isa()) {
  const row_options& o = source.options;
  const std::size_t rows = source.scores.rows(), parts = consumers.size();
  check_shapes(source.where, rows, source.scores.cols(), source.labels.size(), o);
  std::vector<std::size_t> skips(parts);
  team.run(parts, [&](std::size_t part) {
    auto [first, last] = range_of(rows, parts, part);
    row_worker<C> worker(source, needs, set);
    while (first < last) {
      const std::size_t n = std::min(worker.block_rows(), last - first);
      (*consumers[part])(worker, worker.next(first, n));
      first += n;
      if (o.progress) o.progress(n);
    }
    skips[part] = worker.skipped();
  });
  std::size_t skipped = 0;
  for (const std::size_t s : skips) skipped += s;
  return skipped;
}

}  // namespace calibra::detail
