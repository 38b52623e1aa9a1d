// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "calibra/detail/class_pass.hpp"
#include "calibra/metrics/ece.hpp"

namespace calibra {

namespace detail {

/// Samples of neighbouring classes, as threads collect them.
template<class C>
struct class_samples {
  std::vector<sample<C>> of;
  class_samples& operator+=(const class_samples& other) {
    for (std::size_t j = 0; j < of.size(); ++j) of[j].append(other.of[j]);
    return *this;
  }
};

/// Calls visit(class, sample of its (p, [y = class]) pairs with p > threshold) for every class in
/// turn. The matrix is walked in blocks of classes that fit `budget` bytes, so that memory stays
/// bounded whatever N and K.
template<class S, class L, class Visit>
void for_each_class_sample(std::string_view where, const S& scores, const L& labels,
                           const options& o, double threshold, bool keep_equal, Visit visit,
                           std::size_t budget = std::size_t{16} << 20) {
  const auto view = score_view(scores);
  using C = compute_type<typename decltype(view)::value_type>;
  const std::size_t bytes =
      std::max<std::size_t>(1, view.rows() * (sizeof(C) + (o.weights ? 8 : 0)));
  const std::size_t width =
      std::clamp<std::size_t>(budget / bytes, 1, std::max<std::size_t>(1, view.cols()));
  for (std::size_t first = 0; first < std::max<std::size_t>(1, view.cols()); first += width) {
    const std::size_t classes = std::min(width, view.cols() - first);
    class_samples<C> state;
    state.of.resize(classes);
    class_samples<C> filled = class_pass(
        where, scores, labels, o, state,
        [&](class_samples<C>& s, const C* p, std::size_t label, double weight) {
          for (std::size_t j = 0; j < classes; ++j) {
            const double c = std::min(1.0, static_cast<double>(p[j]));
            if (!(c > threshold || (keep_equal && c == threshold))) continue;
            if (s.of[j].empty()) s.of[j].reserve(view.rows(), static_cast<bool>(o.weights));
            if (o.weights)
              s.of[j].push_back(c, first + j == label, weight);
            else
              s.of[j].push_back(c, first + j == label);
          }
        },
        first, classes);
    for (std::size_t j = 0; j < classes; ++j) {
      filled.of[j].sort();
      visit(first + j, filled.of[j]);
      filled.of[j] = sample<C>{};
    }
  }
}

/// Mean over classes of metric(equal-mass table of the class); classes without pairs (or weight)
/// count as 0; NaN if all are.
template<class S, class L, class Metric>
double mean_over_class_masses(std::string_view where, const S& scores, const L& labels,
                              const options& o, double threshold, bool keep_equal, mass_rule rule,
                              edge_side side, one_rule one, Metric metric) {
  const std::size_t classes = score_view(scores).cols();
  double sum = 0;
  bool any = false;
  for_each_class_sample(where, scores, labels, o, threshold, keep_equal,
                        [&](std::size_t, const auto& x) {
                          const double value = metric(equal_mass_table(x, o.bins, rule, side, one));
                          if (is_nan(value)) return;
                          sum += value;
                          any = true;
                        });
  return any ? sum / static_cast<double>(classes) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail

/// Adaptive calibration error of Nixon et al.: the mean over classes of ece() of the pairs
/// (p_ik, [y_i = k]) on equal-mass bins, cut for each class by itself (mass_rule::midpoint).
/// Shapes:  scores N x K + labels N. Range: [0, 1]. Empty: NaN. Weights: within the bins.
/// Mergeable: no. Cost: O(N K) in blocks of classes, ceil(4 N K / 16 MiB) passes over the scores;
/// memory bounded by the block. Errors as collect().
/// Source:  Nixon et al. 2019 (arXiv 1904.01685), ACE.
template<wrapped_scores S, class L>
double classwise_ace(const S& scores, const L& labels, const options& o = {}) {
  return detail::mean_over_class_masses("classwise_ace()", scores, labels, o, 0.0, true,
                                        mass_rule::midpoint, o.side, one_rule::last_bin,
                                        [](const reliability_table& t) { return ece(t); });
}

/// Thresholded adaptive calibration error: classwise_ace() of the pairs with p_ik > threshold
/// alone. Each class is normalised by its own number of kept pairs; a class that keeps none counts
/// as 0. Everything else as classwise_ace(). Throws option_error unless 0 <= threshold < 1. Source:
/// Nixon et al. 2019, TACE (threshold 0.01).
template<wrapped_scores S, class L>
double tace(const S& scores, const L& labels, const options& o = {}, double threshold = 0.01) {
  if (!(threshold >= 0 && threshold < 1))
    throw option_error(detail::concat("tace(): expected a threshold in [0, 1), got ", threshold));
  return detail::mean_over_class_masses("tace()", scores, labels, o, threshold, false,
                                        mass_rule::midpoint, o.side, one_rule::last_bin,
                                        [](const reliability_table& t) { return ece(t); });
}

}  // namespace calibra
