// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// How candidates are compared. An ECE would not be a proper score.
enum class proper_score {
  logarithmic,  ///< the NLL
  squared,      ///< the Brier score
};

struct choose_options {
  std::size_t folds = 5;
  proper_score score = proper_score::logarithmic;
  /// Names of methods, from the simplest on; empty: temperature, ets, svs and vector for N x K
  /// scores, temperature, affine, beta, quadratic and venn_abers for binary ones.
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

/// Writes the loss of every sample to its row's place.
template<class C>
class loss_collector {
 public:
  loss_collector(proper_score score, double* losses) : score_(score), losses_(losses) {}
  void operator()(const row_worker<C>&, const row_block& block) {
    for (std::size_t i = 0; i < block.size; ++i)
      losses_[block.row_of(i)] =
          score_ == proper_score::logarithmic ? -block.log_likelihood[i] : block.brier[i];
  }

 private:
  proper_score score_;
  double* losses_;
};

/// The loss of every sample that counts; other places stay as they are.
template<class S>
void row_losses(std::string_view where, const S& scores,
                const optional_column<std::int64_t>& labels, const row_options& o,
                proper_score score, double* losses) {
  with_score_rows(where, scores, o, [&](const auto& rows) {
    using C = typename std::remove_cvref_t<decltype(rows)>::element;
    const row_source<C> source{.where = where,
                               .kind = S::kind,
                               .map = &map_rows<C, S::kind, true>,
                               .scores = rows,
                               .labels = labels.get(),
                               .options = o};
    worker_team team(o.threads.n);
    walk_rows(team, source, {.proper_scores = true},
              one_each<loss_collector<C>>(parts_of(source), score, losses));
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

}  // namespace detail

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
                                          const choose_options& how = {}) {
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
