// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/equal_mass.hpp"

namespace calibra {

/// How the edges of equal-width bins are made: the decimal 0.3 is edge 3 of 10 for one generator
/// and below it for another.
enum class edge_generator {
  divide,             ///< fl(k/B), correctly rounded
  linspace,           ///< k * fl(1/B), the last forced to 1, as numpy.linspace
  torch_linspace,     ///< torch.linspace in the scalar of the scores (CPU kernel, AVX2)
  torch_linspace_f32  ///< torch.linspace in float whatever the scores
};

/// Which largest gap is called the maximum calibration error.
enum class mce_kind {
  largest_gap,           ///< max_b |acc_b - conf_b|
  largest_weighted_gap,  ///< max_b (n_b/N) |acc_b - conf_b|, the largest summand of ECE
};

/// Which quantity is called the average (or adaptive) calibration error.
enum class ace_kind {
  equal_mass_top_label,  ///< ECE on equal-mass bins of the top label, as in the DOR paper
  mean_gap,              ///< unweighted mean gap of the non-empty bins, as netcal
  classwise_equal_mass,  ///< mean over classes of the equal-mass error, as Nixon et al. 2019
};

/// How errors with a square are averaged over classes.
enum class class_reduction {
  mean,          ///< mean of the roots
  root_of_mean,  ///< root of the mean of the squares
};

/// What the debiased L2 error makes of a bin with one sample, whose variance is unknown.
enum class lone_sample {
  left_out,  ///< the bin contributes nothing
  plug_in,   ///< the bin keeps its biased square
};

/// How the probability of the label becomes a log-likelihood.
enum class nll_rule {
  exact,        ///< log p_y; infinite loss where p_y = 0
  log_softmax,  ///< log p_y - log sum p, as cross_entropy(log p)
  clip_eps,     ///< p clipped to [eps, 1 - eps] of the scores' scalar, then rows renormalised
  floor_log,    ///< log p >= -87.34 (the smallest normal float), then log_softmax
};

/// Every choice that published implementations make differently, as one value: see
/// docs/conventions.md. The presets below reproduce their namesakes to 1e-9 on the same data,
/// defects included. An aggregate: copy a preset and change a member to make your own.
struct convention {
  std::string_view name = "calibra";
  std::string_view peer = "calibra's own default, after Guo et al. 2017";

  edge_generator edges = edge_generator::divide;
  bin_rule rule = bin_rule::edges;
  edge_side side = edge_side::right_closed;
  zero_rule zero = zero_rule::first_bin;
  one_rule one = one_rule::last_bin;
  /// Bins are (u - 1/B, u] for the sums u of numpy.arange: holes and overlaps of an ulp.
  bool arange_intervals = false;
  /// Confidences are clipped to [eps, 1 - eps] of the scores' scalar first.
  bool clip_confidence = false;
  /// For float scores, means (not counts) are taken over bins whose edges were rounded to float.
  bool float_edges_for_means = false;
  /// Classes that no label has are removed, rows clamped to [1e-7, 1 - 1e-7] and renormalised in
  /// float; if two classes are left, P(second) is measured.
  bool drop_absent_classes = false;

  mass_rule mass = mass_rule::midpoint;
  mce_kind mce = mce_kind::largest_gap;
  ace_kind ace = ace_kind::equal_mass_top_label;
  class_reduction classes = class_reduction::mean;
  lone_sample lone = lone_sample::left_out;
  binary_target binary = binary_target::positive_class;
  /// The target of its equal-mass error, where that differs.
  binary_target binary_equal_mass = binary_target::positive_class;
  nll_rule nll = nll_rule::exact;
  /// sweep_ece: the largest confidence gets a bin of its own.
  bool sweep_own_last_bin = false;
  bool smooth_logit_kernel = false;
  /// smooth_ece: float confidences are placed on the grid in float.
  bool smooth_float_positions = false;
  /// mmce of binary scores compares p with "the prediction is right" instead of with y.
  bool mmce_of_prediction = false;
  /// Per-class errors look at p > 0 alone; zeros are not in the total.
  bool positive_probabilities_only = false;

