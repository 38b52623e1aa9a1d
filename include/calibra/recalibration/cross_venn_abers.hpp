// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/recalibration/detail/closed_form.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/recalibration/venn_abers.hpp"

namespace calibra {

/// Cross Venn-Abers prediction: p = GM(p1) / (GM(1 - p0) + GM(p1)), geometric means over the folds
/// of the p0 and p1 of a Venn-Abers predictor that was fitted to that fold: the minimax merging of
/// their probabilities for the log loss. p is never 0 or 1.
///
/// Sample i of those that count is in fold i mod folds: nothing is drawn, and the fit depends on
/// the order of the samples. Folds without a sample of positive weight are left out. The scores are
/// those of one model, or each sample's of the model that its fold was held out of, with as many
/// folds.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<cross_venn_abers>.
/// Certificate: in closed form; the objective is the mean squared error of p. No samples: p = 1/2.
/// Options: `folds`; throws option_error for fewer than 2.
/// Cost: as venn_abers to fit; a search and two logarithms a number and fold to map. Keeps: the
/// order, up to ties.
/// Source: Vovk, Petej and Fedorova, "Large-scale probabilistic predictors with and without
/// guarantees of validity", NIPS 2015: CVAP.
class cross_venn_abers final
    : public detail::binary_map<cross_venn_abers, row_form::probabilities> {
 public:
  static constexpr recalibrator_info info{
      .name = "cross_venn_abers",
      .map = "GM(p1) / (GM(1 - p0) + GM(p1)), geometric means of Venn-Abers predictors of folds",
      .objective = "squared error",
      .keeps = "the order of the scores, up to ties",
      .source = "Vovk, Petej and Fedorova, NIPS 2015",
  };
  static constexpr std::string_view kind = info.name;
  struct options {
    std::size_t folds = 5;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("folds", o.folds);
    }
  };

  /// From one predictor a fold. Throws value_error for none.
  explicit cross_venn_abers(std::vector<venn_abers> of_fold, fit_report report = {})
      : binary_map(std::move(report)), of_fold_(std::move(of_fold)) {
    if (of_fold_.empty())
      throw value_error("cross_venn_abers(): expected a predictor a fold, got none");
  }

  static cross_venn_abers fit(const binary_samples& samples, const options& o) {
    detail::check_folds("fit<cross_venn_abers>()", o.folds);
    std::vector<venn_abers> of_fold;
    for (std::size_t fold = 0; fold < o.folds; ++fold) {
      binary_samples inside;
      inside.kind = samples.kind;
      for (std::size_t i = fold; i < samples.size(); i += o.folds)
        inside.pairs.push_back(samples.pairs.confidence(i), samples.pairs.hit(i),
                               samples.pairs.weight_if_any(i));
      if (inside.pairs.total_weight() > 0) of_fold.push_back(venn_abers::fit(inside, {}));
    }
    if (of_fold.empty()) of_fold.push_back(venn_abers::fit({}, {}));
    cross_venn_abers model(std::move(of_fold));
    const std::vector<detail::pooled_block> tied = detail::tied_blocks(samples.pairs);
    model.set_report(detail::closed_form_report(
        samples, tied, [&](std::size_t i) { return model(tied[i].first); }));
    return model;
  }

  /// How many folds it has; those that were left out do not count.
  [[nodiscard]] std::size_t folds() const noexcept { return of_fold_.size(); }
  [[nodiscard]] const venn_abers& of_fold(std::size_t fold) const { return of_fold_.at(fold); }

  /// GM(p1) / (GM(1 - p0) + GM(p1)).
  [[nodiscard]] double operator()(double p) const {
    double hit = 0, miss = 0;
    for (const venn_abers& v : of_fold_) {
      const probability_interval i = v.interval(p);
      hit += std::log(i.upper);
      miss += std::log1p(-i.lower);
    }
    const auto m = static_cast<double>(of_fold_.size());
    const double hit_mean = std::exp(hit / m), miss_mean = std::exp(miss / m);
    // Both are 0 only of predictors that were made by hand.
    return hit_mean + miss_mean > 0 ? hit_mean / (hit_mean + miss_mean) : 0.5;
  }

  [[nodiscard]] std::vector<parameter> parameters() const override { return {}; }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override {
    std::vector<const recalibrator*> all;
    for (const venn_abers& v : of_fold_) all.push_back(&v);
    return all;
  }
  static cross_venn_abers from_parameters(const parameter_reader& p) {
    std::vector<venn_abers> of_fold;
    for (const auto& part : p.parts())
      of_fold.push_back(detail::read_parameters<venn_abers>(*part));
    return cross_venn_abers(std::move(of_fold), p.report());
  }

 private:
  std::vector<venn_abers> of_fold_;
};

}  // namespace calibra
