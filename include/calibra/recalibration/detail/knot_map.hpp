// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/closed_form.hpp"
#include "calibra/recalibration/detail/knots.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra::detail {

/// A map of P(y = 1) by points: what isotonic and centred_isotonic share.
template<class D>
class knot_map : public binary_map<D, row_form::probabilities> {
 public:
  struct options {};

  /// From points: linear between (x, y) and (x', y'), constant outside. Throws value_error unless x
  /// ascends strictly and all are in [0, 1], as many of each and at least one.
  knot_map(std::vector<double> x, std::vector<double> y, fit_report report = {})
      : binary_map<D, row_form::probabilities>(std::move(report)),
        knots_(concat(D::kind, "()"), std::move(x), std::move(y)) {}

  /// The points.
  [[nodiscard]] const std::vector<double>& x() const noexcept { return knots_.x(); }
  [[nodiscard]] const std::vector<double>& y() const noexcept { return knots_.y(); }
  /// The map itself.
  [[nodiscard]] double operator()(double p) const { return knots_(p); }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"x", x()}, {"y", y()}};
  }
  static D from_parameters(const parameter_reader& p) {
    return D(p.list("x"), p.list("y"), p.report());
  }

 protected:
  /// Through points; p stays where there are none.
  static D through(const binary_samples& samples, const std::vector<pooled_block>& tied,
                   std::vector<double> x, std::vector<double> y) {
    if (x.empty()) x = y = {0, 1};
    D made(std::move(x), std::move(y));
    made.set_report(
        closed_form_report(samples, tied, [&](std::size_t i) { return made(tied[i].first); }));
    return made;
  }

 private:
  knots knots_;
};

}  // namespace calibra::detail
