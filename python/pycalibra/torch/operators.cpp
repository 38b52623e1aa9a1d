// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The operators that pycalibra.torch.compiled() builds: the C++ functions on PyTorch's tensors.
#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "calibra/adapters/torch.hpp"
#include "calibra/error.hpp"
#include "calibra/metrics/ace.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/torch/dor_loss.hpp"

namespace {

/// The metric of scores of a kind, as a tensor on their device. What calibra throws becomes the
/// error that Python knows as ValueError.
template<class Metric>
at::Tensor measure(const Metric& metric, const at::Tensor& scores, const at::Tensor& labels,
                   std::int64_t bins, const std::string& kind) {
  const auto value = [&](const auto& wrapped) {
    const double number = metric(wrapped, labels, {.bins = static_cast<std::size_t>(bins)});
    return at::full({}, number, scores.options().dtype(at::kDouble).requires_grad(false));
  };
  try {
    if (kind == "probabilities") return value(calibra::probabilities(scores));
    if (kind == "binary_logits") return value(calibra::binary_logits(scores));
    if (kind == "binary_probabilities") return value(calibra::binary_probabilities(scores));
    return value(calibra::logits(scores));
  } catch (const calibra::error& problem) {
    C10_THROW_ERROR(ValueError, problem.what());
  }
}

at::Tensor ece(const at::Tensor& scores, const at::Tensor& labels, std::int64_t bins,
               const std::string& kind) {
  return measure(calibra::ece, scores, labels, bins, kind);
}
at::Tensor mce(const at::Tensor& scores, const at::Tensor& labels, std::int64_t bins,
               const std::string& kind) {
  return measure(calibra::mce, scores, labels, bins, kind);
}
at::Tensor ace(const at::Tensor& scores, const at::Tensor& labels, std::int64_t bins,
               const std::string& kind) {
  return measure(calibra::ace, scores, labels, bins, kind);
}

}  // namespace

TORCH_LIBRARY(pycalibra, m) {
  m.def("dor_loss(Tensor tuned, Tensor zero_shot) -> Tensor", &calibra::dor_loss);
  m.def("kgcoop_loss(Tensor tuned, Tensor zero_shot) -> Tensor", &calibra::kgcoop_loss);
  m.def("feature_divergence(Tensor features, int nearest) -> Tensor", &calibra::feature_divergence);
  m.def("ece(Tensor scores, Tensor labels, int bins, str kind) -> Tensor");
  m.def("mce(Tensor scores, Tensor labels, int bins, str kind) -> Tensor");
  m.def("ace(Tensor scores, Tensor labels, int bins, str kind) -> Tensor");
}

TORCH_LIBRARY_IMPL(pycalibra, CompositeExplicitAutograd, m) {
  m.impl("ece", &ece);
  m.impl("mce", &mce);
  m.impl("ace", &ace);
}
