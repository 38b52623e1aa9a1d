// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "calibra/metrics/ece.hpp"

namespace calibra {

/// Adaptive calibration error of the top label: ece() on equal-mass bins, the ACE of the DOR paper.
/// Formula: sum_b (n_b / N) |acc_b - conf_b| over bins of about N / B samples; ties stay together.
/// Shapes:  a sample of N pairs | scores N x K + labels N. Range: [0, 1]. Empty: NaN.
/// Mergeable: no: cuts need the whole sample; collect() parts and append() them. Weights: within
/// bins. Cost:    O(N) after O(N K); 4 bytes a sample for float scores. Source:  Nguyen and
/// O'Connor 2015; Nixon et al. 2019 for the name (theirs is classwise_ace()).
template<class C>
double ace(const sample<C>& x, std::size_t bins = 15, mass_rule rule = mass_rule::midpoint) {
  return ece(equal_mass_table(x, bins, rule));
}

template<wrapped_scores S, class L>
double ace(const S& scores, L&& labels, options o = {}) {
  o.scheme = bin_scheme::equal_mass;
  o.edges.clear();
  return ece(tabulate(scores, std::forward<L>(labels), o));
}
template<class C, class H>
double ace(const confidence_pairs<C, H>& pairs, options o = {}) {
  o.scheme = bin_scheme::equal_mass;
  o.edges.clear();
  return ece(tabulate(pairs, o));
}

}  // namespace calibra
