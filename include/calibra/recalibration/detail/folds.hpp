// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/options.hpp"

// Samples cut into folds.
namespace calibra::detail {

/// Throws option_error for fewer than 2 folds.
inline void check_folds(std::string_view where, std::size_t folds) {
  constexpr std::size_t most = 1000000;
  if (folds < 2) throw option_error(concat(where, ": expected at least 2 folds, got ", folds));
  if (folds > most)
    throw option_error(concat(where, ": expected at most ", most, " folds, got ", folds));
}

/// Rows cut into folds by their place: row i is in fold i mod folds, whichever rows are left out.
class fold_rows {
 public:
  /// Throws option_error for fewer than 2 folds, shape_error where `valid` has another size.
  fold_rows(std::string_view where, std::size_t rows, std::size_t folds, const row_options& o)
      : folds_(folds), given_(rows, 1), counted_(rows), masked_(o) {
    check_folds(where, folds);
    if (o.valid) {
      if (o.valid.size() != rows)
        throw shape_error(concat(where, ": expected ", rows, " mask entries to match ", rows,
                                 " rows, got ", o.valid.size()));
      o.valid.get().load(0, rows, given_.data());
    }
    masked_.valid = counted_;
  }
  fold_rows(const fold_rows&) = delete;
  fold_rows& operator=(const fold_rows&) = delete;

  /// The options for the rows of a fold alone, good until the next call.
  const row_options& inside(std::size_t fold) { return mask(fold, true); }
  /// The options for all other rows.
  const row_options& outside(std::size_t fold) { return mask(fold, false); }

 private:
  const row_options& mask(std::size_t fold, bool inside) {
    for (std::size_t i = 0; i < counted_.size(); ++i)
      counted_[i] = given_[i] != 0 && (i % folds_ == fold) == inside;
    return masked_;
  }

  std::size_t folds_;
  std::vector<unsigned char> given_, counted_;
  row_options masked_;
};

}  // namespace calibra::detail
