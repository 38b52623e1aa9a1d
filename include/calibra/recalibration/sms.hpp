// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/class_matrix.hpp"
#include "calibra/recalibration/detail/mixed_temperature.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Structured matrix scaling. First a temperature, mixed with the uniform distribution:
/// p' = (1 - share) softmax(beta z) + share / K with share = 1 / (n + 1); then
/// softmax(W log p' + b), where W and b minimise
///
///     mean NLL + (K / n) sum_k ((W_kk - 1)^2 + b_k^2) + (K (K - 1) / n) sum_{k != l} W_kl^2
///
/// over n samples (their weights' sum). Of the methods that have been published it has the best NLL
/// where there are at most a few hundred classes; it costs K^2 numbers.
///
/// Scores: N x K; of probabilities z = log p, clipped at that of the least normal float, as log p'
/// is; a masked class (-inf) is taken as 700 below its row's largest.
/// Options: max_iterations, steps of the search: in float, where that will do, and then in
/// double, so many each.
/// Certificate: the objective above, strictly convex; its largest slope. It always has an optimum.
/// No samples: nothing is changed.
/// Cost: O(N K^2) a pass, one to some ten passes an iteration; 24 K^2 bytes a thread, up to 230 K^2
/// for the search, and no copy of the scores. Keeps: neither order nor prediction. Fits of two data
/// sets cannot be merged. Source: Berta, Holzmueller, Jordan and Bach, "Structured matrix scaling
/// for multi-class calibration", 2025.
class sms final : public detail::recalibrator_of<sms> {
 public:
  static constexpr recalibrator_info info{
      .name = "sms",
      .map = "structured matrix scaling: softmax(W log p' + b) of a temperature's p', penalised",
      .objective = "penalised nll",
      .keeps = "nothing",
      .source = "Berta et al. 2025",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::logits;
  struct options {
    std::size_t max_iterations = 100;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("max_iterations", o.max_iterations);
    }
  };

  /// The matrix row after row. Throws value_error unless it has the square of the number of
  /// intercepts, at least one, all finite, beta is finite and positive and 0 <= share <= 1.
  sms(double beta, double share, std::vector<double> matrix, std::vector<double> intercepts,
      fit_report report = {})
      : sms({"sms()", beta, share}, {"sms()", std::move(matrix), std::move(intercepts)},
            std::move(report)) {}

  static sms fit(const class_samples& samples, const options& o) {
    const auto k = static_cast<double>(samples.classes());
    const double n = samples.weight();
    fit_report report;
    detail::mixed_temperature first("sms::fit()", 1, 0);
    if (n > 0) first = detail::fit_mixed_temperature(samples, report);
    detail::class_matrix_nll objective(
        samples, {.diagonal = k / n, .off_diagonal = k * (k - 1) / n, .intercept = k / n}, &first);
    std::vector<double> theta = objective.unchanged();
    if (n > 0)
      detail::newton_cg(objective, theta, o.max_iterations, report);
    else
      report.note = detail::nothing_to_fit;
    report.fitted_on = samples.kind();
    return {std::move(first),
            detail::class_matrix_nll::map_of("sms::fit()", theta, samples.classes()),
            std::move(report)};
  }

  /// The inverse of the temperature, and the share of the uniform distribution.
  [[nodiscard]] double beta() const noexcept { return first_.beta(); }
  [[nodiscard]] double share() const noexcept { return first_.share(); }
  /// W row after row: number j K + l is what log p'_l counts in class j.
  [[nodiscard]] const std::vector<double>& matrix() const noexcept { return second_.matrix(); }
  [[nodiscard]] const std::vector<double>& intercepts() const noexcept {
    return second_.intercepts();
  }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    first_.map_rows(rows, n, k, rows);
    second_.map_rows(rows, n, k);
  }
  [[nodiscard]] std::optional<detail::row_formula> formula() const override {
    return detail::row_formula{
        .first = {{beta(), share()}}, .matrix = matrix(), .intercepts = intercepts()};
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"beta", {beta()}, true},
            {"share", {share()}, true},
            {"matrix", matrix()},
            {"intercepts", intercepts()}};
  }
  static sms from_parameters(const parameter_reader& p) {
    return {p.number("beta"), p.number("share"), p.list("matrix"), p.list("intercepts"),
            p.report()};
  }

 private:
  sms(detail::mixed_temperature first, detail::class_matrix second, fit_report report)
      : recalibrator_of(second.intercepts().size(), std::move(report)),
        first_(std::move(first)),
        second_(std::move(second)) {}

  detail::mixed_temperature first_;
  detail::class_matrix second_;
};

}  // namespace calibra
