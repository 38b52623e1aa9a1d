// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>

#include "calibra/detail/feature_rows.hpp"
#include "calibra/error.hpp"
#include "calibra/torch/detail/describe.hpp"

namespace calibra {

namespace detail {

inline void check_features(std::string_view where, std::string_view name,
                           const at::Tensor& features) {
  if (!features.defined())
    throw shape_error(
        concat(where, ": ", name, " is undefined; expected a two-dimensional tensor"));
  if (features.dim() != 2 || features.size(1) == 0)
    throw shape_error(concat(where, ": ", name, " is ", describe(features),
                             "; expected two dimensions and at least one column"));
  if (!at::isFloatingType(features.scalar_type()))
    throw value_error(
        concat(where, ": ", name, " is ", describe(features), "; expected floating-point numbers"));
}

inline void check_feature_pair(std::string_view where, const at::Tensor& tuned,
                               const at::Tensor& zero_shot) {
  check_features(where, "tuned", tuned);
  check_features(where, "zero_shot", zero_shot);
  const auto both = [&] {
    return concat(where, ": tuned is ", describe(tuned), ", zero_shot is ", describe(zero_shot));
  };
  if (tuned.sizes() != zero_shot.sizes()) throw shape_error(both() + "; expected the same shape");
  if (tuned.device() != zero_shot.device())
    throw value_error(both() + "; expected the same device");
}

/// The type that two floating-point types are computed in: float32 or float64.
inline at::ScalarType feature_dtype(at::ScalarType a, at::ScalarType b) {
  return c10::promoteTypes(c10::promoteTypes(a, b), at::kFloat);
}

/// Rows divided by max(norm, norm_floor).
inline at::Tensor directions(const at::Tensor& features) {
  const at::Tensor norms = at::linalg_vector_norm(features, 2, at::IntArrayRef{1}, true);
  return features / norms.clamp_min(norm_floor);
}

inline at::Tensor cosine_distance(std::string_view where, const at::Tensor& tuned,
                                  const at::Tensor& zero_shot) {
  check_feature_pair(where, tuned, zero_shot);
  const at::ScalarType dtype = feature_dtype(tuned.scalar_type(), zero_shot.scalar_type());
  const at::Tensor cosines =
      (directions(tuned.to(dtype)) * directions(zero_shot.detach().to(dtype))).sum(1);
  return 1 - cosines.mean();
}

}  // namespace detail

/// The DOR loss of tensors: the function of calibra/loss/dor_loss.hpp, differentiable by `tuned`
/// through autograd. `zero_shot` is detached: no gradient flows to it.
///
/// Shapes: two B x D tensors of one shape on one device, any floating type; the result has no
///   dimension, lies on that device and is float64 where an input is, else float32 (float16 and
///   bfloat16 are computed in float32). Norms are at least 1e-8, and where a row of `tuned` is
///   shorter its gradient is -v^/(B 1e-8), as on the host.
/// Values: no element is read on the host and nothing waits for the device, so that a NaN or an
///   infinity gives a NaN loss and no exception, and a row of zeros in `zero_shot` has cosine 0.
/// Empty: B = 0 gives NaN. Cost: O(B D). Differentiable twice.
/// Throws: shape_error for undefined tensors and shapes that do not fit; value_error for a dtype
///   that is not floating and for two devices. The message names tensor, shape, dtype and device.
[[nodiscard]] inline at::Tensor dor_loss(const at::Tensor& tuned, const at::Tensor& zero_shot) {
  return detail::cosine_distance("dor_loss()", tuned, zero_shot);
}

/// The KgCoOp loss of tensors: dor_loss over the features of classes (K x D).
/// Everything else as dor_loss of tensors.
[[nodiscard]] inline at::Tensor kgcoop_loss(const at::Tensor& tuned, const at::Tensor& zero_shot) {
  return detail::cosine_distance("kgcoop_loss()", tuned, zero_shot);
}

/// The feature divergence of a tensor N x D: the function of
/// calibra/outlier/feature_divergence.hpp, differentiable through autograd, computed and kept on
/// the tensor's device.
///
/// Result: no dimension; float64 for float64 input, else float32. NaN for N < 2 or NaN input; rows
///   shorter than 1e-8 are divided by 1e-8. The distance of equal rows has gradient 0.
/// Cost: O(N^2 D) time, O(N^2) memory.
/// Throws: shape_error, value_error as dor_loss; option_error for nearest < 1.
[[nodiscard]] inline at::Tensor feature_divergence(const at::Tensor& features,
                                                   std::int64_t nearest = 5) {
  constexpr std::string_view where = "feature_divergence()";
  detail::check_features(where, "features", features);
  if (nearest < 1)
    throw option_error(detail::concat(where, ": expected nearest >= 1, got ", nearest));
  const std::int64_t n = features.size(0);
  const at::ScalarType dtype = detail::feature_dtype(features.scalar_type(), at::kFloat);
  if (n < 2)
    return at::full({}, std::numeric_limits<double>::quiet_NaN(), features.options().dtype(dtype));
  const at::Tensor units = detail::directions(features.to(dtype));
  // Mode 2: by differences, never by a matrix product, which loses small distances.
  const at::Tensor distances = at::cdist(units, units, 2.0, 2);
  const at::Tensor self = at::eye(n, features.options().dtype(at::kBool));
  const auto smallest = distances.masked_fill(self, std::numeric_limits<double>::infinity())
                            .topk(std::min(nearest, n - 1), 1, false);
  return std::get<0>(smallest).mean();
}

}  // namespace calibra
