// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "calibra/table/reliability_table.hpp"

namespace calibra {

/// Sum over the non-empty bins of (weight / total) value(bin): the shape of most binned metrics.
/// NaN without any weight.
template<class F>
[[nodiscard]] double weighted_bin_mean(const reliability_table& table, F value) {
  const double total = table.total_weight();
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const reliability_bin& bin : table)
    if (bin.weight > 0) sum += bin.weight / total * value(bin);
  return sum;
}

/// The largest value(bin, share of the samples) of the non-empty bins. NaN without any weight.
template<class F>
[[nodiscard]] double bin_maximum(const reliability_table& table, F value) {
  const double total = table.total_weight();
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double most = 0;
  for (const reliability_bin& bin : table)
    if (bin.weight > 0) most = std::max(most, value(bin, bin.weight / total));
  return most;
}

}  // namespace calibra
