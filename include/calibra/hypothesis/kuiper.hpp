// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/detail/cumulative_differences.hpp"
#include "calibra/hypothesis/detail/limit_laws.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace hypothesis {

/// Kuiper's test: the largest total of (hit - confidence) over any interval of confidences.
///
/// Statistic: (max_k C_k - min_k C_k) / sigma, C_k = sum_{i <= k} w_i (hit_i - c_i) in ascending
///   order of c, C_0 = 0, ties together; sigma^2 = sum w_i^2 c_i (1 - c_i). Law: the range of a
///   Brownian motion that is looked at once a sample; where most samples are tied, 10,000 walks
///   with the steps of the ties, with a fixed seed. No samples: NaN.
/// Cost: O(n log n) with the sort. Weights: as above. Not mergeable: pairs are.
/// Ref: Arrieta-Ibarra et al., JMLR 2022; Feller 1951.
struct kuiper {
  static constexpr test_info info{
      .name = "kuiper",
      .statistic = "(max C - min C) / sigma of the cumulative differences",
      .law = "the range of a Brownian motion",
      .blind_to = "errors that cancel among neighbouring confidences",
      .source = "Arrieta-Ibarra et al., JMLR 2022",
  };
  [[nodiscard]] test_result of(const sample& sorted) const {
    const detail::cumulative_differences walk(sorted);
    test_result r;
    r.statistic = walk.range();
    r.p = walk.p(
        r.statistic, 2, [](double lowest, double highest) { return highest - lowest; },
        detail::brownian_range_tail);
    return r;
  }
};

}  // namespace hypothesis

inline constexpr calibration_test<hypothesis::kuiper> kuiper_test{};

}  // namespace calibra
