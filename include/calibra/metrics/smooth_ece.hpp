// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <optional>

#include "calibra/metrics/detail/residual_smoother.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

/// What a smoothing found.
struct smooth_ece_result {
  double value = std::numeric_limits<double>::quiet_NaN();
  double bandwidth = std::numeric_limits<double>::quiet_NaN();  ///< the sigma that was used
};

namespace metrics {

/// Smooth calibration error and the bandwidth it was measured at: residuals r_i = confidence - hit
/// are smoothed with a Gaussian of width sigma, and
///   smooth_ece(sigma) = sum_t |sum_i w_i r_i K(t, c_i)| / sum_t (sum_i w_i K(t, c_i) + 1e-4)
/// over max(200, round(10 / sigma)) points t of [0, 1]. Without a bandwidth in the options, sigma
/// is found by ten bisections of [0, 1] for smooth_ece(sigma) = sigma and is the upper end of the
/// last interval, a multiple of 1/1024.
///
/// The pairs are shared out linearly between the nodes of a grid, on which the kernel is sampled;
/// it has 1 + max(2000, round(20 / sigma)) / 2 nodes. For double confidences the numbers are those
/// of relplot 1.0.3 (same grids, floor and clip of the logit) to rounding, about 1e-13.
///
/// Weights count as copies: a weight of 2 is the pair given twice. They should be of the order of
/// 1, since the floor 1e-4 is in units of one sample. Range: [0, 1] for confidences in [0, 1].
/// Value and bandwidth are NaN if the sample is empty or its weights sum to 0. Cost: O(n) per grid
/// size (most bandwidths share one) and O(grid x kernel width) per bandwidth; no sorting. Memory:
/// the grid, and 8 bytes a pair for the logit kernel. Throws option_error if the bandwidth is not
/// finite or less than 1e-5. Not mergeable: append samples instead. Source: Blasiok and Nakkiran,
/// "Smooth ECE: Principled Reliability Diagrams via Kernel Smoothing", ICLR 2024
/// (arXiv:2309.12236).
struct smooth_ece {
  static constexpr metric_info info{
      .name = "smooth_ece",
      .formula =
          "Σ_t |Σ_i r_i K_σ(t, c_i)| / Σ_t (Σ_i K_σ(t, c_i) + 10⁻⁴), r = confidence − hit, at the "
          "σ with smooth_ece(σ) = σ, found by ten bisections (a multiple of 1/1024)",
      .range = "[0, 1], a probability",
      .weights = "as copies; of the order of 1",
      .source = "Błasiok and Nakkiran 2024 (arXiv 2309.12236)",
      .python =
          "relplot `smECE`; torch-uncertainty `SmoothCalibrationError` has the logit kernel by "
          "default (like = `torch_uncertainty`)",
  };
  smooth_kernel kernel = smooth_kernel::reflected;
  /// sigma, at least 1e-5; without it, the smallest sigma tried with smooth_ece(sigma) <= sigma.
  std::optional<double> bandwidth = std::nullopt;
  /// Work out where a float confidence lies on the grid in float, as numpy does for relplot; else
  /// in double, as everything here.
  bool float_positions = false;

  void check() const {
    if (bandwidth && !(*bandwidth >= 1e-5 && *bandwidth <= std::numeric_limits<double>::max()))
      throw option_error(detail::concat("smooth_ece(): bandwidth ", *bandwidth,
                                        " is not a finite number of at least 1e-5"));
  }
  /// The value and the bandwidth that was used.
  [[nodiscard]] smooth_ece_result details(const sample& s) const {
    check();
    if (!(s.total_weight() > 0)) return {};
    detail::residual_smoother error_at(s, kernel, float_positions);
    if (bandwidth) return {error_at(*bandwidth), *bandwidth};

    constexpr double finest = 1e-3;  // no narrower bandwidth is tried
    double low = 0, high = 1;
    std::optional<double> value;  // at high
    for (int step = 0; step < 10; ++step) {
      const double middle = (low + high) / 2;
      if (middle < finest) break;
      const double error = error_at(middle);
      if (middle < error) {
        low = middle;
      } else {
        high = middle;
        value = error;
      }
    }
    return {value ? *value : error_at(high), high};
  }
  [[nodiscard]] double of(const sample& pairs) const { return details(pairs).value; }
  friend bool operator==(const smooth_ece&, const smooth_ece&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::smooth_ece> smooth_ece{};

}  // namespace calibra
