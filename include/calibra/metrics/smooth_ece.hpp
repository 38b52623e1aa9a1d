// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// Which Gaussian smooths the residuals of `smooth_ece`.
enum class smooth_kernel {
  reflected,  ///< on the confidence, reflected at 0 and 1; the published definition
  logit,      ///< on the logit of the confidence (clipped to [0.001, 0.999])
};

struct smooth_ece_options {
  smooth_kernel kernel = smooth_kernel::reflected;
  /// sigma, at least 1e-5; without it, the largest sigma found with smooth_ece(sigma) <= sigma.
  std::optional<double> bandwidth = std::nullopt;
  /// Work out where a float confidence lies on the grid in float, as numpy does for relplot; else
  /// in double, as everything here.
  bool float_positions = false;
};

struct smooth_ece_result {
  double value = std::numeric_limits<double>::quiet_NaN();
  double bandwidth = std::numeric_limits<double>::quiet_NaN();  ///< the sigma that was used
};

namespace detail {

/// A sample spread over a regular grid: summed residual (confidence - hit) and summed weight at
/// each node, with a margin at both ends for the convolution.
struct smoothing_grid {
  std::size_t nodes = 0;  ///< without the margins
  std::size_t margin = 0;
  std::vector<double> residual;  ///< margin, nodes, margin
  std::vector<double> weight;    ///< likewise
};

/// Evaluates the smooth calibration error of one sample at one bandwidth after another.
template<class C>
class residual_smoother {
 public:
  /// The sample must outlive the smoother and must not be empty.
  residual_smoother(const sample<C>& s, const smooth_ece_options& options)
      : sample_(s),
        kernel_(options.kernel),
        in_float_(options.float_positions && std::is_same_v<C, float>) {
    if (kernel_ == smooth_kernel::reflected) return;
    positions_.reserve(s.size());
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (in_float_) {
        const float c = std::clamp(static_cast<float>(s.confidence(i)), 0.001F, 0.999F);
        positions_.push_back(static_cast<double>(std::log(c / (1 - c))));
      } else {
        positions_.push_back(logit_of(std::clamp(s.confidence(i), 0.001, 1 - 0.001)));
      }
    }
    const auto [low, high] = std::minmax_element(positions_.begin(), positions_.end());
    lowest_ = *low;
    highest_ = *high;
  }

  double operator()(double sigma) {
    const auto points = static_cast<std::size_t>(std::max(std::nearbyint(10 / sigma), 200.0));
    return kernel_ == smooth_kernel::reflected ? reflected(sigma, points) : logit(sigma, points);
  }

 private:
  struct node {
    double residual = 0;
    double weight = 0;
  };

  // The error is sum |R(t)| / sum D(t) over the points t, where R and D are the smoothed residuals
  // and weights. A floor of 1e-4 of one sample keeps D positive where there is no data.
  static constexpr double density_floor = 1e-4;

  static double logit_of(double p) { return std::log(p / (1 - p)); }
  static double spaced(std::size_t i, std::size_t count) {
    return i + 1 == count ? 1.0 : static_cast<double>(i) * (1.0 / static_cast<double>(count - 1));
  }
  static std::size_t grid_size(double sigma) {
    return static_cast<std::size_t>(std::max(2000.0, std::nearbyint(20 / sigma))) / 2 + 1;
  }

  double reflected(double sigma, std::size_t points) {
    deposit(grid_size(sigma), 0, 1);
    make_kernel(sigma, grid_.nodes / 2);
    double error = 0, mass = 0;
    for (std::size_t i = 0; i < points; ++i) {
      const node at = smoothed_at(spaced(i, points));
      error += std::abs(at.residual);
      mass += at.weight + density_floor;
    }
    return error / mass;
  }

