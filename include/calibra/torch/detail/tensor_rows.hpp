// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "calibra/array/scalar.hpp"
#include "calibra/detail/element_checks.hpp"
#include "calibra/error.hpp"
#include "calibra/scores.hpp"
#include "calibra/torch/detail/describe.hpp"

// A batch of tensors as a loss needs it: what probability_rows is on the host.
namespace calibra::detail {

/// What can be checked without reading an element.
inline void check_loss_tensors(std::string_view where, const at::Tensor& scores,
                               const at::Tensor& labels) {
  const auto both = [&] {
    return concat(where, ": scores are ", describe(scores), ", labels are ", describe(labels));
  };
  if (!labels.defined()) throw shape_error(both() + "; expected two tensors");
  if (scores.dim() == 2 && scores.size(1) == 0)
    throw shape_error(both() + "; expected at least one class");
  if (labels.dim() != 1 || labels.size(0) != scores.size(0))
    throw shape_error(both() + "; expected one label a row of the scores");
  if (!at::isIntegralType(labels.scalar_type(), /*includeBool=*/true))
    throw value_error(both() + "; expected labels of an integer type: labels.to(at::kLong)");
  if (scores.device() != labels.device()) throw value_error(both() + "; expected the same device");
}

/// row_sum_tolerance() of a dtype.
inline double row_sum_tolerance(at::ScalarType dtype, std::size_t classes) {
  if (dtype == at::kBFloat16) return row_sum_tolerance<bfloat16>(classes);
  if (dtype == at::kHalf) return row_sum_tolerance<half>(classes);
  return row_sum_tolerance<float>(classes);
}

/// A batch of at least one row that was checked.
class tensor_rows {
 public:
  tensor_rows(score_kind kind, const at::Tensor& scores, const at::Tensor& labels)
      : logits_(kind == score_kind::logits || kind == score_kind::binary_logits) {
    const at::Tensor given = scores.to(c10::promoteTypes(scores.scalar_type(), at::kFloat));
    at::Tensor bad;
    if (kind == score_kind::binary_logits) {
      x_ = at::stack({at::zeros_like(given), given}, 1);
      bad = given.isfinite().logical_not().unsqueeze(1);
    } else if (kind == score_kind::binary_probabilities) {
      x_ = at::stack({1 - given, given}, 1);
      bad = given.lt(0).logical_or(given.gt(1)).unsqueeze(1);
    } else if (kind == score_kind::logits) {
      x_ = given;
      bad = given.isfinite().logical_not();
    } else {
      const double tolerance =
          row_sum_tolerance(scores.scalar_type(), static_cast<std::size_t>(scores.size(1)));
      // Rounding may have taken a probability beyond 1: it counts as 1, with the slope that it has.
      x_ = given - (given.detach() - 1).clamp_min(0);
      bad = given.lt(0)
                .logical_or(given.gt(1 + tolerance))
                .any(1, true)
                .logical_or((given.sum(1, true) - 1).abs().gt(tolerance));
    }
    const at::Tensor label = labels.to(at::kLong).unsqueeze(1);
    const at::Tensor no_label = label.lt(0).logical_or(label.ge(classes()));
    x_ = x_.masked_fill(bad.logical_or(no_label), std::numeric_limits<double>::quiet_NaN());
    label_ = label.clamp(0, classes() - 1);
    top_ = x_.detach().argmax(1, true);  // the first of the largest
  }

  double rows() const { return static_cast<double>(x_.size(0)); }
  std::int64_t classes() const { return x_.size(1); }
  /// N x K.
  at::Tensor p() const { return logits_ ? at::softmax(x_, 1) : x_; }
  at::Tensor log_p() const { return logits_ ? at::log_softmax(x_, 1) : x_.log(); }
  /// How far each logit lies below the largest, N x K.
  at::Tensor margins() const { return x_.gather(1, top_) - x_; }
  /// Vectors of N.
  at::Tensor log_p_of_label() const {
    // Of given probabilities the label's alone: another one of 0 has no logarithm to differentiate.
    return logits_ ? log_p().gather(1, label_).squeeze(1) : x_.gather(1, label_).squeeze(1).log();
  }
  /// 1 - p of the label.
  at::Tensor rest_of_label() const {
    return logits_ ? -log_p_of_label().expm1() : 1 - x_.gather(1, label_).squeeze(1);
  }
  at::Tensor confidence() const { return p().gather(1, top_).squeeze(1); }
  at::Tensor hit() const { return top_.eq(label_).squeeze(1).to(x_.scalar_type()); }
  at::Tensor entropy() const {
    if (logits_) return -(p() * log_p()).sum(1);
    const at::Tensor q = x_.masked_fill(x_.detach().eq(0), 1);  // no term and no slope
    return -(q * q.log()).sum(1);
  }
  at::Tensor entropy(double smoothing) const {
    const at::Tensor q = p() * (1 - smoothing) + smoothing / static_cast<double>(classes());
    return -(q * q.log()).sum(1);
  }
  /// Of the batch.
  at::Tensor cross_entropy() const { return -log_p_of_label().mean(); }
  /// The share of each class among the labels, K.
  at::Tensor label_shares() const {
    const at::Tensor classes = at::arange(this->classes(), label_.options());
    return label_.eq(classes).to(x_.scalar_type()).mean(0);
  }

 private:
  bool logits_;
  at::Tensor x_, label_, top_;  // x_: the logits or the probabilities
};

}  // namespace calibra::detail
