// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/metrics/class_tables.hpp"
#include "calibra/metrics/mean_gap.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/nll.hpp"
#include "calibra/table/reliability_table.hpp"

// Metrics that reference implementations define otherwise.
namespace calibra::conventions::detail {

/// F of another table than that of the options.
template<class F, reliability_table (*Table)(const evidence_view&)>
struct on_table : F {
  static constexpr metric_info info = F::info;
  [[nodiscard]] evidence_needs needs() const { return {.table = true, .pairs = true}; }
  [[nodiscard]] double of(const evidence_view& e) const { return F::of(Table(e)); }
  friend bool operator==(const on_table&, const on_table&) { return true; }
};

/// F under another name.
template<class F, const metric_info& Info>
struct named : F {
  static constexpr metric_info info = Info;
  friend bool operator==(const named&, const named&) { return true; }
};
inline constexpr metric_info ace_info{.name = "ace"};
inline constexpr metric_info mce_info{.name = "mce"};

/// A table whose bins are weighed by one and whose gaps are those of another table with as many
/// bins.
inline reliability_table shares_and_gaps(const reliability_table& shares,
                                         const reliability_table& gaps) {
  reliability_table both(shares.bins());
  for (std::size_t b = 0; b < shares.size(); ++b) {
    bin_sums s = shares.sums(b);
    const bool there = gaps[b].weight > 0;
    s.confidence = there ? gaps[b].confidence * s.weight : 0;
    s.hits = there ? gaps[b].accuracy * s.weight : 0;
    both.add_sums(b, s);
  }
  both.add_outside_sums(shares.outside());
  return both;
}

/// How the probability of the label becomes a loss.
enum class nll_rule {
  log_softmax,  ///< log p_y - log sum p, as cross_entropy(log p)
  clip_eps,     ///< p clipped to [eps, 1 - eps] of the scores' scalar, then rows renormalised
  floor_log,    ///< log p >= -87.34 (the smallest normal float), then log_softmax
};

template<nll_rule Rule, class C>
double row_loss(const C* p, std::size_t classes, std::size_t label) {
  constexpr C eps = std::numeric_limits<C>::epsilon();
  // exp(-87.34) to the digits of float: the smallest normal number
  constexpr double floor = static_cast<double>(std::numeric_limits<float>::min());
  double sum = 0, at_label = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    double q = static_cast<double>(p[k]);
    if (Rule == nll_rule::clip_eps)
      q = static_cast<double>(std::clamp(p[k], eps, static_cast<C>(C{1} - eps)));
    if (Rule == nll_rule::floor_log) q = std::max(q, floor);
    sum += q;
    if (k == label) at_label = q;
  }
  return std::log(sum) - std::log(at_label);
}

/// The negative log-likelihood by a rule.
template<nll_rule Rule>
struct nll_by : metrics::nll {
  static constexpr metric_info info = metrics::nll::info;
  [[nodiscard]] evidence_needs needs() const {
    return {.means = true,
            .pairs = Rule == nll_rule::clip_eps,
            .row_terms = {{"nll", &row_loss<Rule, float>, &row_loss<Rule, double>}}};
  }
  [[nodiscard]] double of(const evidence_view& e) const {
    if (e.has_row_mean("nll")) return e.row_mean("nll");
    if (Rule != nll_rule::clip_eps || e.kind() != evidence_kind::binary) return e.means().nll();
    const sample& x = e.pairs();
    const double eps = e.precision() == precision::float32
                           ? static_cast<double>(std::numeric_limits<float>::epsilon())
                           : std::numeric_limits<double>::epsilon();
    calibra::detail::compensated_sum loss;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double p = std::clamp(x.confidence(i), eps, 1 - eps);
      loss += -x.weight(i) * std::log(x.hit(i) ? p : 1 - p);
    }
    return loss.value() / x.total_weight();
  }
  friend bool operator==(const nll_by&, const nll_by&) { return true; }
};

}  // namespace calibra::conventions::detail
