// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/fold_losses.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/proper_score.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

struct choose_method_options {
  std::size_t folds = 5;
  proper_score score = proper_score::logarithmic;
  /// Names of methods, from the simplest on; empty: temperature, ets, svs, vector and, where there
  /// are no fewer than K (K + 1) rows, sms for N x K scores; temperature, affine, beta, quadratic
  /// and venn_abers for binary ones.
  std::vector<std::string> methods = {};
};

/// A candidate's mean score over samples that it was not fitted to.
struct method_score {
  std::string name;
  double score = 0;
  double difference = 0;  ///< from the best one's, sample by sample
  double error = 0;       ///< standard error of the difference
};

/// What choose_method() found.
struct method_choice {
  std::string chosen;  ///< the simplest whose difference is at most its standard error
  std::string best;    ///< that of the lowest score
  std::vector<method_score> scores;
};

/// Compares methods by cross-validation: each is fitted to all folds but one and scored on that
/// one, row i being in fold i mod folds. Takes the simplest that cannot be told from the best:
/// whose mean paired difference from it is at most one standard error.
///
/// Shapes, options, errors: as fit(). Throws option_error for fewer than 2 folds and for a name
/// that there is not. Cost: `folds` fits and passes a method; 8 bytes a row and method. Source: the
/// rule of one standard error: Breiman et al., "Classification and regression trees", 1984,
/// section 3.4.3.
template<wrapped_scores S, class L>
[[nodiscard]] method_choice choose_method(const S& scores, const L& labels,
                                          const row_options& o = {},
                                          const choose_method_options& how = {}) {
  std::vector<std::string> methods = how.methods;
  if (methods.empty()) {
    if constexpr (detail::is_binary_kind<S::kind>)
      methods = {"temperature", "affine", "beta", "quadratic", "venn_abers"};
    else
      methods = {"temperature", "ets", "svs", "vector"};
  }
  constexpr std::string_view where = "choose_method()";
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const optional_column<std::int64_t> column(labels);
  const std::size_t n = column.size();
  if constexpr (!detail::is_binary_kind<S::kind>) {
    const std::size_t k =
        detail::with_score_rows(where, scores, o, [](const auto& rows) { return rows.cols(); });
    if (how.methods.empty() && k <= n / (k + 1)) methods.emplace_back("sms");
  }
  detail::fold_rows rows(where, n, how.folds, o);

  std::vector<std::vector<double>> losses;
  for (const std::string& method : methods) {
    std::vector<double>& loss = losses.emplace_back(n, nan);
    for (std::size_t fold = 0; fold < how.folds; ++fold) {
      const std::unique_ptr<const recalibrator> model =
          fit_by_name(method, scores, labels, rows.outside(fold));
      detail::row_losses(where, recalibrated(*model, scores), column, rows.inside(fold), how.score,
                         loss.data());
    }
  }

  method_choice out;
  const std::vector<double> zero(n, 0.0);
  std::size_t best = 0;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const double mean = detail::paired_difference(losses[m], zero, o).mean;
    out.scores.push_back({.name = methods[m], .score = mean});
    if (mean < out.scores[best].score) best = m;
  }
  out.best = out.chosen = methods[best];
  for (std::size_t m = methods.size(); m-- > 0;) {
    const detail::paired_difference d(losses[m], losses[best], o);
    out.scores[m].difference = d.mean;
    out.scores[m].error = d.error;
    if (d.mean <= d.error) out.chosen = methods[m];
  }
  return out;
}

}  // namespace calibra
