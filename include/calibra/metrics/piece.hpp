// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "calibra/metrics/metric.hpp"

namespace calibra {

/// How proximities are cut into bins.
enum class proximity_binning {
  quantile,  ///< edges at the quantiles of the proximities, bins narrower than 1e-8 merged
  uniform,   ///< bins of equal width between the least and the largest proximity
};

namespace detail {

/// The inner edges of `bins` equal-width bins from `low` to `high`: low + i * ((high - low) /
/// bins).
inline std::vector<double> inner_edges(double low, double high, std::size_t bins) {
  std::vector<double> edges;
  const double step = (high - low) / static_cast<double>(bins);
  for (std::size_t i = 1; i < bins; ++i) edges.push_back(static_cast<double>(i) * step + low);
  return edges;
}

/// The inner edges at the i / bins quantiles of sorted values (not empty), with linear
/// interpolation between order statistics. Edges not more than 1e-8 above the one before are left
/// out.
inline std::vector<double> inner_quantile_edges(std::span<const double> sorted, std::size_t bins) {
  std::vector<double> edges;
  const std::size_t n = sorted.size();
  const double percents_per_bin = 100 / static_cast<double>(bins);
  double before = sorted.front();
  for (std::size_t i = 1; i <= bins; ++i) {
    const double quantile = i == bins ? 1.0 : static_cast<double>(i) * percents_per_bin / 100;
    const double position = quantile * static_cast<double>(n - 1);
    const auto rank = std::min(static_cast<std::size_t>(position), n - 1);
    const double a = sorted[rank], b = sorted[std::min(rank + 1, n - 1)];
    const double part = position - static_cast<double>(rank);
    // From the nearer end, so that a quantile that is an order statistic equals it.
    const double edge = part < 0.5 ? a + (b - a) * part : b - (b - a) * (1 - part);
    if (edge - before > 1e-8) edges.push_back(edge);
    before = edge;
  }
  // The last edge that is kept closes the last bin.
  if (!edges.empty()) edges.pop_back();
  return edges;
}

/// Calibration error over the cells of two binnings, each given by its ascending inner edges: bins
/// are [a, b), and the outer ones reach to infinity. NaN if the sample has no weight.
inline double piece_on_edges(const sample& s, const std::vector<double>& confidence_edges,
                             const std::vector<double>& proximity_edges) {
  const auto bin_of = [](double x, const std::vector<double>& edges) {
    return static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), x) -
                                    edges.begin());
  };
  const std::size_t columns = confidence_edges.size() + 1;
  std::vector<double> gaps(columns * (proximity_edges.size() + 1));  // summed over each cell
  double total = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const double c = s.confidence(i), w = s.weight(i);
    gaps[bin_of(s.proximities()[i], proximity_edges) * columns + bin_of(c, confidence_edges)] +=
        w * ((s.hit(i) ? 1.0 : 0.0) - c);
    total += w;
  }
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const double gap : gaps) sum += std::abs(gap);
  return sum / total;
}

}  // namespace detail

namespace metrics {

/// Proximity-informed expected calibration error: sum over the cells of a grid of proximity bins
/// and confidence bins of (n_cell / n) |accuracy - mean confidence|, so that over- and
/// underconfidence at different proximities do not cancel.
///
/// Confidence bins: as many as the options say, of equal width, [a, b) with edges i * (1 / B), 1 in
/// the last bin. Proximity bins: [a, b), the last closed; quantile edges interpolate linearly
/// between order statistics, and bins not wider than 1e-8 are merged. These are the bins of
/// CLIP_Calibration (scikit-learn's KBinsDiscretizer before its quantile subsampling and 1.9's
/// other quantile rule). The paper takes exp(-mean distance to the nearest neighbours) as
/// proximity. Weights replace the counts of the error; the quantiles do not use them. NaN if there
/// are no pairs or no weight, and from evaluate() if there are no proximities. O(n log n). Throws
/// option_error for 0 bins or pairs without proximities, value_error for one that is not finite.
/// Not mergeable but by appending samples.
struct piece {
  static constexpr metric_info info{
      .name = "piece",
      .formula = "Σ over cells of (proximity bin, confidence bin) of (n_cell/N) |acc − conf|",
      .range = "[0, 1], a probability",
      .weights = "replace the counts; the quantiles do not use them",
      .source = "Xiong et al. 2023 (arXiv 2306.04590)",
      .python = "CLIP_Calibration `PIECE`",
  };
  std::size_t proximity_bins = 10;
  proximity_binning binning = proximity_binning::quantile;

  void check() const {
    if (proximity_bins == 0)
      throw option_error("piece(): expected at least 1 proximity bin, got 0");
  }
  [[nodiscard]] std::string undefined(const sample& pairs) const {
    return pairs.proximities().empty() && !pairs.empty()
               ? "expected pairs with proximities (options::proximity), got none"
               : "";
  }
  [[nodiscard]] double of(const sample& s, const bin_options& bins) const {
    check();
    if (bins.bins == 0) throw option_error("piece(): expected at least 1 confidence bin, got 0");
    if (s.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::pmr::vector<double> values(s.proximities().begin(), s.proximities().end());
    std::vector<double> proximity_edges;
    if (binning == proximity_binning::quantile) {
      std::sort(values.begin(), values.end());
      proximity_edges = detail::inner_quantile_edges(values, proximity_bins);
    } else {
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      proximity_edges = detail::inner_edges(*low, *high, proximity_bins);
    }
    return detail::piece_on_edges(s, detail::inner_edges(0, 1, bins.bins), proximity_edges);
  }
  friend bool operator==(const piece&, const piece&) = default;
};

}  // namespace metrics

inline constexpr metric<metrics::piece> piece{};

}  // namespace calibra
