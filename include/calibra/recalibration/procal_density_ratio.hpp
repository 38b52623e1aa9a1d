// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/fitted_on.hpp"
#include "calibra/recalibration/detail/kernel_density.hpp"
#include "calibra/recalibration/detail/pairs_with_proximity.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/proximity_recalibrator.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// Samples by confidence and proximity, with their weights; no weights: all weigh the same.
struct proximity_points {
  std::vector<double> confidences = {};
  std::vector<double> proximities = {};
  std::vector<double> weights = {};

  friend bool operator==(const proximity_points&, const proximity_points&) = default;
};

/// ProCal by density ratio: the probability that a sample of this confidence and this proximity is
/// right, by Bayes' rule from the densities of those that were right and of those that were wrong.
///
/// Formula: c' = f+(c, d) / max(f+(c, d) + f-(c, d) n- / n+, 1e-10), c the largest probability of
///   the row and d its proximity. f+ and f- are kernel density estimates of the n+ samples that are
///   right and the n- that are wrong, a product of two Gaussians of bandwidth
///   1.06 sd n^(-1/6) (the normal reference rule, sd with the divisor n). The predicted class takes
///   c', the others share 1 - c' in proportion, or evenly where all of them are 0.
/// Scores: N x K, or one number a sample, where c is that of the likelier class; a proximity each.
/// Edges: none wrong: c' = f+ / max(f+, 1e-10). None right: 0. No samples: the scores stay. A group
///   without spread in one of the two takes the spread of all samples there; where that is below
///   1e-100 too, the variable tells nothing and is left out. Far from all samples, where the
///   densities fall below 1e-10, c' tends to 0, as published.
/// Certificate: densities minimise nothing: the objectives are NaN. Converged if there were
/// samples. Cost: O(N K) to fit; n exponentials a row to transform, n = n+ + n-, on threads.
/// Memory: up to 48 bytes a sample fitted to, which the recalibrator keeps. Weights count as
/// repetition. Keeps: neither order nor prediction: c' can fall below the others' share. Fits of
/// two data sets cannot be merged. Source: Xiong et al., "Proximity-informed calibration for deep
/// neural networks", NeurIPS 2023 (arXiv 2306.04590).
class procal_density_ratio final : public proximity_recalibrator {
 public:
  static constexpr recalibrator_info info{
      .name = "procal_density_ratio",
      .map = "P(right | confidence, proximity) from densities of right and wrong samples",
      .objective = "none: densities minimise nothing",
      .keeps = "nothing",
      .source = "Xiong et al., NeurIPS 2023",
  };
  static constexpr std::string_view kind = info.name;
  struct options {};

  /// From samples that were right and samples that were wrong. Throws shape_error where
  /// confidences, proximities and weights differ in number, value_error unless confidences are in
  /// [0, 1], proximities finite and weights finite and > 0.
  procal_density_ratio(proximity_points right, proximity_points wrong, fit_report report = {})
      : proximity_recalibrator(std::move(report)),
        right_(std::move(right)),
        wrong_(std::move(wrong)) {
    check("right", right_);
    check("wrong", wrong_);
    const proximity_points all = joined(right_, wrong_);
    const double confidence = detail::standard_deviation(all.confidences, all.weights);
    const double proximity = detail::standard_deviation(all.proximities, all.weights);
    const auto density = [&](const proximity_points& x) {
      return detail::kernel_density(x.confidences, x.proximities, x.weights, confidence, proximity);
    };
    right_density_ = density(right_);
    wrong_density_ = density(wrong_);
  }

