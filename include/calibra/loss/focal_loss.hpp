// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/softmax_rows.hpp"

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

struct focal_loss_form {
  static constexpr std::string_view where = "focal_loss()";

  static void check(const focal_loss_options& o) {
    check_option(where, "gamma", o.gamma, o.gamma >= 0, "a finite number >= 0");
  }

  static double exponent(const focal_loss_options& o, double p) {
    if (o.schedule == focal_schedule::constant || p >= 0.5) return o.gamma;
    return p < 0.2 ? 5 : 3;
  }

  static double compute(const softmax_rows& rows, const focal_loss_options& o,
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
      if (gradient != nullptr)
        rows.add_cross_entropy(*gradient, i, weight * (1 - gamma * p * log_p / rest) / n);
    }
    return sum / n;
  }
};

}  // namespace detail

/// Focal loss of a batch: a complete training loss, in place of cross-entropy.
///
/// Formula: -(1/N) sum_i (1 - p_iy)^gamma ln p_iy; gamma may depend on p_iy, see focal_schedule.
/// Shapes: logits N x K of any real type, always taken as logits: a softmax over each row gives p.
///   Labels N, in [0, K).
/// Range: >= 0.
/// Gradient: through (1 - p)^gamma as well; the steps of a schedule have no slope; 0 where p_y = 1.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for a gamma that is not finite and >= 0; shape_error for K = 0 and sizes
///   that do not fit; value_error with the row, and column, for a logit that is not finite or a
///   label out of range.
/// Mergeable: as means over batches are. Source: Lin et al., "Focal Loss for Dense Object
///   Detection", ICCV 2017, equation 4; Mukhoti et al., "Calibrating Deep Neural Networks using
///   Focal Loss", NeurIPS 2020 (arXiv 2002.09437), FLSD-53.
template<score_matrix Logits, label_vector Labels>
double focal_loss(const Logits& logits, const Labels& labels,
                  const focal_loss_options& options = {}) {
  return detail::batch_loss<detail::focal_loss_form>(logits, labels, options);
}

/// The same, and its gradient by the logits, written to `gradient`: a mutable N x K array of float
/// or double, which may be the logits themselves. Throws as the form above, and shape_error for a
/// gradient of another shape, before an element of `gradient` is written.
template<score_matrix Logits, label_vector Labels, readable_array Gradient>
double focal_loss(const Logits& logits, const Labels& labels, Gradient&& gradient,
                  const focal_loss_options& options = {}) {
  return detail::batch_loss<detail::focal_loss_form>(logits, labels, options, gradient);
}

}  // namespace calibra
