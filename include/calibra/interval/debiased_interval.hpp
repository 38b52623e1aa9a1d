// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/interval/detail/noisy_square.hpp"
#include "calibra/interval/detail/row_units.hpp"
#include "calibra/interval/detail/running_variance.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/row_record.hpp"

namespace calibra {

/// A squared calibration error without bias, its standard error and its limits.
struct squared_interval {
  double value = std::numeric_limits<double>::quiet_NaN();  ///< may be negative
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  interval_limits limits = {};  ///< lower >= 0
};

namespace detail {

/// Visits units with what each adds to the bins that it has rows in.
class unit_cells {
 public:
  /// Of one unit, by bin: sums of w and of w (confidence - hit).
  struct cell {
    std::size_t bin;
    double weight, sum;
  };

  unit_cells(const row_record& rows, const binning& bins)
      : rows_(rows), bins_(bins), units_(rows), weight_(bins.size()), sum_(bins.size()) {
    for (std::size_t i = 0; i < rows.size(); ++i) heaviest_ = std::max(heaviest_, rows.weight(i));
    if (!rows.clustered() && !rows.stratified()) return;
    first_.resize(units_.size() + 1);
    for (std::size_t i = 0; i < rows.size(); ++i) ++first_[units_.of(i) + 1];
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    order_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
      order_[next[units_.of(i)]++] = static_cast<std::uint32_t>(i);
  }

  const row_units& units() const { return units_; }
  /// The weight of all rows that count, those in no bin too, in units of the largest.
  double total_weight() const {
    double total = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (bins_.index(rows_.confidence(i)) != binning::removed) total += weight_of(i);
    return total;
  }

  /// Calls f(unit, cells, weight) for every unit in turn, the weight of its rows that count.
  template<class F>
  void visit(const F& f) {
    std::vector<cell> cells;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (order_.empty())
        add(u);
      else
        for (std::uint32_t at = first_[u]; at < first_[u + 1]; ++at) add(order_[at]);
      cells.clear();
      for (const std::size_t b : touched_) {
        cells.push_back({b, weight_[b], sum_[b]});
        weight_[b] = sum_[b] = 0;
      }
      touched_.clear();
      f(u, cells, unit_weight_);
      unit_weight_ = 0;
    }
  }

 private:
  void add(std::size_t row) {
    const double w = weight_of(row), c = rows_.confidence(row);
    if (bins_.index(c) != binning::removed) unit_weight_ += w;
    bins_.for_each_bin(c, [&](std::size_t b) {
      if (weight_[b] == 0) touched_.push_back(b);
      weight_[b] += w;
      sum_[b] += w * (rows_.hit(row) ? c - 1 : c);
    });
  }

  double weight_of(std::size_t row) const { return rows_.weight(row) / heaviest_; }

  const row_record& rows_;
  const binning& bins_;
  row_units units_;
  double heaviest_ = 0;
  std::vector<std::uint32_t> first_, order_;  // rows by unit; empty: a row is its own
  std::vector<std::size_t> touched_;
  std::vector<double> weight_, sum_;
  double unit_weight_ = 0;
};

}  // namespace detail