  double logit(double sigma, std::size_t points) {
    // The logits of the sample and of the inner points share one scale, on which they fill [0, 1].
    const double first = logit_of(spaced(1, points)), last = logit_of(spaced(points - 2, points));
    const double low = std::min(lowest_, first), high = std::max(highest_, last);
    const double scaled_sigma = sigma * (4 / (high - low));
    deposit(grid_size(scaled_sigma), low, high);
    make_kernel(scaled_sigma, (grid_.nodes - 1) / 2);
    double error = 0, mass = 0;
    for (std::size_t i = 1; i + 1 < points; ++i) {
      const double t = spaced(i, points);
      const node at = smoothed_at((logit_of(t) - low) / (high - low));
      // The end points 0 and 1 repeat their neighbours, which therefore count twice.
      const double slope = (i == 1 || i + 2 == points ? 2.0 : 1.0) / (t * (1 - t));
      error += std::abs(at.residual) * slope;
      mass += (at.weight + density_floor) * slope;
    }
    return error / mass;
  }

  // Shares each pair out between the two nodes around it; [low, high] is the range of the grid.
  void deposit(std::size_t nodes, double low, double high) {
    if (grid_.nodes == nodes && grid_low_ == low && grid_high_ == high) return;
    grid_low_ = low;
    grid_high_ = high;
    grid_.nodes = nodes;
    grid_.margin = nodes / 2 + 1;
    grid_.residual.assign(nodes + 2 * grid_.margin, 0);
    grid_.weight.assign(nodes + 2 * grid_.margin, 0);
    double* const residual = grid_.residual.data() + grid_.margin;
    double* const weight = grid_.weight.data() + grid_.margin;
    const auto scale = static_cast<double>(nodes - 1);
    for (std::size_t i = 0; i < sample_.size(); ++i) {
      const double c = sample_.confidence(i), w = sample_.weight(i);
      const double x = grid_position(positions_.empty() ? c : positions_[i], low, high, scale);
      const std::size_t left = cell(x, nodes);
      const double right_share = x - static_cast<double>(left);
      const double r = w * (c - (sample_.hit(i) ? 1.0 : 0.0));
      residual[left] += (1 - right_share) * r;
      residual[left + 1] += right_share * r;
      weight[left] += (1 - right_share) * w;
      weight[left + 1] += right_share * w;
    }
    if (kernel_ == smooth_kernel::reflected) {
      mirror(residual);
      mirror(weight);
    }
  }

  double grid_position(double at, double low, double high, double scale) const {
    if (!in_float_) return (at - low) / (high - low) * scale;
    float x = static_cast<float>(at);
    if (!positions_.empty()) x = (x - static_cast<float>(low)) / static_cast<float>(high - low);
    return static_cast<double>(x * static_cast<float>(scale));
  }

  // Continues the nodes beyond both ends by their reflection.
  void mirror(double* nodes) const {
    double* const last = nodes + grid_.nodes - 1;
    for (std::size_t i = 1; i <= grid_.margin; ++i) {
      *(nodes - i) = nodes[i];
      last[i] = *(last - i);
    }
  }

  static std::size_t cell(double x, std::size_t nodes) {
    return static_cast<std::size_t>(std::min(x, static_cast<double>(nodes - 2)));
  }

  // The Gaussian on the nodes of [0, 1], centred on 0.5 and used as if node `centre` were its
  // middle (half a node off where their number is even). Beyond 9 sigma it is below 3e-18 of its
  // peak and cut.
  void make_kernel(double sigma, std::size_t centre) {
    const std::size_t nodes = grid_.nodes;
    const auto span = static_cast<double>(nodes - 1);
    const double reach = std::min(9 * sigma * span, span / 2);
    const auto first = static_cast<std::size_t>(std::floor(span / 2 - reach));
    const auto last = static_cast<std::size_t>(std::ceil(span / 2 + reach));
    taps_.clear();
    for (std::size_t j = last + 1; j-- > first;) {
      const double x = spaced(j, nodes) - 0.5;
      taps_.push_back(std::exp(-x * x / (2 * sigma * sigma)) / (2.5066282746310005024 * sigma));
    }
    // The node i becomes the dot product of the taps with the nodes from i + centre - last on.
    taps_start_ = grid_.margin + centre - last;
    remembered_ = {no_node, no_node};
  }

  node smoothed_at(double t) {
    const auto scale = static_cast<double>(grid_.nodes - 1);
    const double spacing = 1 / scale;
    const std::size_t left = cell(t * scale, grid_.nodes);
    const double right_share = (t - static_cast<double>(left) * spacing) / spacing;
    const node a = smoothed_node(left), b = smoothed_node(left + 1);
    return {a.residual * (1 - right_share) + b.residual * right_share,
            a.weight * (1 - right_share) + b.weight * right_share};
  }

