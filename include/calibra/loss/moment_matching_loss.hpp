// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/moment_distance.hpp"

namespace calibra {

struct moment_matching_loss_options {
  /// Finite and >= 0, of the squared distance of the means; 0 leaves it out.
  double mean = 1;
  /// Finite and >= 0, of the squared distance of the covariances; 0 leaves it out.
  double covariance = 1;
};

namespace detail {

inline void check_moment_weights(std::string_view where, const moment_matching_loss_options& o) {
  check_option(where, "mean", o.mean, o.mean >= 0, "a finite number >= 0");
  check_option(where, "covariance", o.covariance, o.covariance >= 0, "a finite number >= 0");
}

}  // namespace detail

/// How far mean and covariance of the tuned text features are from those of the frozen zero-shot
/// ones. kgcoop_loss holds every feature where it was; this one lets them move as long as the
/// set of them keeps its place and its spread.
///
/// Formula: L = a |mu_t - mu_0|^2 + b |Cov_t - Cov_0|_F^2, mu = (1/C) sum_c u_c,
///   Cov = (1/C) sum_c (u_c - mu)(u_c - mu)^T, u_c = row c / max(|row c|, 1e-8); of `tuned` for
///   mu_t and Cov_t, of `zero_shot` for mu_0 and Cov_0. The divisor is C, not C - 1. a and b are
///   the options `mean` and `covariance`.
/// Shapes: two C x D arrays of one shape, of any real type. Range: >= 0, up to rounding.
/// Edges: 0, and slope 0, where the rows of both point the same way; C = 1 has covariances of 0.
/// Empty: C = 0 gives NaN. Cost: O(C^2 D) time and O(C (C + D)) memory: no D x D covariance is
/// made.
///   Sums in double. Mergeable: no, moments are of all features.
/// Throws: option_error for an option that is not finite and >= 0; shape_error for two shapes or
///   D = 0; value_error with the row (and column) for a NaN, an infinity or a norm that overflows,
///   and for a row of zeros in `zero_shot`.
/// Ref: after Sharifdeen et al., "Towards Calibrating Prompt Tuning of Vision-Language Models"
///   (arXiv 2602.19024), whose text moment-matching term has the same two moments; the weights and
///   the divisor here are calibra's.
template<score_matrix Tuned, score_matrix ZeroShot>
[[nodiscard]] double moment_matching_loss(const Tuned& tuned, const ZeroShot& zero_shot,
                                          const moment_matching_loss_options& options = {}) {
  constexpr std::string_view where = "moment_matching_loss()";
  detail::check_moment_weights(where, options);
  return detail::moment_distance(where, tuned, zero_shot, options.mean, options.covariance);
}

/// The same, and its gradient by `tuned`, written to `gradient`: a mutable C x D array of float or
/// double, which may be `tuned` itself.
///
/// Formula: with A and B the rows u_c - mu of the two, dL/dU = (2a/C)(mu_t - mu_0) in each row
///   + (4b/C^2) A (A^T A - B^T B), products that are made of C x C matrices; to dL/dt_c as for
///   dispersion_loss.
/// Throws: as the form above, and shape_error for a gradient of another shape, before an element of
///   `gradient` is written.
template<score_matrix Tuned, score_matrix ZeroShot, readable_array Gradient>
double moment_matching_loss(const Tuned& tuned, const ZeroShot& zero_shot, Gradient&& gradient,
                            const moment_matching_loss_options& options = {}) {
  constexpr std::string_view where = "moment_matching_loss()";
  detail::check_moment_weights(where, options);
  return detail::moment_distance(where, tuned, zero_shot, options.mean, options.covariance,
                                 gradient);
}

}  // namespace calibra