/// The squared L2 calibration error on fixed bins, without bias, and an interval for it without
/// replicates.
///
/// Formula: with s_b = sum w (confidence - hit) and W_b = sum w over bin b, both also over each
///   unit u (a row, or a cluster), T = (1/W) sum_b W_b (s_b^2 - sum_u s_ub^2) / (W_b^2 - sum_u
///   W_ub^2): pairs of rows of different units. What was taken off: N = (1/W) sum_b s_b^2 / W_b -
///   T. With g_b = s_b / W_b, f_b = W_b^2 / (W_b^2 - sum_u W_ub^2) and e_ub = sqrt(f_b) (s_ub - g_b
///   W_ub), the variance of an estimate of t is c (t + N/2), c = (V + 2 S) / (T + 2 N). V: the
///   variance of sum_u (sum_b (2 g_b e_ub + g_b^2 W_ub) - T W_u) / W over units. S, the variance
///   where the model is calibrated: 2 sum_{u != v} (sum_b e_ub e_vb / (W_b W))^2.
///   Limits: the t from which T lies z standard errors of t away, its law being skewed as
///   chi-squared is: noisy_square. The lower one is at least 0: at 0 it covers more often than it
///   says. The standard error is that of t = max(0, T).
/// A bin of one unit adds nothing; where all are: NaN. No samples: NaN.
/// Cost: O(N + units B^2 of those with several bins). Throws option_error for a level outside (0,
/// 1). Ref: the unbiased form: Sun et al. 2024 (arXiv 2408.08998); both orders of the variance:
/// U-statistics, Hoeffding 1948; skewness: Cornish and Fisher 1938.
[[nodiscard]] inline squared_interval debiased_interval(const row_record& rows, const binning& bins,
                                                        double level = 0.95) {
  const double z = detail::two_sided("debiased_interval()", level);
  detail::unit_cells cells(rows, bins);
  const std::size_t count = bins.size();
  std::vector<double> weight(count), sum(count), squares(count), weight_squares(count);
  const double total = cells.total_weight();
  cells.visit([&](std::size_t, const auto& own, double) {
    for (const auto& [b, w, s] : own) {
      weight[b] += w;
      sum[b] += s;
      squares[b] += s * s;
      weight_squares[b] += w * w;
    }
  });
  squared_interval out;
  if (!(total > 0)) return out;
  out.value = 0;
  std::vector<double> gap(count), stretch(count);
  std::vector<bool> used(count);
  double plain = 0;
  for (std::size_t b = 0; b < count; ++b) {
    const double pairs = weight[b] * weight[b] - weight_squares[b];
    used[b] = pairs > 1e-9 * weight[b] * weight[b];
    if (!used[b]) continue;
    gap[b] = sum[b] / weight[b];
    // A sum less its share of the own mean varies less than it would around the true one.
    stretch[b] = std::sqrt(weight[b] * weight[b] / pairs);
    plain += weight[b] / total * gap[b] * gap[b];
    out.value += weight[b] / total * (sum[b] * sum[b] - squares[b]) / pairs;
  }
  if (std::none_of(used.begin(), used.end(), [](bool u) { return u; })) return {};

  std::vector<double> together(count * count);  // sums of products of centred sums of two bins
  double alone = 0, first = 0;
  detail::running_variance influences;
  std::size_t stratum = 0;
  const auto& strata = cells.units().strata();
  cells.visit([&](std::size_t u, const auto& own, double unit_weight) {
    double influence = -out.value * unit_weight / total, self = 0;
    for (const auto& [b, w, s] : own) {
      if (!used[b]) continue;
      const double centred = stretch[b] * (s - gap[b] * w);
      influence += (2 * gap[b] * centred + gap[b] * gap[b] * w) / total;
      self += centred * centred / (weight[b] * total);
      for (const auto& [d, other_w, other_s] : own)
        together[b * count + d] += centred * stretch[d] * (other_s - gap[d] * other_w);
    }
    alone += self * self;
    influences.add(influence);
    if (u + 1 < strata[stratum].second) return;
    first += influences.of_sum();
    influences = {};
    ++stratum;
  });
  double second = -alone;
  for (std::size_t b = 0; b < count; ++b)
    for (std::size_t d = 0; d < count; ++d)
      if (used[b] && used[d])
        second += together[b * count + d] * together[b * count + d] /
                  (weight[b] * weight[d] * total * total);
  second = 2 * std::max(0.0, second);
  const double noise = std::max(0.0, plain - out.value);
  const detail::noisy_square square{
      out.value, noise, detail::noisy_square::growth_of(first + 2 * second, plain + noise)};
  out.standard_error = std::sqrt(square.variance(std::max(0.0, out.value)));
  out.limits = square.limits(z);
  return out;
}

}  // namespace calibra