  // Neighbouring points share nodes: the last even and the last odd one are remembered.
  node smoothed_node(std::size_t i) {
    const std::size_t slot = i % 2;
    if (remembered_[slot] != i) {
      remembered_[slot] = i;
      remembered_values_[slot] = {convolve(grid_.residual.data() + taps_start_ + i),
                                  convolve(grid_.weight.data() + taps_start_ + i)};
    }
    return remembered_values_[slot];
  }

  double convolve(const double* from) const {
    std::array<double, 8> lanes{};
    const std::size_t n = taps_.size();
    const double* const taps = taps_.data();
    std::size_t j = 0;
    for (; j + 8 <= n; j += 8)
      for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += taps[j + lane] * from[j + lane];
    for (; j < n; ++j) lanes[0] += taps[j] * from[j];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
           ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }

  static constexpr std::size_t no_node = std::numeric_limits<std::size_t>::max();

  const sample<C>& sample_;
  smooth_kernel kernel_;
  bool in_float_;
  std::vector<double> positions_;  // logits; empty for the reflected kernel
  double lowest_ = 0, highest_ = 0;

  smoothing_grid grid_;
  double grid_low_ = 0, grid_high_ = 0;

  std::vector<double> taps_;
  std::size_t taps_start_ = 0;
  std::array<std::size_t, 2> remembered_{no_node, no_node};
  std::array<node, 2> remembered_values_{};
};

}  // namespace detail

/// Smooth calibration error and the bandwidth it was measured at: residuals r_i = confidence - hit
/// are smoothed with a Gaussian of width sigma, and
///   smooth_ece(sigma) = sum_t |sum_i w_i r_i K(t, c_i)| / sum_t (sum_i w_i K(t, c_i) + 1e-4)
/// over max(200, round(10 / sigma)) points t of [0, 1]. Without a bandwidth in the options, sigma
/// is found by ten bisections of [0, 1] for smooth_ece(sigma) = sigma and is the upper end of the
/// last interval, a multiple of 1/1024.
///
/// The pairs are shared out linearly between the nodes of a grid of max(2000, round(20 / sigma)) /
/// 2
/// + 1 nodes, on which the kernel is sampled. For double confidences the numbers are those of
/// relplot 1.0.3 (same grids, floor and clip of the logit) to rounding, about 1e-13.
///
/// Weights count as copies: a weight of 2 is the pair given twice. They should be of the order of
/// 1, since the floor 1e-4 is in units of one sample. Range: [0, 1] for confidences in [0, 1].
/// Value and bandwidth are NaN if the sample is empty or its weights sum to 0. Cost: O(n) per grid
/// size (most bandwidths share one) and O(grid x kernel width) per bandwidth; no sorting. Memory:
/// the grid, and 8 bytes a pair for the logit kernel. Throws option_error if the bandwidth is not
/// finite or less than 1e-5. Not mergeable: append samples instead. Source: Blasiok and Nakkiran,
/// "Smooth ECE: Principled Reliability Diagrams via Kernel Smoothing", ICLR 2024
/// (arXiv:2309.12236).
template<class C>
smooth_ece_result smooth_ece_details(const sample<C>& s, const smooth_ece_options& options = {}) {
  if (options.bandwidth &&
      !(*options.bandwidth >= 1e-5 && *options.bandwidth <= std::numeric_limits<double>::max()))
    throw option_error(detail::concat("smooth_ece(): bandwidth ", *options.bandwidth,
                                      " is not a finite number of at least 1e-5"));
  if (!(s.total_weight() > 0)) return {};
  detail::residual_smoother<C> error_at(s, options);
  if (options.bandwidth) return {error_at(*options.bandwidth), *options.bandwidth};

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

/// The value of `smooth_ece_details`: the smooth calibration error, with its bandwidth chosen from
/// the sample unless the options give one. Everything said there holds here.
template<class C>
double smooth_ece(const sample<C>& s, const smooth_ece_options& options = {}) {
  return smooth_ece_details(s, options).value;
}

}  // namespace calibra
