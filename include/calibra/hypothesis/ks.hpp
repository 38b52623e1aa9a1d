// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/detail/cumulative_differences.hpp"
#include "calibra/hypothesis/detail/limit_laws.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace hypothesis {

/// The Kolmogorov-Smirnov test: the largest total of (hit - confidence) over confidences up to any.
///
/// Statistic: max_k |C_k| / sigma, as kuiper's. Law: the largest distance of a Brownian motion from
///   0. Everything else as kuiper. Ref: Arrieta-Ibarra et al., JMLR 2022.
struct ks {
  static constexpr test_info info{
      .name = "ks",
      .statistic = "max |C| / sigma of the cumulative differences",
      .law = "the maximum of a Brownian motion's distance from 0",
      .blind_to = "errors that cancel: best where all are of one sign",
      .source = "Arrieta-Ibarra et al., JMLR 2022",
  };
  [[nodiscard]] test_result of(const sample& sorted) const {
    const detail::cumulative_differences walk(sorted);
    test_result r;
    r.statistic = walk.maximum();
    r.p = walk.p(
        r.statistic, 1, [](double lowest, double highest) { return std::max(highest, -lowest); },
        detail::brownian_maximum_tail);
    return r;
  }
};

}  // namespace hypothesis

inline constexpr calibration_test<hypothesis::ks> ks_test{};

}  // namespace calibra
