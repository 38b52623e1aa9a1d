// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

#include "calibra/error.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/detail/limit_laws.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/recalibration/detail/logistic_regression.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace hypothesis {

/// Logistic recalibration (Cox): whether sigmoid(slope x + intercept), x = log(c / (1 - c)), fits
/// better than c itself.
///
/// Statistic: twice the gain in log-likelihood. Law: chi^2 with 2 degrees of freedom, for many
///   samples. The note gives slope and intercept: a slope below 1 is overconfidence. Where
///   hits and misses lie apart, the gain is the one that ever larger slopes come near. Logits are
///   clipped at that of the least normal float. Samples of a weight other than 0 or 1: NaN, since
///   the law does not hold. Confidences that are all the same: the intercept alone is tested, by 1
///   degree. No samples: NaN. Cost: O(n) a step of a few. Ref: Cox 1958; Miller, Hui and Tierney
///   1991.
struct logistic {
  static constexpr test_info info{
      .name = "logistic",
      .statistic = "twice the gain in log-likelihood by a slope and an intercept",
      .law = "chi^2, 2 degrees of freedom",
      .blind_to = "errors that a slope and an intercept of the logit do not mend",
      .source = "Cox 1958",
  };
  [[nodiscard]] test_result of(const sample& sorted) const {
    test_result r;
    binary_samples samples;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const double w = sorted.weight(i);
      if (w != 0 && w != 1) {
        r.note = "needs samples that weigh the same";
        return r;
      }
      if (w == 1) samples.pairs.push_back(sorted.confidence(i), sorted.hit(i));
    }
    const std::size_t n = samples.size();
    if (n == 0) return r;
    const bool one_score = samples.pairs.confidence(0) == samples.pairs.confidence(n - 1);
    const auto problem = detail::make_logistic_problem<2>(samples, [&](std::size_t i) {
      return std::array{1.0, samples.logit(i)};
    });
    const auto before = detail::logistic_at<2>(problem, {0, 1});
    const auto found = detail::fit_logistic<2>(problem, {0, 1}, false);
    const std::optional<double> limit =
        found.report.converged ? std::nullopt : separated_loss(samples.pairs);
    const double after = limit ? *limit : found.report.objective_after;
    r.statistic = std::max(0.0, 2 * static_cast<double>(n) * (before.value - after));
    r.p = detail::chi_squared_tail(r.statistic, one_score ? 1 : 2);
    if (limit) {
      r.note = "hits and misses lie apart: the slope or the intercept is infinite";
      return r;
    }
    const auto rounded = [](double x) { return std::round(x * 1e4) / 1e4; };
    r.note =
        detail::concat("slope ", rounded(found.theta[1]), ", intercept ", rounded(found.theta[0]));
    return r;
  }

 private:
  /// The mean log loss that slopes and intercepts come as near as one likes, where all hits lie on
  /// one side of all misses: that of the hits and misses of the one confidence that both may have.
  /// None where they do not lie apart.
  static std::optional<double> separated_loss(const sample& ascending) {
    const std::size_t n = ascending.size();
    std::size_t first[2] = {n, n}, last[2] = {0, 0}, count[2] = {0, 0};  // of misses, of hits
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t side = ascending.hit(i) ? 1 : 0;
      first[side] = std::min(first[side], i);
      last[side] = i;
      ++count[side];
    }
    if (count[0] == 0 || count[1] == 0) return 0;
    const auto c = [&](std::size_t i) { return ascending.confidence(i); };
    const std::size_t low = c(last[0]) <= c(first[1]) ? 0 : 1, high = 1 - low;
    if (c(last[low]) < c(first[high])) return 0;
    if (c(last[low]) > c(first[high])) return std::nullopt;
    double tied[2] = {0, 0};
    for (std::size_t i = 0; i < n; ++i)
      if (c(i) == c(last[low])) ++tied[ascending.hit(i) ? 1 : 0];
    const double both = tied[0] + tied[1];
    return -(tied[0] * std::log(tied[0] / both) + tied[1] * std::log(tied[1] / both)) /
           static_cast<double>(n);
  }
};

}  // namespace hypothesis

inline constexpr calibration_test<hypothesis::logistic> logistic_test{};

}  // namespace calibra