  /// Fits it to scores, labels and proximities (calibra/recalibration/proximities.hpp), one a
  /// sample. Options that count: `weights`, `ignore_label`, `valid`, `nan`, `renormalise`,
  /// `threads` and `progress`. Throws as fit<R>(), shape_error for another number of proximities,
  /// and value_error where one is not finite.
  template<wrapped_scores S, class L>
  [[nodiscard]] static procal_density_ratio fit(const S& scores, const L& labels,
                                                const optional_column<double>& proximity,
                                                const row_options& o = {}) {
    constexpr bool usable = detail::usable_with_proximity<S, L>();
    if constexpr (usable) {
      const sample pairs =
          detail::pairs_with_proximity("procal_density_ratio::fit()", scores, labels, proximity, o);
      proximity_points right, wrong;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (!(pairs.weight(i) > 0)) continue;
        proximity_points& group = pairs.hit(i) ? right : wrong;
        group.confidences.push_back(pairs.confidence(i));
        group.proximities.push_back(pairs.proximities()[i]);
        if (pairs.weighted()) group.weights.push_back(pairs.weight(i));
      }
      fit_report report;
      report.fitted_on = S::kind;
      report.passes = 1;
      report.converged = !right.confidences.empty() || !wrong.confidences.empty();
      report.note = report.converged ? "" : detail::nothing_to_fit;
      return {std::move(right), std::move(wrong), std::move(report)};
    }
  }

  /// The samples fitted to whose prediction is right, and those whose is wrong.
  [[nodiscard]] const proximity_points& right() const noexcept { return right_; }
  [[nodiscard]] const proximity_points& wrong() const noexcept { return wrong_; }

  /// c' of a confidence and a proximity.
  [[nodiscard]] double operator()(double confidence, double proximity) const {
    const double n_right = right_density_.weight(), n_wrong = wrong_density_.weight();
    if (!(n_right > 0)) return n_wrong > 0 ? 0 : confidence;
    const double f_right = right_density_(confidence, proximity);
    const double f_wrong = wrong_density_(confidence, proximity);
    return f_right / std::max(f_right + f_wrong * (n_wrong / n_right), 1e-10);
  }

  void check_takes(std::string_view where, score_kind given, std::size_t cols) const override {
    detail::check_fitted_on(where, fitted_on(), given);
    if (cols == 0) throw shape_error(detail::concat(where, ": expected at least 1 class, got 0"));
  }
  [[nodiscard]] std::string_view name() const noexcept override { return kind; }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"right_confidences", right_.confidences}, {"right_proximities", right_.proximities},
            {"right_weights", right_.weights},         {"wrong_confidences", wrong_.confidences},
            {"wrong_proximities", wrong_.proximities}, {"wrong_weights", wrong_.weights}};
  }
  static procal_density_ratio from_parameters(const parameter_reader& p) {
    return {{p.list("right_confidences"), p.list("right_proximities"), p.list("right_weights")},
            {p.list("wrong_confidences"), p.list("wrong_proximities"), p.list("wrong_weights")},
            p.report()};
  }

 protected:
  [[nodiscard]] row_form reads() const noexcept override { return row_form::probabilities; }
  void map_row(double* row, std::size_t k, bool binary, double proximity) const override {
    if (binary) {
      const bool predicted = row[0] > 0.5;
      const double c = (*this)(std::max(row[0], 1 - row[0]), proximity);
      row[0] = predicted ? c : 1 - c;
      return;
    }
    if (k == 1) return;
    double* const top = std::max_element(row, row + k);
    const double c = (*this)(*top, proximity);
    *top = 0;
    double others = 0;
    for (std::size_t j = 0; j < k; ++j) others += row[j];
    for (std::size_t j = 0; j < k; ++j)
      row[j] = others > 0 ? row[j] / others * (1 - c) : (1 - c) / static_cast<double>(k - 1);
    *top = c;
  }

 private:
  static proximity_points joined(proximity_points a, const proximity_points& b) {
    a.weights.resize(a.confidences.size(), 1);  // where there are none
    a.weights.insert(a.weights.end(), b.weights.begin(), b.weights.end());
    a.confidences.insert(a.confidences.end(), b.confidences.begin(), b.confidences.end());
    a.proximities.insert(a.proximities.end(), b.proximities.begin(), b.proximities.end());
    a.weights.resize(a.confidences.size(), 1);
    return a;
  }
  static void check(std::string_view group, const proximity_points& points) {
    const std::size_t n = points.confidences.size();
    const bool weighted = !points.weights.empty();
    if (points.proximities.size() != n || (weighted && points.weights.size() != n))
      throw shape_error(detail::concat("procal_density_ratio(): the ", group, " samples have ", n,
                                       " confidences, ", points.proximities.size(),
                                       " proximities and ", points.weights.size(),
                                       " weights; expected as many of each, or no weights"));
    for (std::size_t i = 0; i < n; ++i) {
      check(group, "confidence", i, points.confidences[i], "in [0, 1]",
            points.confidences[i] >= 0 && points.confidences[i] <= 1);
      check(group, "proximity", i, points.proximities[i], "finite",
            detail::is_finite(points.proximities[i]));
      if (weighted)
        check(group, "weight", i, points.weights[i], "a finite number > 0",
              points.weights[i] > 0 && detail::is_finite(points.weights[i]));
    }
  }
  static void check(std::string_view group, std::string_view what, std::size_t i, double x,
                    std::string_view expected, bool good) {
    if (!good)
      throw value_error(detail::concat("procal_density_ratio(): ", what, ' ', x, " of ", group,
                                       " sample ", i, " is not ", expected));
  }

  proximity_points right_, wrong_;
  detail::kernel_density right_density_, wrong_density_;
};

}  // namespace calibra
