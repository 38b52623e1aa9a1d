// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// The class of the largest score of each row, the first of equal ones: groups for evaluate_by()
/// ("calibration by predicted class"; by true class it takes the labels). Scores: N x K. A row with
/// NaN: -1. Nothing else is checked. Cost: O(N K). Ref: Gupta and Ramdas 2022 (arXiv 2107.08353).
template<detail::single_label_scores S>
[[nodiscard]] std::vector<std::int64_t> predicted_classes(const S& scores) {
  static_assert(detail::is_multiclass<S>,
                "calibra: predicted_classes() takes samples x classes: logits() or "
                "probabilities()");
  return detail::with_double_rows(
      "predicted_classes()", scores, row_options{}, [](const detail::score_rows<double>& rows) {
        std::vector<std::int64_t> predicted;
        predicted.reserve(rows.rows());
        const auto reader = rows.reader(detail::best_isa());
        for (std::size_t first = 0; first < rows.rows();) {
          const std::size_t count = std::min(reader->tile_rows(), rows.rows() - first);
          const detail::tile<double> t = reader->read(first, count);
          for (std::size_t i = 0; i < count; ++i) {
            std::size_t best = 0;
            bool nan = false;
            for (std::size_t j = 0; j < rows.cols(); ++j) {
              nan = nan || detail::is_nan(t.at(i, j));
              if (t.at(i, j) > t.at(i, best)) best = j;
            }
            predicted.push_back(nan ? -1 : static_cast<std::int64_t>(best));
          }
          first += count;
        }
        return predicted;
      });
}

}  // namespace calibra
