// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/class_matrix.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/odir_fit.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Dirichlet calibration with ODIR: softmax(W log p + b), the posterior of classes whose
/// probabilities are distributed as Dirichlet's, where W and b minimise
///
///     mean NLL + off_diagonal sum_{k != l} W_kl^2 + intercept sum_k b_k^2
///
/// Scores: N x K; logits are taken as their softmax. log p is clipped at that of the least normal
/// float.
/// Options: the two weights of the penalty, 1e-3 by default; max_iterations, steps of the search:
/// in float, where that will do, and then in double, so many each. Weights that suit the data are
/// found by choose_options(), of the paper's 25 candidates in candidates(). Throws option_error
/// unless they are finite and not negative.
/// Certificate: the objective above, convex; its largest slope. Samples that can be told apart
/// without error may have no optimum, since the diagonal is free: the report says that it was not
/// reached. No samples: nothing is changed.
/// Cost: O(N K^2) a pass, one to some ten passes an iteration; 24 K^2 bytes a thread, up to 230 K^2
/// for the search, and no copy of the scores. Keeps: neither order nor prediction. Fits of two data
/// sets cannot be merged. Source: Kull et al., "Beyond temperature scaling: obtaining
/// well-calibrated multi-class probabilities with Dirichlet calibration", NeurIPS 2019.
class dirichlet final : public detail::recalibrator_of<dirichlet> {
 public:
  static constexpr recalibrator_info info{
      .name = "dirichlet",
      .map = "softmax(W log p + b), what is off the diagonal penalised",
      .objective = "penalised nll",
      .keeps = "nothing",
      .source = "Kull et al., NeurIPS 2019",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::probabilities;
  static constexpr row_form output = row_form::logits;
  using options = detail::odir_options;

  /// The matrix row after row. Throws value_error unless it has the square of the number of
  /// intercepts, at least one, all finite.
  dirichlet(std::vector<double> matrix, std::vector<double> intercepts, fit_report report = {})
      : dirichlet(detail::odir_fit{{"dirichlet()", std::move(matrix), std::move(intercepts)},
                                   std::move(report)}) {}

  static dirichlet fit(const class_samples& samples, const options& o) {
    return dirichlet(detail::fit_odir("dirichlet::fit()", samples, o, true));
  }
  /// 1e-5, 1e-4, ..., 0.1 for each weight of the penalty.
  [[nodiscard]] static std::vector<options> candidates() {
    std::vector<options> all;
    for (const double off_diagonal : {1e-5, 1e-4, 1e-3, 1e-2, 1e-1})
      for (const double intercept : {1e-5, 1e-4, 1e-3, 1e-2, 1e-1})
        all.push_back({.off_diagonal = off_diagonal, .intercept = intercept});
    return all;
  }

  /// W row after row: number j K + l is what log p_l counts in class j.
  [[nodiscard]] const std::vector<double>& matrix() const noexcept { return map_.matrix(); }
  [[nodiscard]] const std::vector<double>& intercepts() const noexcept { return map_.intercepts(); }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (std::size_t i = 0; i < n; ++i) detail::log_of_row(rows + i * k, k);
    map_.map_rows(rows, n, k);
  }
  [[nodiscard]] std::optional<detail::row_formula> formula() const override {
    return detail::row_formula{.matrix = matrix(), .intercepts = intercepts()};
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"matrix", matrix()}, {"intercepts", intercepts()}};
  }
  static dirichlet from_parameters(const parameter_reader& p) {
    return {p.list("matrix"), p.list("intercepts"), p.report()};
  }

 private:
  explicit dirichlet(detail::odir_fit fitted)
      : recalibrator_of(fitted.map.intercepts().size(), std::move(fitted.report)),
        map_(std::move(fitted.map)) {}

  detail::class_matrix map_;
};

}  // namespace calibra
