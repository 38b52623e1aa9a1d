// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/error.hpp"
#include "calibra/loss/avuc_loss.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

struct soft_avuc_loss_options {
  /// kappa in (0, 1): the entropy, as a part of ln K, that is half certain and half uncertain.
  double kappa = 0.5;
  /// T > 0: the smaller, the harder the split.
  double temperature = 1;
};

namespace detail {

struct soft_avuc_loss_form : loss_form {
  static constexpr std::string_view where = "soft_avuc_loss()";
  static constexpr double smoothing = 1e-5;         ///< of p towards 1/K in the entropy
  static constexpr double most_entropy = 1 - 1e-6;  ///< of entropy / ln K, before its log-odds

  static void check(const soft_avuc_loss_options& o) {
    check_option(where, "kappa", o.kappa, o.kappa > 0 && o.kappa < 1, "a number in (0, 1)");
    check_option(where, "temperature", o.temperature, o.temperature > 0, "a finite number > 0");
  }
  static void check_classes(std::size_t classes) {
    if (classes < 2)
      throw shape_error(concat(where, ": expected at least 2 classes, got ", classes));
  }

  static double compute(const probability_rows& rows, const soft_avuc_loss_options& o,
                        matrix<double>* gradient) {
    const double most = std::log(static_cast<double>(rows.classes()));
    const double odds = std::log(o.kappa / (1 - o.kappa));
    struct sample {
      double certain, uncertain;        // the soft counts q_c (1 - tanh u) and q_u tanh u
      double by_certain, by_uncertain;  // their slopes by u
    };
    const auto measure = [&](std::size_t i) {
      const double entropy = rows.entropy(i, smoothing), part = entropy / most;
      const double e = std::min(part, most_entropy);
      const double x = (std::log(e / (1 - e)) - odds) / o.temperature;
      const double q_u = 1 / (1 + std::exp(-x)), q_c = 1 / (1 + std::exp(x));
      const double spread = std::tanh(entropy), by_spread = 1 - spread * spread;
      const double by_q =
          part <= most_entropy ? q_u * q_c / (o.temperature * e * (1 - e) * most) : 0;
      return sample{q_c * (1 - spread), q_u * spread, -by_q * (1 - spread) - q_c * by_spread,
                    by_q * spread + q_u * by_spread};
    };
    double good = 0, bad = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const sample s = measure(i);
      good += rows.hit(i) ? s.certain : s.uncertain;
      bad += rows.hit(i) ? s.uncertain : s.certain;
    }
    const avuc_ratio ratio(good, bad);
    for (std::size_t i = 0; gradient != nullptr && i < rows.rows(); ++i) {
      const sample s = measure(i);
      rows.add_entropy(*gradient, i,
                       rows.hit(i) ? ratio.by_good * s.by_certain + ratio.by_bad * s.by_uncertain
                                   : ratio.by_good * s.by_uncertain + ratio.by_bad * s.by_certain,
                       smoothing);
    }
    return ratio.value;
  }
};

}  // namespace detail

/// Soft accuracy versus uncertainty calibration loss of a batch, a regulariser to add to
/// cross-entropy: the value alone, without the cross-entropy.
///
/// Formula: ln(1 + (n_AU + n_IC) / max(n_AC + n_IU, 1e-5)); u is the entropy in nats of (1 - 1e-5)
///   p + 1e-5 / K, e = u / ln K, q_u = sigmoid((1/T) ln(e (1 - kappa) / ((1 - e) kappa))), q_c = 1
///   - q_u; n_AC = sum q_c (1 - tanh u) and n_AU = sum q_u tanh u over the accurate predictions,
///   n_IC = sum q_c (1 - tanh u) and n_IU = sum q_u tanh u over the others. e is at most 1 - 1e-6
///   in q_u, whose logarithm has no value for a uniform p.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K); K >= 2.
/// Range: >= 0.
/// Gradient: by u alone; accuracy is constant; e above 1 - 1e-6 is constant in q_u; n_AC + n_IU
///   below 1e-5 is constant where it divides.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N K) time and memory.
/// Throws: option_error for an option out of its range; shape_error for K < 2 and sizes that do not
///   fit; value_error with the row, and column, for a logit that is not finite, a row that is not
///   probabilities, or a label out of range.
/// Not mergeable. Source: Karandikar et al., "Soft Calibration Objectives for Neural Networks",
///   NeurIPS 2021 (arXiv 2108.00106), equation 15, with the 1e-5 of its published code.
template<class Scores, class Labels>
[[nodiscard]] auto soft_avuc_loss(const Scores& scores, const Labels& labels,
                                  const soft_avuc_loss_options& options = {}) {
  return detail::batch_loss<detail::soft_avuc_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double soft_avuc_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                      const soft_avuc_loss_options& options = {}) {
  return detail::batch_loss<detail::soft_avuc_loss_form>(scores, labels, options, gradient);
}

}  // namespace calibra
