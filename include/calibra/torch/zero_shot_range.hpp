// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>

#include "calibra/error.hpp"
#include "calibra/loss/zero_shot_normalised.hpp"
#include "calibra/loss/zero_shot_range_penalty_loss.hpp"
#include "calibra/scores.hpp"
#include "calibra/torch/detail/describe.hpp"
#include "calibra/torch/detail/host_tensor.hpp"

/// \file
/// Zero-shot normalisation and the penalty on logits out of the zero-shot range, for tensors: the
/// functions of calibra/loss/, with the same formulas, edges and choices of slopes, differentiable
/// by the logits through autograd; the zero-shot logits are detached.
///
/// Scores: logits(t), N x K with K >= 1, in both places; for the penalty binary_logits(t), N, too.
///   Any floating type; results lie on the device of both and are float64 where an input is, else
///   float32.
/// Values: no element is read on the host and nothing waits for the device. That leaves nobody to
///   throw for a logit that is not finite: it makes the penalty NaN, and its row of normalised
///   logits.
/// Empty: N = 0 gives a NaN penalty and no row of logits.
/// Throws: shape_error for undefined tensors and shapes that do not fit; value_error for other
/// dtypes
///   and for two devices.
namespace calibra {

namespace detail {

struct logit_tensors {
  at::Tensor logits, zero_shot;

  logit_tensors(std::string_view where, const at::Tensor& given, const at::Tensor& beside,
                std::int64_t dimensions) {
    const auto both = [&] {
      return concat(where, ": logits are ", describe(given), ", zero-shot logits are ",
                    describe(beside));
    };
    if (!given.defined() || !beside.defined() || given.dim() != dimensions ||
        given.sizes() != beside.sizes() || (dimensions == 2 && given.size(1) == 0))
      throw shape_error(
          concat(both(), "; expected the same shape, of ",
                 dimensions == 2 ? "two dimensions and at least one column" : "one dimension"));
    if (!at::isFloatingType(given.scalar_type()) || !at::isFloatingType(beside.scalar_type()))
      throw value_error(both() + "; expected floating-point numbers");
    if (given.device() != beside.device()) throw value_error(both() + "; expected the same device");
    const at::ScalarType dtype =
        c10::promoteTypes(c10::promoteTypes(given.scalar_type(), beside.scalar_type()), at::kFloat);
    logits = given.to(dtype);
    zero_shot = beside.detach().to(dtype);
  }
};

/// 0 in rows of finite logits, NaN in others; [N, 1].
inline at::Tensor nan_unless_finite(const logit_tensors& t) {
  return (t.logits.detach() * 0 + t.zero_shot * 0).sum(1, true);
}

}  // namespace detail

/// The penalty of tensors: calibra/loss/zero_shot_range_penalty_loss.hpp.
template<tensor_scores Scores, tensor_scores ZeroShot>
[[nodiscard]] at::Tensor zero_shot_range_penalty_loss(const Scores& scores,
                                                      const ZeroShot& zero_shot) {
  constexpr bool binary = Scores::kind == score_kind::binary_logits;
  static_assert((binary || Scores::kind == score_kind::logits) && Scores::kind == ZeroShot::kind,
                "calibra: this is a function of logits, of one kind in both places: logits(z) or "
                "binary_logits(x)");
  detail::logit_tensors t(detail::zero_shot_range_penalty::where, scores.view(), zero_shot.view(),
                          binary ? 1 : 2);
  if (t.logits.size(0) == 0) return t.logits.sum() * std::numeric_limits<double>::quiet_NaN();
  if (binary) {
    t.logits = at::stack({at::zeros_like(t.logits), t.logits}, 1);
    t.zero_shot = at::stack({at::zeros_like(t.zero_shot), t.zero_shot}, 1);
  }
  const at::Tensor above = (t.logits - t.zero_shot.amax(1, true)).relu();
  const at::Tensor below = (t.zero_shot.amin(1, true) - t.logits).relu();
  return ((above + below).sum(1, true) + detail::nan_unless_finite(t)).mean();
}

/// The normalised logits of tensors, N x K: calibra/loss/zero_shot_normalised.hpp. The least and
/// the largest of a row are the first of equal ones, as on the host.
template<tensor_scores Scores, tensor_scores ZeroShot>
[[nodiscard]] at::Tensor zero_shot_normalised(const Scores& scores, const ZeroShot& zero_shot) {
  static_assert(Scores::kind == score_kind::logits && ZeroShot::kind == score_kind::logits,
                "calibra: zero-shot normalisation is a function of logits(z) in both places");
  const detail::logit_tensors t("zero_shot_normalised()", scores.view(), zero_shot.view(), 2);
  const at::Tensor low = std::get<0>(t.logits.min(1, true));
  const at::Tensor range = std::get<0>(t.logits.max(1, true)) - low;
  const at::Tensor low_0 = t.zero_shot.amin(1, true), range_0 = t.zero_shot.amax(1, true) - low_0;
  const at::Tensor none = range.detach().eq(0);  // equal logits have neither place nor slope
  const at::Tensor place = (t.logits - low).masked_fill(none, 0) / range.masked_fill(none, 1);
  return place * range_0 + low_0 + detail::nan_unless_finite(t);
}

}  // namespace calibra
