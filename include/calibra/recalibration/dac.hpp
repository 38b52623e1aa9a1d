// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/nearest_rows.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"

namespace calibra {

/// Distance-aware calibration of a tuned vision-language model on other classes than those that it
/// was tuned on: softmax(gamma_k z), k the class that the row predicts. gamma_k says how much
/// nearer to the base classes the tuning has moved the class: it falls, and with it the confidence,
/// where the class has moved away.
///
/// Formula: gamma_i = exp(-mean of the m least |t_i - b_j|, tuned) / exp(-the same, zero-shot),
///   m = min(neighbours, base classes), with features t_i of the classes to predict and b_j of the
///   base classes, each brought to norm 1; gamma_i = 1 where the least tuned distance is below
///   same_class: there the class is one that the model was tuned on. gamma is in [exp(-2), exp(2)].
/// Scores: N x K; of probabilities z = log p, clipped at that of the least normal float; a masked
/// class (-inf) is taken as 700 below its row's largest. The predicted class is the first of the
/// largest.
/// Certificate: none. It is made from features, not fitted to labels, and its report says so.
/// Cost: O(K B D) to make, of B base classes and D numbers a feature; one multiplication a number
/// to map. Keeps: the order of the classes, so the prediction.
/// Source: Wang et al., "Open-vocabulary calibration for fine-tuned CLIP", ICML 2024 (arXiv
/// 2402.04655).
class dac final : public detail::recalibrator_of<dac> {
 public:
  static constexpr recalibrator_info info{
      .name = "dac",
      .map = "softmax(gamma_k z), k the predicted class, gamma of text features",
      .objective = "nothing: it is not fitted to labels",
      .keeps = "the order of the classes, so the prediction",
      .source = "Wang et al., ICML 2024",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::logits;
  struct options {
    /// Base classes that the mean is over; fewer where there are fewer.
    std::size_t neighbours = 5;
    /// Nearer than this to a base class is that class.
    double same_class = 0.05;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("neighbours", o.neighbours);
      f("same_class", o.same_class);
    }
  };

  /// From one factor a class. Throws value_error for none, and unless each is finite and > 0.
  explicit dac(std::vector<double> gammas, fit_report report = {})
      : recalibrator_of(gammas.size(), std::move(report)), gammas_(std::move(gammas)) {
    if (gammas_.empty()) throw value_error("dac(): expected a factor a class, got none");
    for (std::size_t k = 0; k < gammas_.size(); ++k)
      if (!(gammas_[k] > 0) || !detail::is_finite(gammas_[k]))
        throw value_error(detail::concat("dac(): factor ", gammas_[k], " of class ", k,
                                         " is not a finite number > 0"));
  }

  /// From the text features of the base classes (B x D) and of the classes to predict (K x D, in
  /// the order of the scores), of the model before tuning and after. The tuned ones may have
  /// another D. Throws option_error for no neighbours and for a same_class that is negative or NaN;
  /// shape_error where the shapes do not match or are empty; value_error with the row (and column)
  /// for a NaN, an infinity, a row of zeros, or a norm that overflows.
  template<score_matrix BaseZeroShot, score_matrix BaseTuned, score_matrix TestZeroShot,
           score_matrix TestTuned>
  [[nodiscard]] static dac from_features(const BaseZeroShot& base_zero_shot,
                                         const BaseTuned& base_tuned,
                                         const TestZeroShot& test_zero_shot,
                                         const TestTuned& test_tuned, const options& o) {
    if (o.neighbours == 0)
      throw option_error(detail::concat(where, ": expected neighbours >= 1, got 0"));
    if (!(o.same_class >= 0))
      throw option_error(detail::concat(where, ": expected same_class >= 0, got ", o.same_class));
    const matrix<double> b = units("base_zero_shot", base_zero_shot);
    const matrix<double> b_tuned = units("base_tuned", base_tuned);
    const matrix<double> t = units("test_zero_shot", test_zero_shot);
    const matrix<double> t_tuned = units("test_tuned", test_tuned);
    expect_same("rows", "base_zero_shot", b.rows(), "base_tuned", b_tuned.rows());
    expect_same("rows", "test_zero_shot", t.rows(), "test_tuned", t_tuned.rows());
    expect_same("columns", "base_zero_shot", b.cols(), "test_zero_shot", t.cols());
    expect_same("columns", "base_tuned", b_tuned.cols(), "test_tuned", t_tuned.cols());
    const std::size_t m = std::min(o.neighbours, b.rows());
    matrix<double> before(t.rows(), m), after(t.rows(), m);
    detail::nearest_distances(t, 0, t.rows(), b, false, before);
    detail::nearest_distances(t_tuned, 0, t.rows(), b_tuned, false, after);
    std::vector<double> gammas;
    for (std::size_t i = 0; i < t.rows(); ++i)
      gammas.push_back(after(i, 0) < o.same_class
                           ? 1
                           : detail::proximity_of(after, i) / detail::proximity_of(before, i));
    fit_report report;
    report.note = "made from features, not fitted to labels";
    return dac(std::move(gammas), std::move(report));
  }
  /// The same with the options as they are by default.
  template<score_matrix BaseZeroShot, score_matrix BaseTuned, score_matrix TestZeroShot,
           score_matrix TestTuned>
  [[nodiscard]] static dac from_features(const BaseZeroShot& base_zero_shot,
                                         const BaseTuned& base_tuned,
                                         const TestZeroShot& test_zero_shot,
                                         const TestTuned& test_tuned) {
    return from_features(base_zero_shot, base_tuned, test_zero_shot, test_tuned, options{});
  }

  /// The factor of each class.
  [[nodiscard]] const std::vector<double>& gammas() const noexcept { return gammas_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (double* row = rows; row != rows + n * k; row += k) {
      const double gamma = gammas_[static_cast<std::size_t>(std::max_element(row, row + k) - row)];
      for (std::size_t j = 0; j < k; ++j) row[j] *= gamma;
    }
  }
  [[nodiscard]] std::vector<parameter> parameters() const override { return {{"gammas", gammas_}}; }
  static dac from_parameters(const parameter_reader& p) {
    return dac(p.list("gammas"), p.report());
  }

 private:
  static constexpr std::string_view where = "dac::from_features()";

  template<class Features>
  static matrix<double> units(std::string_view name, const Features& features) {
    const auto held = detail::hold<detail::as_matrix>(features);
    const auto view = held.view();
    if (view.rows() == 0 || view.cols() == 0)
      throw shape_error(detail::concat(where, ": ", name, " is ", view.rows(), " x ", view.cols(),
                                       "; expected at least one row and one column"));
    return detail::unit_rows(where, name, view);
  }
  static void expect_same(std::string_view what, std::string_view a, std::size_t of_a,
                          std::string_view b, std::size_t of_b) {
    if (of_a != of_b)
      throw shape_error(detail::concat(where, ": ", a, " has ", of_a, ' ', what, ", ", b, " has ",
                                       of_b, "; expected as many of both"));
  }

  std::vector<double> gammas_;
};

}  // namespace calibra
