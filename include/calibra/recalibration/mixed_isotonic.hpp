// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/knot_map.hpp"
#include "calibra/recalibration/isotonic.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Isotonic regression mixed with the uniform: (1 - share) f(p) + share / 2, f isotonic's and
/// share = 1 / (n + 1) of n samples (their weights' sum), so that the NLL is finite. It is
/// mixed_with_uniform<isotonic>, as one map by points.
///
/// Scores: binary; logits are taken as sigmoid(x). For N x K: one_against_rest<mixed_isotonic>.
/// Certificate: isotonic's; its objective is that of f. No samples: 1/2. Cost: isotonic's. Weights
/// count as repetition. Keeps: the order, up to ties. Source: Berta, Holzmueller, Jordan and Bach,
/// "Structured matrix scaling for multi-class calibration", 2025.
class mixed_isotonic final : public detail::knot_map<mixed_isotonic> {
 public:
  static constexpr recalibrator_info info{
      .name = "mixed_isotonic",
      .map = "isotonic's, mixed with the uniform by 1 / (n + 1), so that no probability is 0",
      .objective = "squared error",
      .keeps = "the order of the scores, up to ties",
      .source = "Berta et al. 2025",
  };
  static constexpr std::string_view kind = info.name;
  using detail::knot_map<mixed_isotonic>::knot_map;

  static mixed_isotonic fit(const binary_samples& samples, const options&) {
    const isotonic inner = isotonic::fit(samples, {});
    const double share = 1 / (samples.pairs.total_weight() + 1);
    std::vector<double> y = inner.y();
    for (double& value : y) value = (1 - share) * value + share / 2;
    return {inner.x(), std::move(y), inner.report()};
  }
};

}  // namespace calibra
