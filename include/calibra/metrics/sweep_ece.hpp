// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "calibra/metrics/detail/monotonic_sweep.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra {

/// How the errors of the bins are averaged.
enum class sweep_norm {
  l1,  ///< sum_b (n_b / n) |gap_b|
  l2,  ///< sqrt(sum_b (n_b / n) gap_b^2)
};

/// What a sweep found.
struct sweep_ece_result {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::size_t bins = 0;  ///< B, the largest number of bins of the sweep; some may be empty
};

namespace metrics {

/// Calibration error with as many bins as keep the accuracy monotonic, and that number: B = 2, 3,
/// ... up to n - 1 while the accuracies of the non-empty bins do not fall from bin to bin; the last
/// such B is used (1 if already two bins fall).
///
/// In the sweep, the sample of rank r (from 0, ascending confidence) is in bin floor(r / n * B) for
/// equal mass and floor(confidence * B) for equal width, at most B - 1; equal confidences are
/// ranked in the order of the sample. For the error, the edge between two bins is the midpoint of
/// the largest confidence below and the smallest one above, and bins are [a, b) with the last
/// closed: equal confidences are never parted, an edge between two of them moves down to the first.
///
/// Beside the paper: it writes l_p for any p and bins by rank alone, which is the same where no
/// confidence occurs twice; it lets B reach n, which matters only if every miss has less confidence
/// than every hit. robustness_metrics (`msce`) is l1, equal mass, `own_bin_for_largest` = true; it
/// leaves out samples of confidence 0 and orders equal confidences arbitrarily.
/// Range: [0, 1] for confidences in [0, 1]. Value NaN and 0 bins if the sample is empty.
/// Cost: O(n) and O(B) per step of the sweep, times log n for equal width; an unsorted sample is
/// copied and sorted, O(n). Memory: 1 byte for 8 pairs.
/// Throws option_error for a weighted sample (evaluate(): NaN): ranks of weighted samples would
/// part single samples. Not mergeable: append samples instead. Source: Roelofs, Cain, Shlens and
/// Mozer, "Mitigating Bias in Calibration Error Estimation", AISTATS 2022 (arXiv:2012.08668),
/// ECE_sweep.
struct sweep_ece {
  static constexpr metric_info info{
      .name = "sweep_ece",
      .formula =
          "`ece` with the last B of 2, 3, ... for which the accuracies do not fall from bin to "
          "bin; L1 or L2",
      .range = "[0, 1], a probability",
      .weights = "`option_error`: defined without weights (`evaluate()` gives NaN)",
      .source = "Roelofs, Cain, Shlens, Mozer 2022 (arXiv 2012.08668)",
      .python = "robustness_metrics `MonotonicSweepCalibrationError` (like = `robustness_metrics`)",
  };
  sweep_norm norm = sweep_norm::l1;
  bin_scheme binning = bin_scheme::equal_mass;
  /// Puts the samples at the largest confidence into a bin of their own, as robustness_metrics
  /// does.
  bool own_bin_for_largest = false;

  [[nodiscard]] std::string undefined(const sample& pairs) const {
    return pairs.weighted() ? "the pairs are weighted; the sweep is defined without weights" : "";
  }
  /// The value and the number of bins.
  [[nodiscard]] sweep_ece_result details(const sample& s) const {
    if (const std::string why = undefined(s); !why.empty())
      throw option_error(detail::concat("sweep_ece(): ", why));
    if (s.empty()) return {};
    return detail::with_sorted(s, [&](const sample& sorted) {
      const std::size_t n = sorted.size();
      const detail::monotonic_sweep sweep(sorted, binning);
      const std::size_t bins = sweep.bins();

      double sum = 0;
      std::size_t first = 0;
      const auto close_bin = [&](std::size_t end) {
        if (end == first) return;
        double gap = 0;
        for (std::size_t i = first; i < end; ++i)
          gap += (sorted.hit(i) ? 1.0 : 0.0) - sorted.confidence(i);
        const auto count = static_cast<double>(end - first);
        sum += norm == sweep_norm::l1 ? std::abs(gap) : gap * gap / count;
        first = end;
      };
      for (std::size_t end = 0; end < n;) {
        end = sweep.end_of_bin(sweep.bin_of(end, bins), bins);
        if (end < n) {
          const double edge = 0.5 * sorted.confidence(end - 1) + 0.5 * sorted.confidence(end);
          close_bin(detail::rank_of_edge(sorted, edge));
        }
      }
      if (own_bin_for_largest) close_bin(detail::rank_of_edge(sorted, sorted.confidence(n - 1)));
      close_bin(n);
      const double mean = sum / static_cast<double>(n);
      return sweep_ece_result{norm == sweep_norm::l1 ? mean : std::sqrt(mean), bins};
    });
  }
  [[nodiscard]] double of(const sample& sorted) const { return details(sorted).value; }
  friend bool operator==(const sweep_ece&, const sweep_ece&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::sweep_ece> sweep_ece{};

}  // namespace calibra
