// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/metrics/metric.hpp"

namespace calibra {

namespace metrics {

/// Negative log-likelihood (log loss, cross-entropy) in nats, without clipping: logits go through
/// log-softmax and do not overflow for +-1e30. Empty: NaN. Mergeable.
struct nll {
  static constexpr metric_info info{
      .name = "nll",
      .formula = "−(1/N) Σ_i log p_i,y_i",
      .range = "[0, ∞], nats; infinite where a label has probability 0",
      .weights = "weighted mean",
      .source = "Good 1952; Gneiting and Raftery 2007, section 4.1",
      .python =
          "`torch.nn.functional.cross_entropy` of logits; `sklearn.metrics.log_loss` clips p (like "
          "= `sklearn`), probmetrics floors log p (like = `probmetrics`)",
  };
  [[nodiscard]] double of(const summary& sums) const { return sums.nll(); }
};

}  // namespace metrics

inline constexpr metric<metrics::nll> nll{};

}  // namespace calibra
