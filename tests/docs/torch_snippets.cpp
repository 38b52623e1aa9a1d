// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The blocks of docs/losses.md and docs/dor.md for tensors that are parts of no example.
#include <ATen/ATen.h>

#include <calibra/adapters/torch.hpp>
#include <calibra/torch/calibration_losses.hpp>

// Behind ATen, whose logging may define CHECK.
#include <catch2/catch.hpp>

TEST_CASE("the tensor losses of the page") {
  const at::Tensor z = at::eye(4, at::kDouble).requires_grad_();
  const at::Tensor labels = at::arange(4);
  //[ tensors
  const at::Tensor loss =
      at::cross_entropy_loss(z, labels) +
      2 * calibra::soft_binned_ece_loss(calibra::logits(z), labels, {.bins = 15});
  loss.backward();
  //]
  CHECK(loss.item<double>() > 0);
  CHECK(z.grad().abs().sum().item<double>() > 0);
}
