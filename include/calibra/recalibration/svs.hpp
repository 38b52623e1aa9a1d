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
#include "calibra/recalibration/detail/class_lines.hpp"
#include "calibra/recalibration/detail/mixed_temperature.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Structured vector scaling. First a temperature, mixed with the uniform distribution:
/// p' = (1 - share) softmax(beta z) + share / K with share = 1 / (n + 1); then
/// softmax(a_k log p'_k + b_k), where a and b minimise
///
///     mean NLL + (K / n) sum_k ((a_k - 1)^2 + b_k^2)
///
/// over n samples (their weights' sum). Of the methods that have been published it has the best NLL
/// on ImageNet, and it does not overfit where K is large against n.
///
/// Scores: N x K; of probabilities z = log p, clipped at that of the least normal float, as log p'
/// is; a masked class (-inf) is taken as 700 below its row's largest.
/// Options: max_iterations, steps of the search: in float, where that will do, and then in
/// double, so many each.
/// Certificate: the objective above, strictly convex; its largest slope. It always has an optimum.
/// No samples: nothing is changed.
/// Cost: O(N K) a pass, one to some ten passes an iteration; 8 (9 K) bytes a thread, up to 460 K
/// for the search, and no copy of the scores. Keeps: neither order nor prediction. Fits of two data
/// sets cannot be merged.
/// Source: Berta, Holzmueller, Jordan and Bach, "Structured matrix scaling for multi-class
/// calibration", 2025.
class svs final : public detail::recalibrator_of<svs> {
 public:
  static constexpr recalibrator_info info{
      .name = "svs",
      .map =
          "structured vector scaling: softmax(a_k log p'_k + b_k) of a temperature's p', "
          "penalised",
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

  /// Throws value_error unless there are as many slopes as intercepts, at least one, all finite,
  /// beta is finite and positive and 0 <= share <= 1.
  svs(double beta, double share, std::vector<double> slopes, std::vector<double> intercepts,
      fit_report report = {})
      : recalibrator_of(slopes.size(), std::move(report)),
        first_("svs()", beta, share),
        lines_("svs()", std::move(slopes), std::move(intercepts)) {}

  static svs fit(const class_samples& samples, const options& o) {
    const std::size_t k = samples.classes();
    const double n = samples.weight();
    std::vector<double> theta = detail::unchanged_lines(k);
    fit_report report;
    detail::mixed_temperature first("svs::fit()", 1, 0);
    if (n > 0) {
      first = detail::fit_mixed_temperature(samples, report);
      detail::class_lines_nll objective(samples, static_cast<double>(k) / n, &first);
      detail::newton_cg(objective, theta, o.max_iterations, report);
    } else {
      report.note = detail::nothing_to_fit;
    }
    report.fitted_on = samples.kind();
    std::vector<double> intercepts = detail::split_intercepts(theta);
    return {first.beta(), first.share(), std::move(theta), std::move(intercepts),
            std::move(report)};
  }

  /// The inverse of the temperature, and the share of the uniform distribution.
  [[nodiscard]] double beta() const noexcept { return first_.beta(); }
  [[nodiscard]] double share() const noexcept { return first_.share(); }
  [[nodiscard]] const std::vector<double>& slopes() const noexcept { return lines_.slopes(); }
  [[nodiscard]] const std::vector<double>& intercepts() const noexcept {
    return lines_.intercepts();
  }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    first_.map_rows(rows, n, k, rows);
    lines_.map_rows(rows, n, k);
  }
  [[nodiscard]] std::optional<detail::row_formula> formula() const override {
    return detail::row_formula{
        .first = {{beta(), share()}}, .slopes = slopes(), .intercepts = intercepts()};
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"beta", {beta()}, true},
            {"share", {share()}, true},
            {"slopes", slopes()},
            {"intercepts", intercepts()}};
  }
  static svs from_parameters(const parameter_reader& p) {
    return {p.number("beta"), p.number("share"), p.list("slopes"), p.list("intercepts"),
            p.report()};
  }

 private:
  detail::mixed_temperature first_;
  detail::line_a_class lines_;
};

}  // namespace calibra
