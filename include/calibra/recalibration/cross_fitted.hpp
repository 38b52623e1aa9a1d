// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/detail/joined_report.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// The mean of the probabilities of several recalibrators, each fitted to all folds of the samples
/// but one: q = (R_1(p) + ... + R_m(p)) / m. It smooths recalibrators whose fits vary much with the
/// samples, such as isotonic regression.
///
/// Row i is in fold i mod folds, whichever rows are left out, as in choose_method(): nothing is
/// drawn, and the fit depends on the order of the rows. Shuffle rows that come in an order.
///
/// Scores: as R's. Of classes against the rest: cross_fitted<one_against_rest<B>>. Certificate: the
/// mean of the objectives, each over the samples that its model was fitted to, the largest slope;
/// converged if all are. Options: `folds`, and R's as `inner`. Throws option_error for fewer than 2
/// folds.
/// Cost: `folds` fits of R; so many maps a row. Keeps: what R keeps, of the prediction where each
/// of them keeps it.
/// Source: Breiman, "Bagging predictors", Machine Learning 24, 1996, for means of models that were
/// fitted to parts of the samples.
template<class R>
class cross_fitted final : public detail::recalibrator_of<cross_fitted<R>> {
 public:
  static constexpr std::string_view kind = "cross_fitted";
  static constexpr score_domain takes = R::takes;
  static constexpr row_form input = R::input;
  static constexpr row_form output = row_form::probabilities;
  struct options {
    std::size_t folds = 5;
    typename R::options inner = {};
  };

  /// Throws value_error for none, and for different numbers of classes.
  explicit cross_fitted(std::vector<R> of_fold, fit_report report = {})
      : detail::recalibrator_of<cross_fitted>(of_fold.empty() ? 0 : of_fold[0].classes(),
                                              std::move(report)),
        of_fold_(std::move(of_fold)) {
    if (of_fold_.empty())
      throw value_error("cross_fitted(): expected a recalibrator a fold, got none");
    for (const R& r : of_fold_)
      if (r.classes() != this->classes())
        throw value_error(
            detail::concat("cross_fitted(): expected recalibrators of as many "
                           "classes, got ",
                           this->classes(), " and ", r.classes()));
  }

  template<wrapped_scores S, class L>
  requires(!tensor_scores<S>) static cross_fitted
      fit(const S& scores, const L& labels, const row_options& o, const options& method) {
    const optional_column<std::int64_t> column(labels);
    detail::fold_rows rows("fit<cross_fitted>()", column.size(), method.folds, o);
    std::vector<R> of_fold;
    detail::joined_report report(S::kind, 0);
    for (std::size_t fold = 0; fold < method.folds; ++fold) {
      of_fold.push_back(calibra::fit<R>(scores, labels, rows.outside(fold), method.inner));
      report.add_pass(of_fold.back().report(), 1 / static_cast<double>(method.folds), "fold ",
                      fold);
    }
    return cross_fitted(std::move(of_fold), std::move(report).made());
  }

  /// How many recalibrators it has.
  [[nodiscard]] std::size_t folds() const noexcept { return of_fold_.size(); }
  /// The one that was fitted to all folds but this.
  [[nodiscard]] const R& of_fold(std::size_t fold) const { return of_fold_.at(fold); }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    const std::vector<double> given(rows, rows + n * k);
    std::vector<double> made(n * k);
    std::fill_n(rows, n * k, 0.0);
    for (const R& r : of_fold_) {
      made = given;
      r.map_rows(made.data(), n, k);
      detail::to_form(made.data(), n, k, R::output, output, this->is_binary(k));
      for (std::size_t i = 0; i < n * k; ++i) rows[i] += made[i];
    }
    for (std::size_t i = 0; i < n * k; ++i) rows[i] /= static_cast<double>(of_fold_.size());
  }

  [[nodiscard]] std::vector<parameter> parameters() const override { return {}; }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override {
    std::vector<const recalibrator*> all;
    for (const R& r : of_fold_) all.push_back(&r);
    return all;
  }
  static cross_fitted from_parameters(const parameter_reader& p) {
    std::vector<R> of_fold;
    for (const auto& part : p.parts()) of_fold.push_back(detail::read_parameters<R>(*part));
    return cross_fitted(std::move(of_fold), p.report());
  }

 private:
  std::vector<R> of_fold_;
};

}  // namespace calibra
