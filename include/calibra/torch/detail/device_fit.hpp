// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "calibra/recalibration/detail/temperature_fit.hpp"
#include "calibra/recalibration/detail/tempered_rows.hpp"
#include "calibra/torch/device_stream.hpp"

// Temperature scaling on a tensor's own device.
namespace calibra::detail {

/// Scores as logits: log p of probabilities, log p/(1 - p) of binary ones. The binary kinds and
/// probabilities are worked in float64, as on the host.
inline at::Tensor device_logits(score_kind kind, const at::Tensor& scores) {
  switch (kind) {
    case score_kind::logits:
      return scores.to(scores.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
    case score_kind::probabilities:
      return scores.to(at::kDouble).log();
    case score_kind::binary_probabilities: {
      const at::Tensor p = scores.to(at::kDouble);
      return (p / (1 - p)).log();
    }
    default:
      return scores.to(at::kDouble);
  }
}

/// The samples of a fit on a device: a pass reads eight numbers back.
class device_tempered_pass final : public fit_passes {
 public:
  template<tensor_scores S>
  device_tempered_pass(std::string_view where, const S& scores,
                       const optional_column<std::int64_t>& labels, const row_options& o)
      : where_(where) {
    const at::NoGradGuard no_grad;
    device_stream stream(where, o);
    device_rows rows;
    logits_ = device_logits(S::kind, scores.view());
    if (!stream.next(scores, labels, {o.weights, o.valid}, {}, rows)) return;
    static_cast<void>(stream.read(at::zeros({1}, rows.confidence.options())));
    binary_ = is_binary_kind<S::kind>;
    if (binary_) {  // a softmax over (0, x)
      const at::Tensor x =
          logits_.clamp(-std::numeric_limits<double>::max(), std::numeric_limits<double>::max());
      logits_ = at::stack({at::zeros_like(x), x}, 1);
    }
    label_ = rows.label.unsqueeze(1);
    kept_ = rows.kept;
    weight_ = rows.weight.defined() ? rows.weight : kept_.to(at::kDouble);
    const at::Tensor largest = at::where(kept_, logits_.amax(1), at::zeros({}, logits_.options()));
    shifted_ = at::where(kept_.unsqueeze(1), logits_ - largest.unsqueeze(1),
                         at::zeros({}, logits_.options()));
    at_label_ = shifted_.gather(1, label_).squeeze(1).to(at::kDouble);
    epsilon_ = logits_.scalar_type() == at::kDouble ? std::numeric_limits<double>::epsilon()
                                                    : std::numeric_limits<float>::epsilon();
  }

  std::size_t rows() const override {
    return shifted_.defined() ? static_cast<std::size_t>(shifted_.size(0)) : 0;
  }
  double epsilon() const override { return epsilon_; }

  tempered_sums run(double beta, bool check, std::size_t step = 1) const override {
    tempered_sums sums;
    if (!shifted_.defined()) return sums;
    const at::NoGradGuard no_grad;
    const auto part = [&](const at::Tensor& t) {
      return t.slice(0, 0, t.size(0), static_cast<std::int64_t>(step));
    };
    const at::Tensor v = part(shifted_), w = part(weight_), u = part(at_label_);
    const at::Tensor e = (v * beta).exp();
    const at::Tensor bounded = v.clamp_min(-std::numeric_limits<float>::max());
    const at::Tensor moment = bounded * e;
    const at::Tensor sum = e.sum(1, false, at::kDouble);
    const at::Tensor mean = moment.sum(1, false, at::kDouble) / sum;
    const at::Tensor variance =
        ((bounded * moment).sum(1, false, at::kDouble) / sum - mean * mean).clamp_min(0);
    const at::Tensor zero = at::zeros({}, w.options());
    const auto total = [&](const at::Tensor& x) { return at::where(w.gt(0), w * x, zero).sum(); };
    const at::Tensor counts = w.gt(0);
    const at::Tensor impossible =
        at::where(counts.logical_and(u.eq(-std::numeric_limits<double>::infinity())),
                  at::arange(u.size(0), w.options()), at::full({}, no_row, w.options()));
    const at::Tensor host =
        at::stack({total(sum.log() - u * beta), total(mean - u), total(variance), w.sum(),
                   total(mean.abs() + u.abs()), counts.logical_and(u.lt(0)).sum(at::kDouble),
                   part(kept_).sum(at::kDouble), impossible.amin()})
            .to(at::kCPU);
    const double* s = host.data_ptr<double>();
    if (check && s[7] < no_row) {
      const auto row = static_cast<std::int64_t>(s[7]);
      throw_impossible(where_, label_[row].item<std::int64_t>(), static_cast<std::size_t>(row));
    }
    sums.nll += s[0];
    sums.gradient += s[1];
    sums.curvature += s[2];
    sums.weight += s[3];
    sums.magnitude = s[4];
    sums.beaten = s[5] > 0;
    sums.rows = static_cast<std::uint64_t>(s[6]);
    return sums;
  }

  slope means(double beta, const tempered_sums& s) const override {
    return tempered_means(where_, beta, s, epsilon_);
  }
  slope at(double beta, std::size_t step = 1) const override {
    return means(beta, run(beta, false, step));
  }

 private:
  std::string_view where_;
  bool binary_ = false;
  double epsilon_ = std::numeric_limits<double>::epsilon();
  at::Tensor logits_, shifted_;  // [N, K]
  at::Tensor label_, kept_, weight_, at_label_;
};

}  // namespace calibra::detail
