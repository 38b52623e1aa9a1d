// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/interval/detail/row_units.hpp"
#include "calibra/metrics/metric_list.hpp"
#include "calibra/table/row_record.hpp"
#include "calibra/table/summary.hpp"

namespace calibra::detail {

/// The means that a summary is of, and how they vary together: for the standard errors of metrics
/// that are functions of them.
class mean_errors {
 public:
  static constexpr std::size_t count = 5;  ///< correct, confidence, nll, brier, brier_top
  using terms = std::array<double, count>;

  mean_errors(const row_record& rows, const row_units& units) {
    std::array<compensated_sum, count> sums;
    compensated_sum weight;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const terms t = terms_of(rows, i);
      for (std::size_t j = 0; j < count; ++j) sums[j] += rows.weight(i) * t[j];
      weight += rows.weight(i);
    }
    weight_ = weight.value();
    if (!(weight_ > 0)) return;
    for (std::size_t j = 0; j < count; ++j) mean_[j] = sums[j].value() / weight_;
    // Losses that are not there, or infinite, vary with nothing.
    for (const std::size_t j : {nll, brier}) {
      missing_[j] = !is_finite(mean_[j]);
      if (missing_[j]) mean_[j] = 0;
    }
    if (units.are_rows()) {
      add_stratum(rows.size(), [&](std::size_t i) { return centred(rows, i); });
      return;
    }
    std::vector<terms> of_unit(units.size(), terms{});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const terms t = centred(rows, i);
      for (std::size_t j = 0; j < count; ++j) of_unit[units.of(i)][j] += t[j];
    }
    for (const auto& [first, last] : units.strata())
      add_stratum(last - first, [&, from = first](std::size_t u) { return of_unit[from + u]; });
  }

  /// What each unit adds to the linear part of a metric of means.
  std::vector<double> influences(const any_metric& m, const row_record& rows,
                                 const row_units& units) const {
    std::vector<double> all(units.size());
    const terms slope = slopes(m);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const terms t = terms_of(rows, i);
      for (std::size_t j = 0; j < count; ++j)
        if (slope[j] != 0 && is_finite(t[j]))
          all[units.of(i)] += slope[j] * rows.weight(i) * (t[j] - mean_[j]) / weight_;
    }
    return all;
  }
  /// The standard error of a metric of means: that of its linear part there. NaN where a stratum
  /// has one unit, and where the metric depends on a mean that is infinite or not there.
  double standard_error(const any_metric& m) const {
    if (!(weight_ > 0)) return std::numeric_limits<double>::quiet_NaN();
    const terms slope = slopes(m);
    for (std::size_t j = 0; j < count; ++j)
      if (missing_[j] && slope[j] != 0) return std::numeric_limits<double>::quiet_NaN();
    double variance = 0;
    for (std::size_t j = 0; j < count; ++j)
      for (std::size_t l = 0; l < count; ++l)
        if (slope[j] != 0 && slope[l] != 0) variance += slope[j] * slope[l] * covariance_[j][l];
    return variance < 0 ? 0 : std::sqrt(variance);
  }

 private:
  static constexpr std::size_t nll = 2, brier = 3;

  terms slopes(const any_metric& m) const {
    terms slope{};
    for (std::size_t j = 0; j < count; ++j) {
      const double step = 1e-5 * std::max(1e-3, std::abs(mean_[j]));
      terms below = mean_, above = mean_;
      below[j] -= step;
      above[j] += step;
      slope[j] = (value(m, above) - value(m, below)) / (2 * step);
    }
    return slope;
  }

  static terms terms_of(const row_record& rows, std::size_t i) {
    const double c = rows.confidence(i), miss = rows.hit(i) ? 1 - c : c;
    const bool losses = rows.has_losses();
    return {rows.correct(i) ? 1.0 : 0.0, c, losses ? static_cast<double>(rows.nll(i)) : 0,
            losses ? static_cast<double>(rows.brier(i)) : 0, miss * miss};
  }
  static double value(const any_metric& m, const terms& means) {
    evidence e;
    e.means.emplace();
    e.means->add_sums(1, {.weight = 1,
                          .correct = means[0],
                          .confidence = means[1],
                          .nll = means[nll],
                          .brier = means[brier],
                          .brier_top = means[4]});
    return m.of(evidence_view(std::move(e), {.means = true}));
  }
  /// What a row adds to sums about their means.
  terms centred(const row_record& rows, std::size_t i) const {
    terms t = terms_of(rows, i);
    for (std::size_t j = 0; j < count; ++j)
      t[j] = is_finite(t[j]) ? rows.weight(i) * (t[j] - mean_[j]) : 0;
    return t;
  }
  /// Adds how the sums of `units` units vary; of_unit(u): unit u's.
  template<class OfUnit>
  void add_stratum(std::size_t units, const OfUnit& of_unit) {
    const auto n = static_cast<double>(units);
    terms mean{};
    for (std::size_t u = 0; u < units; ++u) {
      const terms t = of_unit(u);
      for (std::size_t j = 0; j < count; ++j) mean[j] += t[j] / n;
    }
    const double factor =
        n > 1 ? n / (n - 1) / (weight_ * weight_) : std::numeric_limits<double>::quiet_NaN();
    for (std::size_t u = 0; u < units; ++u) {
      const terms t = of_unit(u);
      for (std::size_t j = 0; j < count; ++j)
        for (std::size_t l = 0; l < count; ++l)
          covariance_[j][l] += factor * (t[j] - mean[j]) * (t[l] - mean[l]);
    }
  }

  double weight_ = 0;
  terms mean_{};
  std::array<bool, count> missing_{};
  std::array<terms, count> covariance_{};
};

}  // namespace calibra::detail
