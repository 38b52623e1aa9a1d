// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/detail/compiled.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ace.hpp"
#include "calibra/metrics/augrc.hpp"
#include "calibra/metrics/aurc.hpp"
#include "calibra/metrics/auroc.hpp"
#include "calibra/metrics/brier.hpp"
#include "calibra/metrics/brier_reliability.hpp"
#include "calibra/metrics/brier_resolution.hpp"
#include "calibra/metrics/brier_top.hpp"
#include "calibra/metrics/brier_uncertainty.hpp"
#include "calibra/metrics/classwise_ace.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/classwise_ece.hpp"
#include "calibra/metrics/classwise_mce.hpp"
#include "calibra/metrics/classwise_rmsce.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/e_aurc.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/ks_error.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/mean_confidence.hpp"
#include "calibra/metrics/mean_gap.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/metric_list.hpp"
#include "calibra/metrics/mmce.hpp"
#include "calibra/metrics/nll.hpp"
#include "calibra/metrics/overconfidence.hpp"
#include "calibra/metrics/piece.hpp"
#include "calibra/metrics/pooled_ece.hpp"
#include "calibra/metrics/rmsce.hpp"
#include "calibra/metrics/smooth_ece.hpp"
#include "calibra/metrics/sweep_ece.hpp"
#include "calibra/metrics/tace.hpp"
#include "calibra/metrics/underconfidence.hpp"
#include "calibra/metrics/weighted_mce.hpp"

namespace calibra {

namespace detail {

/// The library's metrics, in the order in which reports give them: one line each.
CALIBRA_DETAIL_ONCE
metric_list make_all_metrics() {
  return {
      accuracy,
      mean_confidence,
      nll,
      brier,
      brier_top,
      brier_reliability,
      brier_resolution,
      brier_uncertainty,
      ece,
      overconfidence,
      underconfidence,
      mce,
      weighted_mce,
      rmsce,
      debiased_l2,
      mean_gap,
      ace,
      classwise_ece,
      classwise_mce,
      classwise_rmsce,
      classwise_debiased_l2,
      classwise_ace,
      tace,
      pooled_ece,
      sweep_ece,
      smooth_ece,
      ks_error,
      mmce,
      piece,
      aurc,
      e_aurc,
      augrc,
      auroc,
  };
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_METRICS)

}  // namespace detail

/// The library's metrics, in the order in which reports give them.
[[nodiscard]] inline const metric_list& all_metrics() {
  static const metric_list list = detail::make_all_metrics();
  return list;
}

}  // namespace calibra
