// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/fold_losses.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/proper_score.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/scores.hpp"

namespace calibra {

struct choose_method_options {
  std::size_t folds = 5;
  proper_score score = proper_score::logarithmic;
  /// Names of methods, from the simplest on; empty: temperature, ets, svs, vector and, where there
  /// are no fewer than K (K + 1) rows, sms for N x K scores; temperature, affine, beta, quadratic,
  /// mixed_isotonic and venn_abers for binary ones.
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

namespace detail {

/// Compiled once, and not for every array type.
CALIBRA_DETAIL_ONCE
method_choice choose_among(score_kind kind, const labelled_rows& given,
                           const choose_method_options& how) {
  const row_options& o = given.options;
  const std::size_t n = given.labels.size(), k = given.rows.cols();
  std::vector<std::string> methods = how.methods;
  if (methods.empty()) {
    if (is_one_number(kind)) {
      methods = {"temperature", "affine", "beta", "quadratic", "mixed_isotonic", "venn_abers"};
    } else {
      methods = {"temperature", "ets", "svs", "vector"};
      if (k <= n / (k + 1)) methods.emplace_back("sms");
    }
  }
  fold_rows rows(given.where, n, how.folds, o);

  std::vector<std::vector<double>> losses;
  for (const std::string& method : methods) {
    check_method(method, kind, {});
    std::vector<double>& loss = losses.emplace_back(n, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t fold = 0; fold < how.folds; ++fold) {
      const labelled_rows others{given.where, given.rows, given.singles, given.labels,
                                 rows.outside(fold)};
      const std::unique_ptr<const recalibrator> model = fit_named(method, kind, others, {});
      row_losses(given.where, *model, kind, given.rows, given.labels, rows.inside(fold), how.score,
                 loss.data());
    }
  }

  method_choice out;
  const std::vector<double> zero(n, 0.0);
  std::size_t best = 0;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const double mean = paired_difference(losses[m], zero, o).mean;
    out.scores.push_back({.name = methods[m], .score = mean});
    if (mean < out.scores[best].score) best = m;
  }
  out.best = out.chosen = methods[best];
  for (std::size_t m = methods.size(); m-- > 0;) {
    const paired_difference d(losses[m], losses[best], o);
    out.scores[m].difference = d.mean;
    out.scores[m].error = d.error;
    if (d.mean <= d.error) out.chosen = methods[m];
  }
  return out;
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_CHOICE)

}  // namespace detail

/// Compares methods by cross-validation: each is fitted to all folds but one and scored on that
/// one, row i being in fold i mod folds. Takes the simplest that cannot be told from the best:
/// whose mean paired difference from it is at most one standard error. Methods that make logits are
/// scored by those, so that a probability that rounds to 0 is no infinite loss.
///
/// Shapes, options, errors: as fit(). Throws option_error for fewer than 2 folds and for a name
/// that there is not. Cost: `folds` fits and passes a method; 8 bytes a row and method. Source: the
/// rule of one standard error: Breiman et al., "Classification and regression trees", 1984,
/// section 3.4.3.
template<wrapped_scores S, class L>
[[nodiscard]] method_choice choose_method(const S& scores, const L& labels,
                                          const row_options& o = {},
                                          const choose_method_options& how = {}) {
  if constexpr (!detail::is_multilabel<S>) static_assert(detail::usable_labels<L>());
  if constexpr (detail::can_fit<temperature_scaling, S, false>())
    return detail::with_labelled_rows("choose_method()", scores, labels, o,
                                      [&](const detail::labelled_rows& given) {
                                        return detail::choose_among(S::kind, given, how);
                                      });
}

}  // namespace calibra
