// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "calibra/metrics/class_tables.hpp"

namespace calibra {

/// How errors with a square are averaged over classes.
enum class class_reduction {
  mean,          ///< mean of the roots
  root_of_mean,  ///< root of the mean of the squares
};

/// Mean over classes of metric(table), reduced as said.
template<class Metric>
[[nodiscard]] double reduced(const class_tables& tables, const Metric& metric,
                             class_reduction reduction) {
  if (reduction == class_reduction::mean) return tables.mean(metric);
  return std::sqrt(tables.mean([&](const reliability_table& table) {
    const double x = metric(table);
    return x * x;
  }));
}

}  // namespace calibra
