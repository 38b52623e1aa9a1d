// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/conventions/convention.hpp"
#include "calibra/detail/class_pass.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"

// The forms of metrics that only a convention other than calibra's asks for. evaluate() uses them.

namespace calibra::detail {

/// Two tables over the same samples: most conventions weigh a bin by the samples whose means it
/// holds; some do not, and then the tables differ.
struct counts_and_means {
  reliability_table counts;
  reliability_table means;
  bool same = true;

  /// Calls f(share of the bin, |gap|) for bins that count something.
  template<class F>
  void for_each(F f) const {
    const double total = counts.total_weight();
    for (std::size_t b = 0; b < means.size(); ++b) {
      const double weight = b < counts.size() ? counts[b].weight : 0.0;
      const reliability_bin bin = means[b];
      if (!(weight > 0)) continue;
      f(weight / total, bin.weight > 0 ? std::abs(bin.gap()) : 0.0);
    }
  }
  bool empty() const { return !(counts.total_weight() > 0); }
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  double ece() const {
    double sum = 0;
    for_each([&](double share, double gap) { sum += share * gap; });
    return empty() ? nan : sum;
  }
  double rmsce() const {
    double sum = 0;
    for_each([&](double share, double gap) { sum += share * gap * gap; });
    return empty() ? nan : std::sqrt(sum);
  }
  double mce() const {
    double most = 0;
    for_each([&](double, double gap) { most = std::max(most, gap); });
    return empty() ? nan : most;
  }
  double weighted_mce() const {
    double most = 0;
    for_each([&](double share, double gap) { most = std::max(most, share * gap); });
    return empty() ? nan : most;
  }
  double mean_gap() const {
    double sum = 0;
    std::size_t bins = 0;
    for_each([&](double, double gap) {
      sum += gap;
      ++bins;
    });
    return empty() ? nan : sum / static_cast<double>(bins);
  }
};

template<class C>
sample<C> clipped_sample(const sample<C>& x, const convention& like, bool single) {
  if (!like.clip_confidence) return x;
  sample<C> out;
  out.reserve(x.size(), x.weighted());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double c = like.clipped(x.confidence(i), single);
    if (x.weighted())
      out.push_back(c, x.hit(i), x.weight(i));
    else
      out.push_back(c, x.hit(i));
  }
  return out;
}

inline binning float_edges(const binning& bins) {
  std::vector<double> edges = bins.edges();
  for (double& e : edges) e = static_cast<double>(static_cast<float>(e));
  return binning::from_edges(std::move(edges), bins.side()).with_one(bins.one());
}

/// The tables of a convention on a sorted sample whose confidences it has clipped.
template<class C>
counts_and_means convention_tables(const sample<C>& x, const convention& like, bin_scheme scheme,
                                   std::size_t bins, bool single) {
  if (scheme == bin_scheme::equal_mass) {
    if (like.mass == mass_rule::rank || like.mass == mass_rule::interpolated || x.empty()) {
      reliability_table t = equal_mass_table(x, bins, like.mass, like.side);
      return {t, t, true};
    }
    const one_rule one =
        like.one == one_rule::weight_only ? one_rule::last_bin : like.one;  // the means see 1 here
    // Edges of the quantiles of float confidences are made in double; see float_edges_for_means.
    const binning b =
        mass_binning(x, bins, like.mass, like.side).with_one(one).with_zero(like.zero);
    reliability_table counts = tabulate(x, b);
    if (like.float_edges_for_means && single) return {counts, tabulate(x, float_edges(b)), false};
    return {counts, counts, true};
  }
  const binning b = like.fixed_bins(bins, single);
  if (like.one == one_rule::weight_only)
    return {tabulate(x, b.with_one(one_rule::last_bin)), tabulate(x, b), false};
  reliability_table counts = tabulate(x, b);
  if (like.float_edges_for_means && single) return {counts, tabulate(x, float_edges(b)), false};
  return {counts, counts, true};
}

