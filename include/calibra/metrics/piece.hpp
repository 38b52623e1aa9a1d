// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

enum class proximity_binning {
  quantile,  ///< edges at the quantiles of the proximities, bins narrower than 1e-8 merged
  uniform,   ///< bins of equal width between the least and the largest proximity
};

struct piece_options {
  std::size_t confidence_bins = 10;  ///< of equal width in [0, 1]
  std::size_t proximity_bins = 10;
  proximity_binning binning = proximity_binning::quantile;
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
inline std::vector<double> inner_quantile_edges(const std::vector<double>& sorted,
                                                std::size_t bins) {
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
template<class C>
double piece_on_edges(const sample<C>& s, vector_view<const double> proximity,
                      const std::vector<double>& confidence_edges,
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
    gaps[bin_of(proximity[i], proximity_edges) * columns + bin_of(c, confidence_edges)] +=
        w * ((s.hit(i) ? 1.0 : 0.0) - c);
    total += w;
  }
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const double gap : gaps) sum += std::abs(gap);
  return sum / total;
}

}  // namespace detail

/// Proximity-informed expected calibration error: sum over the cells of a grid of proximity bins
/// and confidence bins of (n_cell / n) |accuracy - mean confidence|, so that over- and
/// underconfidence at different proximities do not cancel.
///
/// `proximity[i]` belongs to the i-th pair of the sample, in the order in which the pairs were
/// added: do not sort the sample before. Any finite numbers do; the paper uses exp(-mean distance
/// to the nearest neighbours). Confidence bins: [a, b) with edges i * (1 / B), 1 in the last bin.
/// Proximity bins: [a, b), the last closed; quantile edges interpolate linearly between order
/// statistics, and bins not wider than 1e-8 are merged. These are the bins of CLIP_Calibration
/// (scikit-learn's KBinsDiscretizer before its quantile subsampling and 1.9's other quantile rule).
/// Weights, where the sample has them, replace the counts of the error; the quantiles do not use
/// them.
/// Range: [0, 1] for confidences in [0, 1]. NaN if the sample is empty or its weights sum to 0.
/// Cost: O(n log n) for the quantiles (a sorted copy of the proximities), else O(n log B).
/// Throws option_error for a number of bins of 0, shape_error if there are not as many proximities
/// as pairs, and value_error for a proximity that is not finite.
/// Not mergeable: the proximity bins depend on the whole sample.
/// Source: Xiong et al., "Proximity-Informed Calibration for Deep Neural Networks", NeurIPS 2023
/// (arXiv:2306.04590).
template<class C>
double piece(const sample<C>& s, vector_view<const double> proximity,
             const piece_options& options = {}) {
  if (options.confidence_bins == 0 || options.proximity_bins == 0)
    throw option_error(detail::concat("piece(): ", options.confidence_bins, " confidence bins and ",
                                      options.proximity_bins,
                                      " proximity bins; both must be at least 1"));
  if (proximity.size() != s.size())
    throw shape_error(
        detail::concat("piece(): ", proximity.size(), " proximities for ", s.size(), " samples"));
  for (std::size_t i = 0; i < proximity.size(); ++i)
    if (!std::isfinite(proximity[i]))
      throw value_error(
          detail::concat("piece(): proximity ", proximity[i], " at row ", i, " is not finite"));
  if (s.empty()) return std::numeric_limits<double>::quiet_NaN();

  std::vector<double> proximity_edges;
  std::vector<double> values(proximity.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = proximity[i];
  if (options.binning == proximity_binning::quantile) {
    std::sort(values.begin(), values.end());
    proximity_edges = detail::inner_quantile_edges(values, options.proximity_bins);
  } else {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    proximity_edges = detail::inner_edges(*low, *high, options.proximity_bins);
  }
  return detail::piece_on_edges(s, proximity, detail::inner_edges(0, 1, options.confidence_bins),
                                proximity_edges);
}

template<class C>
double piece(const sample<C>& s, std::span<const double> proximity,
             const piece_options& options = {}) {
  return piece(s, vector_view<const double>(proximity.data(), proximity.size()), options);
}

}  // namespace calibra
