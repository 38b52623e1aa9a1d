// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/class_matrix.hpp"
#include "calibra/recalibration/detail/odir_fit.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Matrix scaling with ODIR, regularisation of what is off the diagonal and of the intercepts:
/// softmax(W z + b), where W and b minimise
///
///     mean NLL + off_diagonal sum_{k != l} W_kl^2 + intercept sum_k b_k^2
///
/// Scores: N x K; of probabilities z = log p, clipped at that of the least normal float: then it is
/// dirichlet; a masked class (-inf) is taken as 700 below its row's largest.
/// Options: the two weights of the penalty, 1e-3 by default; max_iterations, steps of the search:
/// in float, where that will do, and then in double, so many each. Weights that suit the data are
/// found by choose_options(). Throws option_error unless they are finite and not negative.
/// Certificate: the objective above, convex; its largest slope. Without a penalty, and on the
/// diagonal with one, samples that can be told apart without error have no optimum: the report says
/// that it was not reached. No samples: nothing is changed.
/// Cost: O(N K^2) a pass, one to some ten passes an iteration; 24 K^2 bytes a thread, up to 230 K^2
/// for the search, and no copy of the scores. Keeps: neither order nor prediction. Fits of two data
/// sets cannot be merged. Source: Guo et al., "On Calibration of Modern Neural Networks", ICML
/// 2017, section 4.2; the penalty: Kull et al., "Beyond temperature scaling", NeurIPS 2019,
/// section 3.
class matrix_scaling final : public detail::recalibrator_of<matrix_scaling> {
 public:
  static constexpr recalibrator_info info{
      .name = "matrix",
      .map = "softmax(W z + b), what is off the diagonal penalised",
      .objective = "penalised nll",
      .keeps = "nothing",
      .source = "Guo et al., ICML 2017; Kull et al., NeurIPS 2019",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::logits;
  using options = detail::odir_options;

  /// The matrix row after row. Throws value_error unless it has the square of the number of
  /// intercepts, at least one, all finite.
  matrix_scaling(std::vector<double> matrix, std::vector<double> intercepts, fit_report report = {})
      : matrix_scaling(detail::odir_fit{
            {"matrix_scaling()", std::move(matrix), std::move(intercepts)}, std::move(report)}) {}

  static matrix_scaling fit(const class_samples& samples, const options& o) {
    return matrix_scaling(detail::fit_odir("matrix_scaling::fit()", samples, o));
  }

  /// W row after row: number j K + l is what z_l counts in class j.
  [[nodiscard]] const std::vector<double>& matrix() const noexcept { return map_.matrix(); }
  [[nodiscard]] const std::vector<double>& intercepts() const noexcept { return map_.intercepts(); }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    map_.map_rows(rows, n, k);
  }
  [[nodiscard]] std::optional<detail::row_formula> formula() const override {
    return detail::row_formula{.matrix = matrix(), .intercepts = intercepts()};
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"matrix", matrix()}, {"intercepts", intercepts()}};
  }
  static matrix_scaling from_parameters(const parameter_reader& p) {
    return {p.list("matrix"), p.list("intercepts"), p.report()};
  }

 private:
  explicit matrix_scaling(detail::odir_fit fitted)
      : recalibrator_of(fitted.map.intercepts().size(), std::move(fitted.report)),
        map_(std::move(fitted.map)) {}

  detail::class_matrix map_;
};

}  // namespace calibra
