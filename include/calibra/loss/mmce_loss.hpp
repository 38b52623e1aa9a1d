// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/loss/detail/probability_rows.hpp"

namespace calibra {

struct mmce_loss_options {
  /// h of the kernel exp(-|r - r'| / h); finite and > 0. 0.4: Kumar et al. 2018.
  double bandwidth = 0.4;
  /// WMMCE: right and wrong predictions count as two groups of equal weight.
  bool weighted = false;
  /// The square, without the root.
  bool squared = false;
};

namespace detail {

struct mmce_loss_form : loss_form {
  static constexpr std::string_view where = "mmce_loss()";

  static void check(const mmce_loss_options& o) {
    check_option(where, "bandwidth", o.bandwidth, o.bandwidth > 0, "a finite number > 0");
  }

  /// Samples of one confidence, with what the kernel brings to them from each side.
  struct group {
    double confidence, sum, below, above;
  };

  static double compute(const probability_rows& rows, const mmce_loss_options& o,
                        matrix<double>* gradient) {
    const std::size_t n = rows.rows();
    std::size_t hits = 0;
    for (std::size_t i = 0; i < n; ++i) hits += rows.hit(i);
    const auto weight = [&](std::size_t i) {
      return 1 / static_cast<double>(!o.weighted ? n : rows.hit(i) ? hits : n - hits);
    };
    const auto residual = [&](std::size_t i) {
      return weight(i) * ((rows.hit(i) ? 1.0 : 0.0) - rows.confidence(i));
    };
    std::vector<std::pair<double, std::size_t>> order(n);
    for (std::size_t i = 0; i < n; ++i) order[i] = {rows.confidence(i), i};
    std::sort(order.begin(), order.end());

    std::vector<group> groups;
    std::vector<std::size_t> group_of(n);
    for (const auto& [confidence, i] : order) {
      if (groups.empty() || groups.back().confidence != confidence)
        groups.push_back({confidence, 0, 0, 0});
      groups.back().sum += residual(i);
      group_of[i] = groups.size() - 1;
    }
    // The kernel between neighbours multiplies up to the kernel between any two: sums from both
    // sides, and a quadratic form that is a sum of squares.
    double form = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const double carried = groups[g].below + groups[g].sum;
      if (g + 1 == groups.size()) {
        form += carried * carried;
      } else {
        const double step = (groups[g].confidence - groups[g + 1].confidence) / o.bandwidth;
        form -= std::expm1(2 * step) * carried * carried;
        groups[g + 1].below = carried * std::exp(step);
      }
    }
    for (std::size_t g = groups.size(); g-- > 1;) {
      const double step = (groups[g - 1].confidence - groups[g].confidence) / o.bandwidth;
      groups[g - 1].above = (groups[g].above + groups[g].sum) * std::exp(step);
    }
    const double root = std::sqrt(form);
    if (gradient != nullptr && form > 0) {
      const double scale = o.squared ? 2 : 1 / root;
      for (std::size_t i = 0; i < n; ++i) {
        const group& g = groups[group_of[i]];
        rows.add_confidence(*gradient, i,
                            scale * (residual(i) * (g.above - g.below) / o.bandwidth -
                                     weight(i) * (g.below + g.sum + g.above)));
      }
    }
    return o.squared ? form : root;
  }
};

}  // namespace detail

/// Maximum mean calibration error of a batch, a regulariser to add to cross-entropy: the value
/// alone, without the cross-entropy.
///
/// Formula: sqrt(sum_ij d_i d_j exp(-|r_i - r_j| / h)), r_i = max_k p_ik, c_i = 1 where the
///   prediction is the label, d_i = (c_i - r_i) / N: mmce() of the batch. Weighted (WMMCE): d_i =
///   (1 - r_i) / n where c_i = 1 and -r_i / (N - n) where c_i = 0, n the number of hits; a group
///   without samples has no terms. The papers' trainers differ in the root: see `squared`.
/// Scores: logits(z), probabilities(p), binary_logits(x) or binary_probabilities(p), of any real
///   type; a binary score is a row of two classes. Labels N, in [0, K).
/// Range: [0, 1]; weighted [0, sqrt(2)).
/// Gradient: by r alone, c is constant; r belongs to the first of the largest logits; |r_i - r_j|
///   has slope 0 at 0; the root has slope 0 at 0.
/// Empty: N = 0 gives NaN, and a gradient of no row. Cost: O(N (K + log N)); memory O(N K).
/// Throws: option_error for a bandwidth that is not finite and > 0; shape_error for K = 0 and sizes
///   that do not fit; value_error with the row, and column, for a logit that is not finite, a row
///   that is not probabilities, or a label out of range.
/// Not mergeable. Source: Kumar, Sarawagi, Jain, "Trainable Calibration Measures for Neural
///   Networks from Kernel Mean Embeddings", ICML 2018, MMCE_m and its weighted form.
template<class Scores, class Labels>
[[nodiscard]] auto mmce_loss(const Scores& scores, const Labels& labels,
                             const mmce_loss_options& options = {}) {
  return detail::batch_loss<detail::mmce_loss_form>(scores, labels, options);
}

/// The same, and its gradient by the scores, written to `gradient`: a mutable array of float or
/// double of the shape of the scores, which may be their own array. Given probabilities are each a
/// variable of its own. Throws as the form above, and shape_error for a gradient of another shape,
/// before an element of `gradient` is written.
template<class Scores, class Labels, readable_array Gradient>
double mmce_loss(const Scores& scores, const Labels& labels, Gradient&& gradient,
                 const mmce_loss_options& options = {}) {
  return detail::batch_loss<detail::mmce_loss_form>(scores, labels, options, gradient);
}

}  // namespace calibra
