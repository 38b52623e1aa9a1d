// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Maximum mean calibration error with the Laplace kernel, as a V-statistic (the pairs i = j are
/// counted): sqrt(sum_ij w_i w_j r_i r_j exp(-|c_i - c_j| / h)) / W, with r = hit - confidence and
/// W the total weight. The double sum factorises over the sorted confidences into n non-negative
/// terms, so the result is never the root of a rounding error below 0. O(n). NaN if the sample is
/// empty or its weights sum to 0. Throws option_error if the bandwidth is not a finite number > 0.
struct mmce {
  static constexpr metric_info info{
      .name = "mmce",
      .formula =
          "√(Σ_ij r_i r_j exp(−|c_i − c_j|/h)) / N, r = hit − confidence, h = 0.4, pairs i = j "
          "counted",
      .range = "[0, 1], a probability",
      .weights = "yes",
      .source = "Kumar, Sarawagi, Jain 2018 (the square is their MMCE²)",
      .python = "netcal `MMCE` (like = `netcal` for binary scores)",
  };
  /// h of the kernel exp(-|c - c'| / h); finite and > 0.
  double bandwidth = 0.4;

  void check() const {
    if (!(bandwidth > 0 && bandwidth <= std::numeric_limits<double>::max()))
      throw option_error(detail::concat("mmce(): bandwidth ", bandwidth,
                                        " is not a finite number greater than 0"));
  }
  [[nodiscard]] double of(const sample& sorted) const {
    check();
    const double h = bandwidth;
    const double total = sorted.total_weight();
    if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
    // With a_i = exp(-(c_{i+1} - c_i) / h) and S_i = r_i + a_{i-1} S_{i-1}, the quadratic form is
    // S_n^2 + sum_{i < n} (1 - a_i^2) S_i^2: the kernel is the covariance of a Markov process.
    const std::size_t n = sorted.size();
    double form = 0, carried = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double c = sorted.confidence(i);
      const double s_i = carried + sorted.weight(i) * ((sorted.hit(i) ? 1.0 : 0.0) - c);
      if (i + 1 == n) {
        form += s_i * s_i;
      } else {
        const double fall = -std::expm1((c - sorted.confidence(i + 1)) / h);  // 1 - a_i
        form += fall * (2 - fall) * s_i * s_i;
        carried = s_i * (1 - fall);
      }
    }
    return std::sqrt(form) / total;
  }
  friend bool operator==(const mmce&, const mmce&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::mmce> mmce{};

}  // namespace calibra
