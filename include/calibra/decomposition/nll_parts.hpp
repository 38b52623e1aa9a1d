// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "calibra/array/column.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/folds.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// nll = refinement + calibration.
struct nll_parts {
  double nll = std::numeric_limits<double>::quiet_NaN();
  double refinement = std::numeric_limits<double>::quiet_NaN();   ///< what recalibration leaves
  double calibration = std::numeric_limits<double>::quiet_NaN();  ///< what it takes off
};

struct nll_parts_options {
  /// 0: the recalibrator is fitted to the samples that it is measured on, and calibration is not
  /// below 0, but for rounding, where R minimises NLL. Else each fold is measured by one fitted to
  /// the others: less flattering, and below 0 where the recalibrator does harm.
  std::size_t folds = 0;
};

/// The parts of NLL that a recalibrator R takes off and leaves: nll_parts_of(logits(z), y), by one
/// temperature, and nll_parts_of<vector_scaling>(...), by another recalibrator.
///
/// Formula: refinement = NLL of R's fit (of temperature and others that minimise it: the least over
///   their parameters), calibration = NLL - refinement. A model is
///   worth its refinement: calibration can be had by fitting R. Both are in nats. Row i is in fold
///   i mod folds, as in cross_fitted. Shapes, weights, ignored labels, NaN policy, errors: as
///   fit(). option_error for 1 fold. Classes of logit -inf lie 700 below the largest for
///   R, as for every fit. No samples: NaN. Cost: one fit, or `folds` of them.
/// Ref: Berta, Holzmüller, Jordan and Bach 2025 (arXiv 2501.19195).
template<class R = temperature_scaling, wrapped_scores S, class L>
[[nodiscard]] nll_parts nll_parts_of(const S& scores, const L& labels, const row_options& o = {},
                                     const nll_parts_options& how = {},
                                     const typename R::options& method = {}) {
  nll_parts out;
  out.nll = summarise(scores, labels, o).nll();
  if (how.folds == 0) {
    const R r = fit<R>(scores, labels, o, method);
    out.refinement = summarise(recalibrated(r, scores), labels, o).nll();
  } else {
    const optional_column<std::int64_t> column(labels);
    detail::fold_rows rows("nll_parts_of()", column.size(), how.folds, o);
    double sum = 0, weight = 0;
    for (std::size_t fold = 0; fold < how.folds; ++fold) {
      const R r = fit<R>(scores, labels, rows.outside(fold), method);
      const summary of_fold = summarise(recalibrated(r, scores), labels, rows.inside(fold));
      if (!(of_fold.total_weight() > 0)) continue;
      sum += of_fold.total_weight() * of_fold.nll();
      weight += of_fold.total_weight();
    }
    out.refinement = sum / weight;
  }
  out.calibration = out.nll - out.refinement;
  return out;
}

}  // namespace calibra
