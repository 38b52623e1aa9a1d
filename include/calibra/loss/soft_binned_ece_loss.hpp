// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/error.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

struct soft_binned_ece_loss_options {
  /// M >= 1 bins with their centres at (j - 1/2) / M.
  std::size_t bins = 15;
  /// T > 0: the smaller, the harder the bins. To have a sample count less by a factor f in the next
  /// bin, T = 1 / (ln(f) M^2).
  double temperature = 0.01;
  /// q >= 1 of the norm over bins. 2: Karandikar et al. 2021.
  double norm = 2;
};

namespace detail {

struct soft_binned_ece_loss_form : loss_form {
  static constexpr std::string_view where = "soft_binned_ece_loss()";
  /// A bin's accuracy and confidence are sums divided by at least this.
  static constexpr double least_mass = 1e-5;

  static void check(const soft_binned_ece_loss_options& o) {
    if (o.bins == 0) throw option_error(concat(where, ": bins is 0; expected at least 1"));
    check_option(where, "temperature", o.temperature, o.temperature > 0, "a finite number > 0");
    check_option(where, "norm", o.norm, o.norm >= 1, "a finite number >= 1");
  }

  static double compute(const probability_rows& rows, const soft_binned_ece_loss_options& o,
                        matrix<double>* gradient) {
    const std::size_t n = rows.rows(), bins = o.bins;
    const auto centre = [&](std::size_t j) {
      return (static_cast<double>(j) + 0.5) / static_cast<double>(bins);
    };
    matrix<double> share(n, bins);
    std::vector<double> mass(bins), gap(bins);
    for (std::size_t i = 0; i < n; ++i) {
      const double r = rows.confidence(i);
      const auto nearest =
          std::min(bins - 1, static_cast<std::size_t>(r * static_cast<double>(bins)));
      const double least = (r - centre(nearest)) * (r - centre(nearest));
      double sum = 0;
      for (std::size_t j = 0; j < bins; ++j) {
        const double away = r - centre(j);
        share(i, j) = std::exp((least - away * away) / o.temperature);
        sum += share(i, j);
      }
      for (std::size_t j = 0; j < bins; ++j) {
        share(i, j) /= sum;
        mass[j] += share(i, j);
        gap[j] += share(i, j) * ((rows.hit(i) ? 1.0 : 0.0) - r);
      }
    }
    const double total = static_cast<double>(n);
    double power = 0;
    std::vector<double> by_mass(bins), by_gap(bins);  // slopes of `power`
    for (std::size_t j = 0; j < bins; ++j) {
      const double divisor = std::max(mass[j], least_mass);
      const double mean = gap[j] / divisor;
      const double term = std::pow(std::abs(mean), o.norm) / total;
      const double slope =
          o.norm * std::pow(std::abs(mean), o.norm - 1) * sign(mean) * mass[j] / (divisor * total);
      power += mass[j] * term;
      by_gap[j] = slope;
      by_mass[j] = term - (mass[j] >= least_mass ? slope * mean : 0);
    }
    const double value = std::pow(power, 1 / o.norm);
    if (gradient != nullptr && power > 0) {
      const double scale = value / (power * o.norm);
      std::vector<double> by_share(bins);
      for (std::size_t i = 0; i < n; ++i) {
        const double r = rows.confidence(i);
        const double residual = (rows.hit(i) ? 1.0 : 0.0) - r;
        double mean = 0, slope = 0;
        for (std::size_t j = 0; j < bins; ++j) {
          by_share[j] = by_mass[j] + by_gap[j] * residual;
          mean += share(i, j) * by_share[j];
          slope -= share(i, j) * by_gap[j];
        }
        for (std::size_t j = 0; j < bins; ++j)
          slope -= share(i, j) * (by_share[j] - mean) * 2 * (r - centre(j)) / o.temperature;
        rows.add_confidence(*gradient, i, scale * slope);
      }
    }
    return value;
  }
};

}  // namespace detail

/// Soft-binned expected calibration error of a batch, a regulariser to add to cross-entropy: the
/// value alone, without the cross-entropy.
///
/// Formula: (sum_j (S_j / N) |A_j - C_j|^q)^(1/q); u_ij = softmax over j of -(r_i - x_j)^2 / T with
///   x_j = (j - 1/2) / M, S_j = sum_i u_ij, A_j = sum_i u_ij c_i / max(S_j, 1e-5), C_j = sum_i u_ij
///   r_i / max(S_j, 1e-5); r_i = max_k p_ik, c_i = 1 where the prediction is the label.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: [0, 1].
/// Gradient: by r alone, c is constant; r belongs to the first of the largest logits; |A - C| has
///   slope 0 at 0, and so has the root; S_j below 1e-5 is constant where it divides.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N (K + M)) time and memory.
/// Throws: option_error for an option out of its range; shape_error for K = 0 and sizes that do not
///   fit; value_error with the row, and column, for a logit that is not finite, a row that is not
///   probabilities, or a label out of range.
/// Not mergeable. Source: Karandikar et al., "Soft Calibration Objectives for Neural Networks",
///   NeurIPS 2021 (arXiv 2108.00106), equation 11, with the 1e-5 of its published code.
template<class Scores, class Labels>
[[nodiscard]] auto soft_binned_ece_loss(const Scores& scores, const Labels& labels,
                                        const soft_binned_ece_loss_options& options = {}) {
  return detail::batch_loss<detail::soft_binned_ece_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double soft_binned_ece_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                            const soft_binned_ece_loss_options& options = {}) {
  return detail::batch_loss<detail::soft_binned_ece_loss_form>(scores, labels, options, gradient);
}

}  // namespace calibra
