// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/proper_score.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// Writes the loss of every sample to its row's place.
class loss_collector {
 public:
  loss_collector(proper_score score, double* losses) : score_(score), losses_(losses) {}
  void operator()(const row_worker<double>&, const row_block& block) {
    for (std::size_t i = 0; i < block.size; ++i)
      losses_[block.row_of(i)] =
          score_ == proper_score::logarithmic ? -block.log_likelihood[i] : block.brier[i];
  }

 private:
  proper_score score_;
  double* losses_;
};

/// The loss of every sample that counts, of what a recalibrator makes: of logits where it makes
/// those. Other places stay as they are.
inline void row_losses(std::string_view where, const row_mapping& mapping, score_kind kind,
                       const score_rows<double>& scores, const column<std::int64_t>& labels,
                       const row_options& o, proper_score score, double* losses) {
  row_options inner = o;
  inner.nan = nan_policy::count;  // NaN comes out, and the walk decides
  const recalibrated_rows rows(where, kind, scores, inner, mapping, mapping.makes());
  const bool logits = mapping.makes() == row_form::logits;
  score_kind made = logits ? score_kind::logits : score_kind::probabilities;
  if (is_one_number(kind))
    made = logits ? score_kind::binary_logits : score_kind::binary_probabilities;
  with_kind(made, [&]<score_kind Kind>() {
    const row_source<double> source{.where = where,
                                    .kind = Kind,
                                    .map = &map_rows<double, Kind, true>,
                                    .scores = rows,
                                    .labels = labels,
                                    .options = o};
    worker_team team(o.threads.n);
    walk_rows(team, source, {.proper_scores = true},
              one_each<loss_collector>(parts_of(source), score, losses));
  });
}

/// Weighted mean of a - b where both are numbers, and its standard error.
struct paired_difference {
  double mean = 0, error = 0;

  paired_difference(const std::vector<double>& a, const std::vector<double>& b,
                    const row_options& o) {
    const auto weight = [&](std::size_t i) { return o.weights ? o.weights.get()[i] : 1.0; };
    const auto difference = [&](std::size_t i) { return a[i] == b[i] ? 0 : a[i] - b[i]; };
    double sum = 0, total = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (is_nan(a[i]) || is_nan(b[i])) continue;
      sum += weight(i) * difference(i);
      total += weight(i);
    }
    mean = sum / total;
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (is_nan(a[i]) || is_nan(b[i])) continue;
      const double d = weight(i) * (difference(i) - mean);
      squares += d * d;
    }
    error = std::sqrt(squares) / total;
  }
};

}  // namespace calibra::detail