  /// The binning of B equal-width bins; `single`: the scores are float (or shorter).
  binning fixed_bins(std::size_t bins, bool single) const;
  /// `confidence` as this convention sees it.
  double clipped(double confidence, bool single) const {
    if (!clip_confidence) return confidence;
    const double eps = single ? static_cast<double>(std::numeric_limits<float>::epsilon())
                              : std::numeric_limits<double>::epsilon();
    return confidence < eps ? eps : confidence > 1 - eps ? 1 - eps : confidence;
  }
};

namespace detail {

inline std::vector<double> linspace_edges(std::size_t bins) {
  std::vector<double> e(bins + 1);
  const double step = 1.0 / static_cast<double>(bins);
  for (std::size_t k = 0; k < bins; ++k) e[k] = static_cast<double>(k) * step;
  e[bins] = 1;
  return e;
}

/// torch.linspace(0, 1, B + 1) of LibTorch's CPU kernel on AVX2: vectors of 32 bytes, two at a
/// time, each start + lane * step from its own first element; the rest one by one; the second half
/// counted down from the end. No fused multiply-add.
template<class T>
std::vector<double> torch_linspace_edges(std::size_t bins) {
  constexpr std::size_t lanes = 32 / sizeof(T);
  const std::size_t n = bins + 1;
  const T step = T{1} / static_cast<T>(bins);
  const auto element = [&](std::size_t i) -> T {
    if (i < n / 2) return step * static_cast<T>(i);
    const T back = step * static_cast<T>(n - i - 1);
    return T{1} - back;
  };
  std::vector<double> e(n);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    for (std::size_t base = i; base < i + 2 * lanes; base += lanes) {
      for (std::size_t j = 0; j < lanes; ++j) {
        volatile T offset = step * static_cast<T>(j);  // keeps the product from being fused
        e[base + j] = static_cast<double>(static_cast<T>(element(base) + offset));
      }
    }
  }
  for (; i < n; ++i) e[i] = static_cast<double>(element(i));
  e[0] = 0;
  e[n - 1] = 1;
  return e;
}

/// numpy.arange(w, 1 + w, w): w + i w.
inline std::vector<double> arange_uppers(std::size_t bins) {
  const double w = 1.0 / static_cast<double>(bins);
  const auto n = static_cast<std::size_t>(std::ceil((1 + w - w) / w));
  std::vector<double> u(n);
  for (std::size_t i = 0; i < n; ++i) {
    volatile double product = static_cast<double>(i) * w;
    u[i] = w + product;
  }
  return u;
}

}  // namespace detail

inline binning convention::fixed_bins(std::size_t bins, bool single) const {
  if (bins < 1) throw option_error("convention: expected at least 1 bin, got 0");
  if (arange_intervals)
    return binning::from_intervals(detail::arange_uppers(bins), 1.0 / static_cast<double>(bins))
        .with_zero(zero);
  std::vector<double> e;
  switch (edges) {
    case edge_generator::divide:
      e = binning::equal_width(bins).edges();
      break;
    case edge_generator::linspace:
      e = detail::linspace_edges(bins);
      break;
    case edge_generator::torch_linspace:
      e = single ? detail::torch_linspace_edges<float>(bins)
                 : detail::torch_linspace_edges<double>(bins);
      break;
    case edge_generator::torch_linspace_f32:
      e = detail::torch_linspace_edges<float>(bins);
      break;
  }
  return binning::from_edges(std::move(e), side)
      .with_rule(rule, single)
      .with_zero(zero)
      .with_one(one);
}

