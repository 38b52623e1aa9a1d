// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Tensors of LibTorch: measured where they are, in one call or batch by batch.
#include <ATen/ATen.h>

#include <calibra/adapters/torch.hpp>
#include <calibra/calibra.hpp>
#include <cstdio>
#include <vector>

namespace {

/// Logits u of `n` samples in 4 classes, and labels that are drawn from softmax(u).
at::Tensor made_logits(int n) {
  const at::Tensor i = at::arange(n, at::kDouble).unsqueeze(1);
  const at::Tensor k = at::arange(1, 5, at::kDouble).unsqueeze(0);
  return 2 * (i * k * 0.7).sin();
}
at::Tensor made_labels(const at::Tensor& u) {
  const at::Tensor i = at::arange(1, u.size(0) + 1, at::kDouble).unsqueeze(1);
  const at::Tensor root = at::arange(2, 6, at::kDouble).unsqueeze(0).sqrt();
  const at::Tensor uniform = (i * root * 1.618034).frac();
  return (u - uniform.log().neg().log()).argmax(1);
}

}  // namespace

int main() {
  const at::Device device = at::hasCUDA() ? at::Device(at::kCUDA) : at::Device(at::kCPU);
  const at::Tensor u = made_logits(1000);
  const at::Tensor labels = made_labels(u).to(device);
  const at::Tensor z = (2.5 * u).to(device, at::kFloat);  // too sure of themselves
  //[ call
  const double ece = calibra::ece(calibra::logits(z), labels);
  const auto fitted = calibra::fit<calibra::temperature_scaling>(calibra::logits(z), labels);
  const at::Tensor p = fitted.transform(calibra::logits(z));  // on the device of z
  //]
  std::printf("ECE         %.4f\n", ece);
  std::printf("T           %.4f\n", fitted.temperature());
  std::printf("ECE after   %.4f\n", calibra::ece(calibra::probabilities(p), labels));

  const std::vector<at::Tensor> batches = z.split(128), batch_labels = labels.split(128);
  //[ loop
  calibra::device_table table({.bins = 15});
  calibra::device_summary means;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto scores = calibra::logits(batches[i]);
    table.add(scores, batch_labels[i]);  // no synchronisation, no copy
    means.add(scores, batch_labels[i]);
  }
  const calibra::reliability_table read = table.read();  // one
  //]
  std::printf("in batches  %.4f\n", calibra::ece(read));
  std::printf("accuracy    %.4f\n", means.read().accuracy());
}

// Output:
// ECE         0.1805
// T           2.3286
// ECE after   0.0325
// in batches  0.1805
// accuracy    0.5660
