// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

/// Which exponent a sample has in focal_loss().
enum class focal_schedule {
  constant,  ///< gamma
  flsd_53,   ///< 5 where p_y < 0.2, 3 where 0.2 <= p_y < 0.5, gamma elsewhere
};

struct focal_loss_options {
  /// Finite and >= 0; 0 gives cross-entropy. 3: Mukhoti et al. 2020, for both schedules.
  double gamma = 3;
  focal_schedule schedule = focal_schedule::constant;
};

namespace detail {

struct focal_loss_form : loss_form {
  static constexpr std::string_view where = "focal_loss()";

  static void check(const focal_loss_options& o) {
    check_option(where, "gamma", o.gamma, o.gamma >= 0, "a finite number >= 0");
  }

  static double exponent(const focal_loss_options& o, double p) {
    if (o.schedule == focal_schedule::constant || p >= 0.5) return o.gamma;
    return p < 0.2 ? 5 : 3;
  }

  static double compute(const probability_rows& rows, const focal_loss_options& o,
                        matrix<double>* gradient) {
    const auto n = static_cast<double>(rows.rows());
    double sum = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const double log_p = rows.log_p(i, rows.label(i)), p = rows.p(i, rows.label(i));
      const double rest = -std::expm1(log_p);  // 1 - p
      const double gamma = exponent(o, p);
      if (!(rest > 0)) continue;  // p is 1: neither loss nor slope
      const double weight = std::pow(rest, gamma);
      sum -= weight * log_p;
      if (gradient == nullptr) continue;
      const double p_log_p = p > 0 ? p * log_p : 0;
      rows.add_cross_entropy(*gradient, i, weight * (1 - gamma * p_log_p / rest) / n);
    }
    return sum / n;
  }
};

}  // namespace detail

/// Focal loss of a batch: a complete training loss, in place of cross-entropy.
///
/// Formula: -(1/N) sum_i (1 - p_iy)^gamma ln p_iy; gamma may depend on p_iy, see focal_schedule.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: >= 0; infinite where a label has a given probability of 0.
/// Gradient: through (1 - p)^gamma as well; the steps of a schedule have no slope; 0 where p_y = 1.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for a gamma that is not finite and >= 0; shape_error for K = 0 and sizes
///   that do not fit; value_error with the row, and column, for a logit that is not finite, a row
///   that is not probabilities, or a label out of range.
/// Mergeable: as means over batches are. Source: Lin et al., "Focal Loss for Dense Object
///   Detection", ICCV 2017, equation 4; Mukhoti et al., "Calibrating Deep Neural Networks using
///   Focal Loss", NeurIPS 2020 (arXiv 2002.09437), FLSD-53.
template<class Scores, class Labels>
[[nodiscard]] auto focal_loss(const Scores& scores, const Labels& labels,
                              const focal_loss_options& options = {}) {
  return detail::batch_loss<detail::focal_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double focal_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                  const focal_loss_options& options = {}) {
  return detail::batch_loss<detail::focal_loss_form>(scores, labels, options, gradient);
}

}  // namespace calibra
