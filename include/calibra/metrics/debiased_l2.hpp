// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "calibra/detail/float_bits.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

/// What the debiased L2 error makes of a bin with one sample, whose variance is unknown.
enum class lone_sample {
  left_out,  ///< the bin contributes nothing
  plug_in,   ///< the bin keeps its biased square
};

/// The squared L2 calibration error with the bias of the bins' accuracies taken off:
/// sum_b (n_b / N) (gap_b^2 - acc_b (1 - acc_b) / (n_b - 1)). May be negative. With weights n_b in
/// the variance is the effective count (sum w)^2 / sum w^2, so that weight 0 is no sample. Empty:
/// NaN. Mergeable: through the table. Cost: O(B). Source: Broecker 2012 (Climate Dynamics 39);
/// Kumar, Liang, Ma 2019, definition 5.1.
[[nodiscard]] inline double debiased_squared_l2(const reliability_table& table,
                                                lone_sample lone = lone_sample::left_out) {
  const double total = table.total_weight();
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (!(bin.weight > 0)) continue;
    const double n = bin.weight * bin.weight / table.squared_weight(b);
    const double square = bin.gap() * bin.gap();
    if (!(n > 1)) {
      if (lone == lone_sample::plug_in) sum += bin.weight / total * square;
    } else {
      sum += bin.weight / total * (square - bin.accuracy * (1 - bin.accuracy) / (n - 1));
    }
  }
  return sum;
}

namespace metrics {

/// Debiased L2 calibration error: sqrt(max(0, debiased_squared_l2)). Mergeable through the table.
struct debiased_l2 {
  static constexpr metric_info info{
      .name = "debiased_l2",
      .formula = "√ max(0, Σ_b (n_b/N) (gap_b² − acc_b (1 − acc_b)/(n_b − 1)))",
      .range = "[0, 1], a probability",
      .weights = "n_b in the variance is the effective count (Σw)²/Σw²",
      .source = "Bröcker 2012 (Climate Dynamics 39); Kumar, Liang, Ma 2019, definition 5.1",
      .python =
          "verified_calibration `lower_bound_scaling_ce(p=2, debias=True)`; torchmetrics' kernel "
          "with `debias=True` (`plug_in`)",
  };
  lone_sample lone = lone_sample::left_out;

  [[nodiscard]] double of(const reliability_table& table) const {
    const double squared = debiased_squared_l2(table, lone);
    return detail::is_nan(squared) ? squared : std::sqrt(std::max(0.0, squared));
  }
  friend bool operator==(const debiased_l2&, const debiased_l2&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::debiased_l2> debiased_l2{};

}  // namespace calibra
