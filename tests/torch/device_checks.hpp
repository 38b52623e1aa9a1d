// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "fake_device.hpp"
#include "tensor_gradients.hpp"

/// Checks that losses(tuned, zero_shot) and its gradient are on the fake device what they are on
/// the CPU, and that nothing waits for the device, forward or backward.
template<class Losses>
void check_nothing_waits(const Losses& losses, const at::Tensor& tuned,
                         const at::Tensor& zero_shot) {
  const at::Tensor expected = tensor_gradients::leaf(tuned);
  const at::Tensor value = losses(expected, zero_shot);
  value.backward();
  const at::Tensor t = tensor_gradients::leaf(tuned.to(fake::device()));
  const at::Tensor z = zero_shot.to(fake::device());
  fake::reset();
  const at::Tensor loss = losses(t, z);
  loss.backward();
  CHECK(fake::counts().operations.size() > 10);
  CHECK(fake::counts().synchronisations() == 0);
  CHECK(loss.device() == fake::device());
  CHECK(loss.to(at::kCPU).equal(value));
  CHECK(t.grad().to(at::kCPU).equal(expected.grad()));
}
