// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "calibra/error.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/detail/limit_laws.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/table/equal_mass.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace hypothesis {

/// The Hosmer-Lemeshow test: gaps of bins of equally many samples.
///
/// Statistic: sum_b n_b gap_b^2 / (conf_b (1 - conf_b)), n_b the count, with weights (sum w)^2 /
///   sum w^2. Law: chi^2 with as many degrees of freedom as bins, for samples that nothing was
///   fitted to; two fewer for those that it was (`fitted`). A bin whose confidences are all 0 or
///   all 1 adds nothing and is not counted if its hits agree, else p is 0. No samples: NaN. Cost:
///   O(n log n) with the sort. Throws option_error for 0 bins. Ref: Hosmer and Lemeshow 1980.
struct hosmer_lemeshow {
  static constexpr test_info info{
      .name = "hosmer_lemeshow",
      .statistic = "sum over bins of n gap^2 / (conf (1 - conf))",
      .law = "chi^2, as many degrees of freedom as bins",
      .blind_to = "errors that cancel within a bin",
      .source = "Hosmer and Lemeshow 1980",
  };
  std::size_t bins = 10;
  bool fitted = false;

  [[nodiscard]] test_result of(const sample& sorted) const {
    if (bins < 1) throw option_error("hosmer_lemeshow_test(): expected at least 1 bin, got 0");
    test_result r;
    if (!(sorted.total_weight() > 0)) return r;
    const reliability_table table = equal_mass_table(sorted, bins, edge_side::right_closed);
    double sum = 0, freedom = fitted ? -2 : 0;
    for (std::size_t b = 0; b < table.size(); ++b) {
      const reliability_bin bin = table[b];
      if (!(bin.weight > 0)) continue;
      const double n = bin.weight * bin.weight / table.squared_weight(b);
      const double variance = bin.confidence * (1 - bin.confidence);
      const double gap = bin.gap();
      if (variance > 0) {
        freedom += 1;
        sum += n * gap * gap / variance;
      } else if (std::abs(gap) > 1e-12) {
        sum = std::numeric_limits<double>::infinity();
      }
    }
    r.statistic = sum;
    if (sum == std::numeric_limits<double>::infinity()) {
      r.p = 0;
      r.note = "outcomes that were certain did not happen";
      return r;
    }
    if (freedom == 0 && !fitted) {
      r.p = 1;
      r.note = "all outcomes were certain, and happened";
      return r;
    }
    if (freedom < 1) {
      r.note = detail::concat("too few bins of uncertain confidences: expected at least ",
                              fitted ? 3 : 1);
      return r;
    }
    r.p = detail::chi_squared_tail(sum, freedom);
    r.note = detail::concat(freedom, " degrees of freedom");
    return r;
  }
};

}  // namespace hypothesis

inline constexpr calibration_test<hypothesis::hosmer_lemeshow> hosmer_lemeshow_test{};

}  // namespace calibra
