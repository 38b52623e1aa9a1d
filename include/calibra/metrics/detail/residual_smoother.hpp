// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <vector>

#include "calibra/rows/isa.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// Which Gaussian smooths the residuals of `smooth_ece`.
enum class smooth_kernel {
  reflected,  ///< on the confidence, reflected at 0 and 1; the published definition
  logit,      ///< on the logit of the confidence (clipped to [0.001, 0.999])
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

/// Residual and weight at a point, or summed over a neighbourhood.
struct smoothed_node {
  double residual = 0;
  double weight = 0;
};

/// The sums of taps[j] residual[j] and of taps[j] weight[j], and those of the place behind: four
/// sums that read the taps once, each in eight parts side by side, so that none waits for another.
[[gnu::always_inline]] inline std::array<smoothed_node, 2> convolve_neighbours(
    const double* taps, std::size_t n, const double* residual, const double* weight) {
  typedef double four __attribute__((vector_size(32)));
  struct parts {
    four low{}, high{};
    [[gnu::always_inline]] void add(const four& tap_low, const four& tap_high, const double* x) {
      four at_low, at_high;
      std::memcpy(&at_low, x, sizeof at_low);
      std::memcpy(&at_high, x + 4, sizeof at_high);
      low += tap_low * at_low;
      high += tap_high * at_high;
    }
    [[gnu::always_inline]] double sum() const {
      return ((low[0] + low[1]) + (low[2] + low[3])) + ((high[0] + high[1]) + (high[2] + high[3]));
    }
  };
  parts residuals, weights, next_residuals, next_weights;
  std::size_t j = 0;
  for (; j + 8 <= n; j += 8) {
    four low, high;
    std::memcpy(&low, taps + j, sizeof low);
    std::memcpy(&high, taps + j + 4, sizeof high);
    residuals.add(low, high, residual + j);
    weights.add(low, high, weight + j);
    next_residuals.add(low, high, residual + j + 1);
    next_weights.add(low, high, weight + j + 1);
  }
  for (; j < n; ++j) {
    residuals.low[0] += taps[j] * residual[j];
    weights.low[0] += taps[j] * weight[j];
    next_residuals.low[0] += taps[j] * residual[j + 1];
    next_weights.low[0] += taps[j] * weight[j + 1];
  }
  return {{{residuals.sum(), weights.sum()}, {next_residuals.sum(), next_weights.sum()}}};
}

inline std::array<smoothed_node, 2> narrow_neighbours(const double* taps, std::size_t n,
                                                      const double* residual,
                                                      const double* weight) {
  return convolve_neighbours(taps, n, residual, weight);
}
// The same, to the last bit, for processors with AVX2.
#if CALIBRA_DETAIL_X86
__attribute__((target("avx2"))) inline std::array<smoothed_node, 2> wide_neighbours(
    const double* taps, std::size_t n, const double* residual, const double* weight) {
  const wide_work work;
  return convolve_neighbours(taps, n, residual, weight);
}
#endif

/// Evaluates the smooth calibration error of one sample at one bandwidth after another.
class residual_smoother {
 public:
  /// The sample must outlive the smoother and must not be empty.
  residual_smoother(const sample& s, smooth_kernel kernel, bool float_positions)
      : sample_(s),
        kernel_(kernel),
        in_float_(float_positions && s.precision() == precision::float32) {
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
      const smoothed_node at = smoothed_at(spaced(i, points));
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
      const smoothed_node at = smoothed_at((logit_of(t) - low) / (high - low));
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
  // peak and cut. It is symmetric, and follows from an exponential every few nodes: from one node
  // to the next its factor changes by a constant factor.
  void make_kernel(double sigma, std::size_t centre) {
    constexpr std::size_t run = 16;  // rounding grows with the square of it, to some 1e-14
    const std::size_t nodes = grid_.nodes;
    const auto span = static_cast<double>(nodes - 1);
    const double reach = std::min(9 * sigma * span, span / 2);
    const auto first = static_cast<std::size_t>(std::floor(span / 2 - reach));
    const std::size_t last = nodes - 1 - first;
    const std::size_t size = last + 1 - first, half = (size + 1) / 2;
    const double spacing = 1 / span, narrow = 1 / (2 * sigma * sigma);
    const double peak = 1 / (2.5066282746310005024 * sigma);
    const double change = std::exp(-2 * spacing * spacing * narrow);
    taps_.resize(size);
    for (std::size_t begin = 0; begin < half; begin += run) {
      const double x = spaced(first + begin, nodes) - 0.5;
      double tap = peak * std::exp(-x * x * narrow);
      double factor = std::exp(-(2 * x + spacing) * spacing * narrow);
      for (std::size_t j = begin; j < std::min(begin + run, half); ++j) {
        taps_[j] = taps_[size - 1 - j] = tap;
        tap *= factor;
        factor *= change;
      }
    }
    // The node i becomes the dot product of the taps with the nodes from i + centre - last on.
    taps_start_ = grid_.margin + centre - last;
  }

  smoothed_node smoothed_at(double t) const {
    const auto scale = static_cast<double>(grid_.nodes - 1);
    const double spacing = 1 / scale;
    const std::size_t left = cell(t * scale, grid_.nodes);
    const double right_share = (t - static_cast<double>(left) * spacing) / spacing;
    const std::size_t from = taps_start_ + left;
    const auto [a, b] = neighbours_(taps_.data(), taps_.size(), grid_.residual.data() + from,
                                    grid_.weight.data() + from);
    return {a.residual * (1 - right_share) + b.residual * right_share,
            a.weight * (1 - right_share) + b.weight * right_share};
  }

  static auto best_neighbours() -> decltype(&narrow_neighbours) {
#if CALIBRA_DETAIL_X86
    if (best_isa() != isa::portable) return &wide_neighbours;
#endif
    return &narrow_neighbours;
  }

  const sample& sample_;
  smooth_kernel kernel_;
  bool in_float_;
  decltype(&narrow_neighbours) neighbours_ = best_neighbours();
  std::pmr::vector<double> positions_;  // logits; empty for the reflected kernel
  double lowest_ = 0, highest_ = 0;

  smoothing_grid grid_;
  double grid_low_ = 0, grid_high_ = 0;

  std::vector<double> taps_;
  std::size_t taps_start_ = 0;
};

}  // namespace detail
}  // namespace calibra
