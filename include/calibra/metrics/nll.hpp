// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "calibra/table/summary.hpp"

namespace calibra {

/// Negative log-likelihood (log loss, cross-entropy) in nats: -(1/N) sum_i log p_i,y_i.
/// Shapes:  scores N x K + labels N. Range: [0, inf]; infinite where a label has probability 0: no
///          clipping. Logits go through log-softmax and do not overflow for +-1e30.
/// Empty:   NaN. Weights: yes. Mergeable: through summary. Cost: one pass, O(N K), no allocation of
///          that size. Errors as collect().
/// Source:  Good 1952; Gneiting and Raftery 2007, section 4.1.
template<wrapped_scores S, class L>
double nll(const S& scores, L&& labels, const options& o = {}) {
  return summarise(scores, std::forward<L>(labels), o).nll();
}

}  // namespace calibra
