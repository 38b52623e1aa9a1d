// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "calibra/interval/detail/noisy_square.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/metrics/class_reduction.hpp"
#include "calibra/metrics/class_tables.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/metric.hpp"

namespace calibra::detail {

/// The squared error of a class without bias, what was taken off, with it, and the variance of the
/// first where rows are independent.
struct class_square {
  double value = 0, noise = 0, plain = 0, variance = 0;  // as of a class without samples

  class_square(const reliability_table& table, lone_sample lone) {
    const double total = table.total_weight();
    if (!(total > 0)) return;
    value = debiased_squared_l2(table, lone);
    double of_gaps = 0;
    for (std::size_t b = 0; b < table.size(); ++b) {
      const reliability_bin bin = table[b];
      if (!(bin.weight > 0)) continue;
      const double n = bin.weight * bin.weight / table.squared_weight(b);
      const double share = bin.weight / total, square = share * bin.gap() * bin.gap();
      if (n > 1 || lone == lone_sample::plug_in) plain += square;
      if (!(n > 1)) continue;
      const double own = bin.accuracy * (1 - bin.accuracy) / (n - 1);
      noise += share * own;
      of_gaps += 4 * share * square * own;
    }
    variance = noisy_square{value, noise, noisy_square::growth_of(of_gaps, plain)}.variance(
        std::max(0.0, value));
  }
};

/// Errors of classes over their mean; of classes that noise alone tells apart, 1.
inline std::vector<double> error_shares(const std::vector<class_square>& classes) {
  const auto count = static_cast<double>(classes.size());
  double mean = 0, noise = 0, spread = 0;
  for (const class_square& c : classes) {
    mean += c.value / count;
    noise += c.variance / count;
  }
  std::vector<double> shares(classes.size(), 1);
  if (!(mean > 0)) return shares;
  for (const class_square& c : classes) spread += (c.value - mean) * (c.value - mean) / (count - 1);
  // Shares that follow the squares by f lower the mean of squares over shares by f - f^2 / 2 of
  // their spread, and should by half of what is not noise.
  const double follow = spread > noise ? 1 - std::sqrt(noise / spread) : 0;
  double sum = 0;
  for (std::size_t k = 0; k < shares.size(); ++k) {
    const double least = follow * std::sqrt(classes[k].variance);
    shares[k] = std::sqrt(std::max(least, mean + follow * (classes[k].value - mean)));
    sum += shares[k] / count;
  }
  for (double& share : shares) share /= sum;
  return shares;
}

/// The mean over classes of the squared errors that classwise_debiased_l2 takes roots of, which may
/// be negative: it has no bias, where the roots of those that are not negative have.
struct mean_of_squares {
  static constexpr metric_info info{.name = "classwise_debiased_squares", .range = ""};
  lone_sample lone = lone_sample::left_out;

  [[nodiscard]] double of(const class_tables& tables) const {
    return tables.mean([&](const reliability_table& t) { return debiased_squared_l2(t, lone); });
  }
};

/// The mean over classes of squared errors over shares: at least the square of the mean error
/// (Cauchy and Schwarz), which it is where the shares are right.
struct square_of_mean {
  static constexpr metric_info info{.name = "classwise_debiased_shares", .range = ""};
  lone_sample lone = lone_sample::left_out;
  std::vector<double> shares;

  [[nodiscard]] double of(const class_tables& tables) const {
    auto share = shares.begin();
    return tables.mean([&](const reliability_table& t) {
      const double square = debiased_squared_l2(t, lone), by = *share++;
      return by > 0 ? square / by : 0;
    });
  }
};

/// What limits of classwise_debiased_l2 are made of: its squares.
class classwise_roots {
 public:
  classwise_roots(const metrics::classwise_debiased_l2& metric, const class_tables& tables)
      : lone_(metric.lone) {
    for (std::size_t k = 0; k < tables.size(); ++k) classes_.emplace_back(tables[k], lone_);
    shares_ = metric.reduction == class_reduction::mean ? error_shares(classes_) : equal();
  }

  [[nodiscard]] auto means() const { return calibra::metric(mean_of_squares{lone_}); }
  [[nodiscard]] auto squares() const { return calibra::metric(square_of_mean{lone_, shares_}); }

  /// From the variances of both: as if all classes had the same error, unless that is above 0 for
  /// sure; then by their shares. A mean of errors is at most the root of the mean of their squares.
  [[nodiscard]] interval_limits limits(double variance_of_means, double variance_of_squares,
                                       double z) const {
    interval_limits l = square(equal(), variance_of_means).limits(z);
    if (l.lower > 0) l = square(shares_, variance_of_squares).limits(z);
    return {std::sqrt(l.lower), std::sqrt(l.upper)};
  }

 private:
  [[nodiscard]] std::vector<double> equal() const {
    return std::vector<double>(classes_.size(), 1);
  }
  [[nodiscard]] noisy_square square(const std::vector<double>& shares, double variance) const {
    noisy_square out{.value = 0};
    double plain = 0;
    for (std::size_t k = 0; k < shares.size(); ++k) {
      if (!(shares[k] > 0)) continue;
      const double by = shares[k] * static_cast<double>(shares.size());
      out.value += classes_[k].value / by;
      out.noise += classes_[k].noise / by;
      plain += classes_[k].plain / by;
    }
    out.growth = noisy_square::growth_of(variance, plain);
    return out;
  }

  lone_sample lone_;
  std::vector<class_square> classes_;
  std::vector<double> shares_;
};

}  // namespace calibra::detail