/// The presets, by name.
namespace conventions {

inline constexpr convention calibra{};

inline constexpr convention guo2017{
    .name = "guo2017",
    .peer = "gpleiss/temperature_scaling, the code of Guo et al. 2017",
    .edges = edge_generator::torch_linspace_f32,
    .zero = zero_rule::no_bin,
    .nll = nll_rule::log_softmax,
};

inline constexpr convention torchmetrics{
    .name = "torchmetrics",
    .peer = "torchmetrics 1.9 CalibrationError",
    .edges = edge_generator::torch_linspace,
    .side = edge_side::left_closed,
    .one = one_rule::own_bin,
    .lone = lone_sample::plug_in,
};

inline constexpr convention netcal{
    .name = "netcal",
    .peer = "netcal 1.3 metrics ECE, ACE, MCE, MMCE",
    .edges = edge_generator::linspace,
    .side = edge_side::left_closed,
    .clip_confidence = true,
    .float_edges_for_means = true,
    .mass = mass_rule::quantile,
    .ace = ace_kind::mean_gap,
    .mmce_of_prediction = true,
};

inline constexpr convention verified{
    .name = "verified",
    .peer = "verified_calibration (uncertainty-calibration 0.1.4), Kumar et al. 2019",
    .classes = class_reduction::root_of_mean,
};

inline constexpr convention relplot{
    .name = "relplot",
    .peer = "relplot 1.0 (apple/ml-calibration): binnedECE, smECE",
    .rule = bin_rule::floor_divide,
    .side = edge_side::left_closed,
    .one = one_rule::own_bin,
    .smooth_float_positions = true,
};

inline constexpr convention probmetrics{
    .name = "probmetrics",
    .peer = "probmetrics 1.2",
    .edges = edge_generator::torch_linspace_f32,
    .side = edge_side::left_closed,
    .one = one_rule::own_bin,
    .drop_absent_classes = true,
    .lone = lone_sample::plug_in,
    .nll = nll_rule::floor_log,
};

inline constexpr convention torch_uncertainty{
    .name = "torch_uncertainty",
    .peer = "torch-uncertainty 0.11",
    .edges = edge_generator::torch_linspace_f32,
    .side = edge_side::left_closed,
    .one = one_rule::own_bin,
    .mass = mass_rule::rank,
    .lone = lone_sample::plug_in,
    .binary_equal_mass = binary_target::top_label,
    .smooth_logit_kernel = true,
};

inline constexpr convention clip_calibration{
    .name = "clip_calibration",
    .peer = "CLIP_Calibration tools/metrics.py, the evaluator of prompt-tuning papers",
    .edges = edge_generator::linspace,
    .side = edge_side::left_closed,
    .one = one_rule::weight_only,
    .mass = mass_rule::percentile_merged,
    .mce = mce_kind::largest_weighted_gap,
};

inline constexpr convention robustness_metrics{
    .name = "robustness_metrics",
    .peer = "google-research/robustness_metrics GeneralCalibrationError",
    .edges = edge_generator::linspace,
    .side = edge_side::left_closed,
    .zero = zero_rule::removed,
    .one = one_rule::own_bin,
    .mass = mass_rule::order_statistic,
    .ace = ace_kind::classwise_equal_mass,
    .binary = binary_target::top_label,
    .binary_equal_mass = binary_target::top_label,
    .sweep_own_last_bin = true,
    .positive_probabilities_only = true,
};

inline constexpr convention tfp{
    .name = "tfp",
    .peer = "tensorflow_probability.stats.expected_calibration_error",
    .rule = bin_rule::floor_multiply,
    .side = edge_side::left_closed,
};

inline constexpr convention nn_calibration{
    .name = "nn_calibration",
    .peer = "markus93/NN_calibration evaluation.py",
    .zero = zero_rule::no_bin,
    .arange_intervals = true,
};

inline constexpr convention sklearn{
    .name = "sklearn",
    .peer = "scikit-learn calibration_curve with the bins' counts; log_loss of 1.2",
    .edges = edge_generator::linspace,
    .mass = mass_rule::percentile,
    .nll = nll_rule::clip_eps,
};

inline constexpr convention focal{
    .name = "focal",
    .peer = "torrvision/focal_calibration Metrics/metrics.py",
    .rule = bin_rule::ceil_multiply,
    .mass = mass_rule::interpolated,
    .ace = ace_kind::mean_gap,
};

/// All of them, the default first.
inline constexpr std::array<const convention*, 14> all = {
    &calibra,
    &guo2017,
    &torchmetrics,
    &netcal,
    &verified,
    &relplot,
    &probmetrics,
    &torch_uncertainty,
    &clip_calibration,
    &robustness_metrics,
    &tfp,
    &nn_calibration,
    &sklearn,
    &focal,
};

/// The preset of that name. Throws option_error naming the known ones.
inline const convention& find(std::string_view name) {
  std::string known;
  for (const convention* c : all) {
    if (c->name == name) return *c;
    known += known.empty() ? "" : ", ";
    known += c->name;
  }
  throw option_error(detail::concat("convention: expected one of ", known, "; got \"", name, "\""));
}

}  // namespace conventions
}  // namespace calibra
