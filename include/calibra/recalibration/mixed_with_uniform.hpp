// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Another recalibrator's probabilities mixed with the uniform distribution:
/// q = (1 - share) R(p) + share / K, so that no probability is 0 and the NLL is finite. Fitted,
/// share = 1 / (n + 1) of n samples (their weights' sum), which tends to nothing.
///
/// Scores: as R's; K = 2 for binary ones. Certificate, cost: R's; options: R's.
/// Keeps: what R keeps. Source: Berta, Holzmueller, Jordan and Bach, "Structured matrix scaling for
/// multi-class calibration", 2025.
template<class R>
class mixed_with_uniform final : public detail::recalibrator_of<mixed_with_uniform<R>> {
 public:
  static constexpr std::string_view kind = "mixed_with_uniform";
  static constexpr score_domain takes = R::takes;
  static constexpr row_form input = R::input;
  static constexpr row_form output = row_form::probabilities;
  using options = typename R::options;

  /// Throws value_error unless 0 <= share <= 1.
  mixed_with_uniform(R inner, double share, fit_report report = {})
      : detail::recalibrator_of<mixed_with_uniform>(inner.classes(), std::move(report)),
        inner_(std::move(inner)),
        share_(share) {
    if (!(share >= 0 && share <= 1))
      throw value_error(detail::concat("mixed_with_uniform(): share ", share, " is not in [0, 1]"));
  }

  static mixed_with_uniform fit(const binary_samples& samples, const options& o) {
    return mixed(R::fit(samples, o), samples.pairs.total_weight());
  }
  static mixed_with_uniform fit(const class_samples& samples, const options& o) {
    return mixed(R::fit(samples, o), samples.weight());
  }

  [[nodiscard]] const R& inner() const noexcept { return inner_; }
  [[nodiscard]] double share() const noexcept { return share_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    inner_.map_rows(rows, n, k);
    const bool binary = this->is_binary(k);
    if constexpr (R::output == row_form::logits) detail::to_probabilities(rows, n, k, binary);
    const double least = share_ / (binary ? 2 : static_cast<double>(k));
    for (std::size_t i = 0; i < n * k; ++i) rows[i] = (1 - share_) * rows[i] + least;
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"share", {share_}, true}};
  }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override { return {&inner_}; }
  static mixed_with_uniform from_parameters(const parameter_reader& p) {
    const auto parts = p.parts();
    if (parts.size() != 1)
      throw value_error(
          detail::concat("mixed_with_uniform: expected one part, got ", parts.size()));
    return {detail::read_parameters<R>(*parts[0]), p.number("share"), p.report()};
  }

 private:
  static mixed_with_uniform mixed(R inner, double weight) {
    fit_report report = inner.report();
    return {std::move(inner), 1 / (weight + 1), std::move(report)};
  }

  R inner_;
  double share_;
};

}  // namespace calibra
