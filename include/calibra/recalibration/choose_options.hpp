// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/fold_losses.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/proper_score.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// What choose_options() found.
template<class R>
struct options_choice {
  typename R::options chosen;
  std::vector<double> scores;  ///< of each candidate
};

/// Compares options of a recalibrator by cross-validation: each candidate is fitted to all folds
/// but one and scored on that one, row i being in fold i mod folds. Takes the candidate of the
/// lowest mean score, the first of several: `fit<dirichlet>(s, y, o, choose_options<dirichlet>(s,
/// y, dirichlet::candidates(), o).chosen)`.
///
/// Shapes, row options, errors: as fit(). Throws option_error for fewer than 2 folds and for no
/// candidates. Cost: `folds` fits and passes a candidate; 8 bytes a row. Weights of samples count.
template<class R, wrapped_scores S, class L>
[[nodiscard]] options_choice<R> choose_options(const S& scores, const L& labels,
                                               const std::vector<typename R::options>& candidates,
                                               const row_options& o = {}, std::size_t folds = 5,
                                               proper_score score = proper_score::logarithmic) {
  static_assert(!tensor_scores<S> && !detail::is_multilabel<S>,
                "calibra: choose_options() takes arrays of one label a sample");
  constexpr std::string_view where = "choose_options()";
  if (candidates.empty()) throw option_error("choose_options(): expected candidates, got none");
  const optional_column<std::int64_t> column(labels);
  const std::size_t n = column.size();
  const std::vector<double> zero(n, 0.0);
  detail::fold_rows rows(where, n, folds, o);
  options_choice<R> out{candidates[0], {}};
  double best = std::numeric_limits<double>::infinity();
  for (const typename R::options& candidate : candidates) {
    std::vector<double> losses(n, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t fold = 0; fold < folds; ++fold) {
      const R model = fit<R>(scores, labels, rows.outside(fold), candidate);
      detail::with_double_rows(where, scores, o, [&](const detail::score_rows<double>& given) {
        detail::row_losses(where, model, S::kind, given, column.get(), rows.inside(fold), score,
                           losses.data());
      });
    }
    const double mean = detail::paired_difference(losses, zero, o).mean;
    out.scores.push_back(mean);
    if (mean < best) {
      best = mean;
      out.chosen = candidate;
    }
  }
  return out;
}

}  // namespace calibra
