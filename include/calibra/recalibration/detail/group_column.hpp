// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/rows/score_rows.hpp"

// Which row is in which group, and which rows count.
namespace calibra::detail {

/// The groups of rows, checked and copied.
class group_column {
 public:
  template<class G>
  group_column(std::string_view where, const G& groups) {
    const optional_column<std::int64_t> column(groups);
    of_row_.resize(column.size());
    if (column.size() != 0) column.get().load(0, column.size(), of_row_.data());
    for (std::size_t i = 0; i < of_row_.size(); ++i)
      if (of_row_[i] == not_whole)
        throw value_error(concat(where, ": the group of row ", i, " is not a whole number"));
  }
  template<class G>
  group_column(std::string_view where, const G& groups, std::size_t rows)
      : group_column(where, groups) {
    if (size() != rows)
      throw shape_error(
          concat(where, ": expected ", rows, " groups to match ", rows, " rows, got ", size()));
  }

  std::size_t size() const { return of_row_.size(); }
  std::int64_t operator[](std::size_t row) const { return of_row_[row]; }

 private:
  std::vector<std::int64_t> of_row_;
};

/// Marks the rows whose weight is not 0.
class row_marker {
 public:
  explicit row_marker(unsigned char* marks) : marks_(marks) {}
  void operator()(const row_worker<double>&, const row_block& block) {
    for (std::size_t i = 0; i < block.size; ++i)
      marks_[block.row_of(i)] = block.weight == nullptr || block.weight[i] > 0;
  }

 private:
  unsigned char* marks_;
};

/// 1 for the rows that count with a weight, 0 for the others.
template<class S>
std::vector<unsigned char> rows_with_weight(std::string_view where, const S& scores,
                                            const optional_column<std::int64_t>& labels,
                                            const row_options& o) {
  return with_double_rows(where, scores, o, [&](const score_rows<double>& rows) {
    const row_source<double> source{.where = where,
                                    .kind = S::kind,
                                    .map = &map_rows<double, S::kind, false>,
                                    .scores = rows,
                                    .labels = labels.get(),
                                    .options = o};
    std::vector<unsigned char> marks(rows.rows());
    worker_team team(o.threads.n);
    walk_rows(team, source, {}, one_each<row_marker>(parts_of(source), marks.data()));
    return marks;
  });
}

}  // namespace calibra::detail