/// Mean negative log-likelihood by a rule that looks at whole rows of probabilities.
template<class S, class L>
double nll_by_rule(const S& scores, const L& labels, const options& o, nll_rule rule) {
  using C = compute_type<typename decltype(score_view(scores))::value_type>;
  struct state {
    compensated_sum loss, weight;
    bool infinite = false;
    state& operator+=(const state& other) {
      loss += other.loss;
      weight += other.weight;
      infinite = infinite || other.infinite;
      return *this;
    }
  };
  const std::size_t classes = score_view(scores).cols();
  const state sums =
      class_pass("nll()", scores, labels, o, state{},
                 [&](state& s, const C* p, std::size_t label, double weight) {
                   constexpr C eps = std::numeric_limits<C>::epsilon();
                   // exp(-87.34) to the digits of float: the smallest normal number
                   constexpr double floor = static_cast<double>(std::numeric_limits<float>::min());
                   double sum = 0, at_label = 0;
                   for (std::size_t k = 0; k < classes; ++k) {
                     double q = static_cast<double>(p[k]);
                     if (rule == nll_rule::clip_eps)
                       q = static_cast<double>(std::clamp(p[k], eps, static_cast<C>(C{1} - eps)));
                     if (rule == nll_rule::floor_log) q = std::max(q, floor);
                     sum += q;
                     if (k == label) at_label = q;
                   }
                   const double loss = std::log(sum) - std::log(at_label);
                   if (loss < std::numeric_limits<double>::infinity())
                     s.loss += weight * loss;
                   else
                     s.infinite = s.infinite || weight > 0;
                   s.weight += weight;
                 });
  return sums.infinite ? std::numeric_limits<double>::infinity()
                       : sums.loss.value() / sums.weight.value();
}

/// nll_rule::clip_eps of binary pairs (p, y).
template<class C>
double clipped_binary_nll(const sample<C>& x) {
  constexpr double eps = static_cast<double>(std::numeric_limits<C>::epsilon());
  compensated_sum loss;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = std::clamp(x.confidence(i), eps, 1 - eps);
    loss += -x.weight(i) * std::log(x.hit(i) ? p : 1 - p);
  }
  return loss.value() / x.total_weight();
}

/// The pairs that probmetrics measures: classes without a label removed, rows clamped to
/// [1e-7, 1 - 1e-7] and renormalised, all in float; of two classes left the second is measured. An
/// empty sample where fewer than two are left.
template<class S, class L>
sample<float> present_class_sample(const S& scores, const L& labels, options o) {
  using C = compute_type<typename decltype(score_view(scores))::value_type>;
  o.threads = {1};
  const std::size_t classes = score_view(scores).cols();
  struct nothing {
    nothing& operator+=(const nothing&) { return *this; }
  };
  std::vector<unsigned char> present(classes);
  class_pass("evaluate()", scores, labels, o, nothing{},
             [&](nothing&, const C*, std::size_t label, double) { present[label] = 1; });
  std::vector<std::size_t> kept;
  for (std::size_t k = 0; k < classes; ++k)
    if (present[k] != 0) kept.push_back(k);
  sample<float> out;
  if (kept.size() < 2) return out;
  std::vector<float> row(kept.size());
  class_pass("evaluate()", scores, labels, o, nothing{},
             [&](nothing&, const C* p, std::size_t label, double weight) {
               float sum = 0;
               for (std::size_t j = 0; j < kept.size(); ++j) {
                 row[j] = std::clamp(static_cast<float>(p[kept[j]]), 1e-7F, 1 - 1e-7F);
                 sum += row[j];
               }
               std::size_t best = 0;
               for (std::size_t j = 0; j < kept.size(); ++j) {
                 row[j] /= sum;
                 if (row[j] > row[best]) best = j;
               }
               if (kept.size() == 2) best = 1;
               const bool hit = kept[best] == label;
               if (o.weights)
                 out.push_back(static_cast<double>(row[best]), hit, weight);
               else
                 out.push_back(static_cast<double>(row[best]), hit);
             });
  return out;
}

}  // namespace calibra::detail
