// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/metrics/ece.hpp"
#include "calibra/table/classwise_table.hpp"

namespace calibra {

/// Classwise expected calibration error (static calibration error): the mean over classes of ece()
/// of the pairs (p_ik, [y_i = k]). Formula: (1/K) sum_k sum_b (n_kb / N) |acc_kb - conf_kb|.
/// Shapes:  K tables | scores N x K + labels N. Range: [0, 1]. Empty: NaN. Weights: yes.
/// Mergeable: yes, the tables. Cost: one pass, O(N K); memory 24 K B bytes. Errors as collect().
/// Multi-label scores: the macro average over labels; pooled_ece() is the micro one.
/// Source:  Nixon et al. 2019 (arXiv 1904.01685), SCE; Kull et al. 2019, classwise ECE.
inline double classwise_ece(const classwise_table& tables) {
  return tables.macro([](const reliability_table& t) { return ece(t); });
}

/// The summands of classwise_ece(): ece() of each class.
inline std::vector<double> ece_per_class(const classwise_table& tables) {
  std::vector<double> result(tables.classes());
  for (std::size_t k = 0; k < result.size(); ++k) result[k] = ece(tables[k]);
  return result;
}

/// ece() of all N K pairs (p_ik, [y_i = k]) in one table. Range: [0, 1]. Everything else as
/// classwise_ece(). Source: Kumar et al. 2018 (marginal, pooled); robustness_metrics gce.
inline double pooled_ece(const classwise_table& tables) {
  return ece(tables.micro());
}

template<wrapped_scores S, class L>
double classwise_ece(const S& scores, L&& labels, const options& o = {}) {
  return classwise_ece(tabulate_classes(scores, std::forward<L>(labels), o));
}
template<wrapped_scores S, class L>
std::vector<double> ece_per_class(const S& scores, L&& labels, const options& o = {}) {
  return ece_per_class(tabulate_classes(scores, std::forward<L>(labels), o));
}
template<wrapped_scores S, class L>
double pooled_ece(const S& scores, L&& labels, const options& o = {}) {
  return pooled_ece(tabulate_classes(scores, std::forward<L>(labels), o));
}

}  // namespace calibra
