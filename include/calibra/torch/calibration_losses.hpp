// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "calibra/error.hpp"
#include "calibra/loss/avuc_loss.hpp"
#include "calibra/loss/confidence_penalty_loss.hpp"
#include "calibra/loss/dca_loss.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/focal_loss.hpp"
#include "calibra/loss/label_smoothing_loss.hpp"
#include "calibra/loss/margin_smoothing_loss.hpp"
#include "calibra/loss/mdca_loss.hpp"
#include "calibra/loss/mmce_loss.hpp"
#include "calibra/loss/soft_avuc_loss.hpp"
#include "calibra/loss/soft_binned_ece_loss.hpp"
#include "calibra/scores.hpp"
#include "calibra/torch/detail/describe.hpp"
#include "calibra/torch/detail/host_tensor.hpp"
#include "calibra/torch/detail/tensor_rows.hpp"

/// \file
/// The losses of calibra/loss/ for tensors: the same calls, `mmce_loss(logits(t), labels)`, with
/// the same formulas, options and choices of slopes, differentiable by the scores through autograd.
/// What is said here holds for all of them.
///
/// Scores: logits(t), probabilities(t): N x K, K >= 1. binary_logits(t), binary_probabilities(t):
/// N.
///   Of float32, float64, float16 or bfloat16. Labels N, of an integer type, on the same device.
///   The result has no dimension, lies on that device and is float64 for float64 scores, else
///   float32: float16 and bfloat16 are computed in float32, and sums are made in the type of the
///   result.
/// Values: no element is read on the host and nothing waits for the device. That leaves nobody to
///   throw for a bad element: a logit that is not finite, a row that is not probabilities and a
///   label that is not in [0, K) give a NaN loss.
/// Empty: N = 0 gives NaN.
/// Cost: as on the host, but for mmce_loss: O(N^2) time and memory.
/// Throws: option_error as on the host; shape_error for undefined tensors and shapes that do not
///   fit; value_error for other dtypes and for two devices. The message names tensor, shape, dtype
///   and device.
namespace calibra::detail {

/// x^exponent of x >= 0 that has slope 0 at 0, and takes what rounding left below 0 for 0.
inline at::Tensor flat_power(const at::Tensor& x, double exponent) {
  const at::Tensor none = x.detach().le(0);
  return x.masked_fill(none, 1).pow(exponent).masked_fill(none, 0);
}

inline at::Tensor avuc_value(const at::Tensor& good, const at::Tensor& bad) {
  return (bad / good.clamp_min(avuc_ratio::least)).log1p();
}

/// O(N^2) time and memory.
inline at::Tensor tensor_value(mmce_loss_form, const tensor_rows& rows,
                               const mmce_loss_options& options) {
  const at::Tensor r = rows.confidence(), hit = rows.hit();
  at::Tensor residual = (hit - r) / rows.rows();
  if (options.weighted) {
    // A group without samples is divided by 1: it has no terms.
    const at::Tensor right = hit.sum().clamp_min(1), wrong = (1 - hit).sum().clamp_min(1);
    residual = (hit - r) * (hit / right + (1 - hit) / wrong);
  }
  const at::Tensor apart = (r.unsqueeze(1) - r.unsqueeze(0)).abs();
  const at::Tensor kernel = (apart * (-1 / options.bandwidth)).exp();
  const at::Tensor form = (residual.unsqueeze(1) * residual.unsqueeze(0) * kernel).sum();
  return options.squared ? form : flat_power(form, 0.5);
}

inline at::Tensor tensor_value(soft_binned_ece_loss_form, const tensor_rows& rows,
                               const soft_binned_ece_loss_options& options) {
  using form = soft_binned_ece_loss_form;
  const at::Tensor r = rows.confidence().unsqueeze(1), hit = rows.hit().unsqueeze(1);
  const at::Tensor bin = at::arange(static_cast<std::int64_t>(options.bins), r.options());
  const at::Tensor centres = (bin + 0.5) / static_cast<double>(options.bins);
  const at::Tensor share = at::softmax((r - centres).square() / -options.temperature, 1);
  const at::Tensor mass = share.sum(0);
  const at::Tensor gap = (share * (hit - r)).sum(0) / mass.clamp_min(form::least_mass);
  const at::Tensor power = (mass * gap.abs().pow(options.norm)).sum() / rows.rows();
  return flat_power(power, 1 / options.norm);
}

inline at::Tensor tensor_value(mdca_loss_form, const tensor_rows& rows, const no_options&) {
  return (rows.p().mean(0) - rows.label_shares()).abs().mean();
}

inline at::Tensor tensor_value(dca_loss_form, const tensor_rows& rows, const no_options&) {
  return (rows.hit() - rows.confidence()).mean().abs();
}

inline at::Tensor tensor_value(avuc_loss_form, const tensor_rows& rows,
                               const avuc_loss_options& options) {
  using form = avuc_loss_form;
  const at::Tensor r = rows.confidence(), hit = rows.hit(), entropy = rows.entropy();
  const at::Tensor spread = entropy.tanh();
  const double limit = form::threshold(options, static_cast<double>(rows.classes()));
  const at::Tensor certain = entropy.detach().le(limit).to(r.scalar_type());
  const at::Tensor sure = hit * r + (1 - hit) * (1 - r);
  const at::Tensor term = sure * (certain * (1 - spread) + (1 - certain) * spread);
  const at::Tensor good = hit * certain + (1 - hit) * (1 - certain);
  return avuc_value((good * term).sum(), ((1 - good) * term).sum());
}

inline at::Tensor tensor_value(soft_avuc_loss_form, const tensor_rows& rows,
                               const soft_avuc_loss_options& options) {
  using form = soft_avuc_loss_form;
  const at::Tensor hit = rows.hit(), entropy = rows.entropy(form::smoothing);
  const double most = std::log(static_cast<double>(rows.classes()));
  const at::Tensor e = (entropy / most).clamp_max(form::most_entropy);
  const double odds = std::log(options.kappa / (1 - options.kappa));
  const at::Tensor x = (at::logit(e) - odds) / options.temperature;
  const at::Tensor spread = entropy.tanh();
  const at::Tensor certain = at::sigmoid(-x) * (1 - spread), uncertain = at::sigmoid(x) * spread;
  const at::Tensor good = (hit * certain + (1 - hit) * uncertain).sum();
  const at::Tensor bad = (hit * uncertain + (1 - hit) * certain).sum();
  return avuc_value(good, bad);
}

inline at::Tensor tensor_value(focal_loss_form, const tensor_rows& rows,
                               const focal_loss_options& options) {
  const at::Tensor log_p = rows.log_p_of_label(), rest = rows.rest_of_label();
  // p = 1 has neither loss nor slope, nor a power of 0 to differentiate.
  const at::Tensor none = rest.detach().le(0);
  const at::Tensor base = rest.masked_fill(none, 1);
  at::Tensor weight;
  if (options.schedule == focal_schedule::constant) {
    weight = base.pow(options.gamma);
  } else {
    const at::Tensor p = log_p.detach().exp();
    weight = base.pow(
        at::full_like(p, options.gamma).masked_fill(p.lt(0.5), 3).masked_fill(p.lt(0.2), 5));
  }
  return -(weight * log_p.masked_fill(none, 0)).mean();
}

inline at::Tensor tensor_value(confidence_penalty_loss_form, const tensor_rows& rows,
                               const confidence_penalty_loss_options& options) {
  return rows.cross_entropy() - rows.entropy().mean() * options.weight;
}

inline at::Tensor tensor_value(label_smoothing_loss_form, const tensor_rows& rows,
                               const label_smoothing_loss_options& options) {
  // A part of 0 adds nothing, not even of a probability of 0.
  if (options.smoothing == 0) return rows.cross_entropy();
  const at::Tensor over_classes = rows.log_p().mean() * -options.smoothing;
  if (options.smoothing == 1) return over_classes;
  return over_classes + rows.cross_entropy() * (1 - options.smoothing);
}

inline at::Tensor tensor_value(margin_smoothing_loss_form, const tensor_rows& rows,
                               const margin_smoothing_loss_options& options) {
  return rows.cross_entropy() + (rows.margins() - options.margin).relu().mean() * options.weight;
}

/// Each loss of tensors is its tensor_value() above.
template<class Form>
struct tensor_loss<Form, at::Tensor> {
  template<class Scores, class Options>
  static at::Tensor value(const Scores& scores, const at::Tensor& labels, const Options& options) {
    Form::check(options);
    const at::Tensor& given = scores.view();
    check_loss_tensors(Form::where, given, labels);
    Form::check_classes(is_binary_kind<Scores::kind> ? 2 : static_cast<std::size_t>(given.size(1)));
    if (given.size(0) == 0)  // stays a function of the scores, so that backward() runs
      return given.to(c10::promoteTypes(given.scalar_type(), at::kFloat)).sum() *
             std::numeric_limits<double>::quiet_NaN();
    return tensor_value(Form{}, tensor_rows(Scores::kind, given, labels), options);
  }
};

}  // namespace calibra::detail
