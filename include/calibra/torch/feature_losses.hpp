// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <limits>
#include <string_view>
#include <tuple>

#include "calibra/loss/angular_separation_loss.hpp"
#include "calibra/loss/dispersion_loss.hpp"
#include "calibra/loss/moment_matching_loss.hpp"
#include "calibra/loss/orthogonality_loss.hpp"
#include "calibra/torch/dor_loss.hpp"

/// \file
/// The losses of text features that spread them or match their moments, for tensors: the functions
/// of calibra/loss/, with the same formulas, edges and choices of slopes, differentiable through
/// autograd. What is said here holds for all of them.
///
/// Shapes: C x D tensors, a pair of one shape on one device, any floating type; the result has no
///   dimension, lies on that device and is float64 where an input is, else float32 (float16 and
///   bfloat16 are computed in float32). Rows are divided by their norms, at least 1e-8.
/// Values: no element is read on the host and nothing waits for the device, so that a NaN or an
///   infinity gives a NaN loss and no exception.
/// Empty: C = 0 gives NaN. Cost: as on the host.
/// Throws: shape_error, value_error as dor_loss of tensors; option_error as on the host.
namespace calibra {

namespace detail {

/// The rows brought to norm 1, in the type that the loss is computed in.
inline at::Tensor unit_directions(std::string_view where, std::string_view name,
                                  const at::Tensor& features) {
  check_features(where, name, features);
  return directions(features.to(feature_dtype(features.scalar_type(), at::kFloat)));
}

/// NaN that stays a function of the features, so that backward() runs.
inline at::Tensor no_value(const at::Tensor& units) {
  return units.sum() * std::numeric_limits<double>::quiet_NaN();
}

/// As the host's: the difference of the covariances is E^T S + S^T E with E = A - B and
/// S = (A + B)/2, and its square needs the products of rows alone.
inline at::Tensor covariance_distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor e = a - b, s = (a + b) / 2;
  const at::Tensor se = at::matmul(s, e.t());
  const at::Tensor sum = (at::matmul(e, e.t()) * at::matmul(s, s.t())).sum() + (se * se.t()).sum();
  return sum * (2 / (static_cast<double>(a.size(0)) * static_cast<double>(a.size(0))));
}

inline at::Tensor moment_distance(std::string_view where, const at::Tensor& tuned,
                                  const at::Tensor& zero_shot, double mean_weight,
                                  double covariance_weight) {
  check_feature_pair(where, tuned, zero_shot);
  const at::ScalarType dtype = feature_dtype(tuned.scalar_type(), zero_shot.scalar_type());
  const at::Tensor t = directions(tuned.to(dtype)), z = directions(zero_shot.detach().to(dtype));
  if (t.size(0) == 0) return no_value(t);
  const at::Tensor mean = t.mean(0, true), mean_0 = z.mean(0, true);
  at::Tensor value = t.sum() * 0;  // NaN stays NaN where both weights are 0
  if (covariance_weight > 0)
    value = value + covariance_distance(t - mean, z - mean_0) * covariance_weight;
  if (mean_weight > 0) value = value + (mean - mean_0).square().sum() * mean_weight;
  return value;
}

}  // namespace detail

/// The dispersion loss of tensors: calibra/loss/dispersion_loss.hpp.
[[nodiscard]] inline at::Tensor dispersion_loss(const at::Tensor& features) {
  const at::Tensor units =
      detail::unit_directions(detail::dispersion_loss_form::where, "features", features);
  if (units.size(0) == 0) return detail::no_value(units);
  // From the first row on, so that the distances of equal rows are exactly 0.
  const at::Tensor moved = units - units.narrow(0, 0, 1).detach();
  const at::Tensor distances =
      at::linalg_vector_norm(moved - moved.mean(0, true), 2, at::IntArrayRef{1});
  return -distances.mean();
}

/// The orthogonality loss of tensors: calibra/loss/orthogonality_loss.hpp. Differentiable twice.
[[nodiscard]] inline at::Tensor orthogonality_loss(const at::Tensor& features) {
  const at::Tensor units =
      detail::unit_directions(detail::orthogonality_loss_form::where, "features", features);
  if (units.size(0) == 0) return detail::no_value(units);
  const at::Tensor identity = at::eye(units.size(0), units.options());
  return (at::matmul(units, units.t()) - identity).square().sum();
}

/// The angular separation loss of tensors: calibra/loss/angular_separation_loss.hpp.
[[nodiscard]] inline at::Tensor angular_separation_loss(const at::Tensor& features) {
  using form = detail::angular_separation_loss_form;
  const at::Tensor units = detail::unit_directions(form::where, "features", features);
  if (units.size(0) < 2) return detail::no_value(units);
  const at::Tensor self = at::eye(units.size(0), units.options().dtype(at::kBool));
  const at::Tensor cosines =
      at::matmul(units, units.t()).masked_fill(self, -std::numeric_limits<double>::infinity());
  const at::Tensor nearest = std::get<0>(cosines.max(1));
  return -nearest.clamp(-form::most_cosine, form::most_cosine).acos().mean();
}

/// The moment matching loss of tensors: calibra/loss/moment_matching_loss.hpp, differentiable by
/// `tuned`, twice. `zero_shot` is detached: no gradient flows to it. A row of zeros in it counts as
/// a feature of zeros.
[[nodiscard]] inline at::Tensor moment_matching_loss(
    const at::Tensor& tuned, const at::Tensor& zero_shot,
    const moment_matching_loss_options& options = {}) {
  constexpr std::string_view where = "moment_matching_loss()";
  detail::check_moment_weights(where, options);
  return detail::moment_distance(where, tuned, zero_shot, options.mean, options.covariance);
}

}  // namespace calibra
