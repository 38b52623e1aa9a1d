// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "measure.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "calibra/adapters/torch.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/metrics/ace.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/piece.hpp"
#include "calibra/torch/dor_loss.hpp"

namespace coop {

at::Tensor proximities(const at::Tensor& features) {
  const at::NoGradGuard no_grad;
  const std::int64_t n = features.size(0);
  const std::int64_t nearest = std::min(proximity_neighbours, n - 1);
  at::Tensor result = at::ones({n}, at::kDouble);
  if (nearest < 1) return result;
  for (std::int64_t first = 0; first < n; first += 500) {
    const std::int64_t count = std::min<std::int64_t>(500, n - first);
    // Rows have length 1: |a - b|^2 = 2 - 2 a.b
    const at::Tensor cosines = at::matmul(features.narrow(0, first, count), features.t());
    at::Tensor distances = (2 - 2 * cosines).clamp_min(0).sqrt();
    distances.diagonal(first).fill_(1e9);
    const at::Tensor near = std::get<0>(distances.topk(nearest, 1, /*largest=*/false));
    result.narrow(0, first, count).copy_(near.mean(1, false, at::kDouble).neg().exp());
  }
  return result;
}

judged judge(const at::Tensor& logits, const feature_set& pictures, const at::Tensor& proximity,
             const at::Tensor& classes) {
  const auto scores = calibra::logits(logits);
  const calibra::summary means = calibra::summarise(scores, pictures.labels);
  const calibra::sample pairs = calibra::collect(scores, pictures.labels, {.proximity = proximity});
  judged result{{}, calibra::tabulate(scores, pictures.labels)};
  const auto put = [&](measure which, double value) {
    result.values[static_cast<std::size_t>(which)] = value;
  };
  put(measure::accuracy, means.accuracy());
  put(measure::confidence, means.confidence());
  put(measure::ece, calibra::ece(result.table));
  put(measure::ace, calibra::ace(pairs));
  put(measure::mce, calibra::mce(result.table));
  put(measure::piece, calibra::piece(pairs));
  put(measure::feature_divergence, calibra::feature_divergence(classes).item<double>());
  return result;
}

}  // namespace coop
