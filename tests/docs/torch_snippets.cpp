// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The blocks of docs/losses.md, docs/dor.md and docs/torch.md for tensors that are parts of no
// example.
#include <ATen/ATen.h>

#include <calibra/adapters/torch.hpp>
#include <calibra/calibra.hpp>
#include <calibra/torch/calibration_losses.hpp>
#include <calibra/torch/distributed.hpp>

// Behind ATen, whose logging may define CHECK.
#include <catch2/catch.hpp>
#include <vector>

namespace {

/// A group of one process; tests/torch/distributed_test.cpp has more.
struct one_process {
  struct finished {
    void wait() const {}
  };
  finished work;
  static int getSize() { return 1; }
  static int getRank() { return 0; }
  const finished* allgather(std::vector<std::vector<at::Tensor>>& all,
                            std::vector<at::Tensor>& mine) const {
    all[0][0].copy_(mine[0]);
    return &work;
  }
};

}  // namespace

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

TEST_CASE("several processes") {
  struct batch_of_data {
    at::Tensor x, y;
  };
  const std::vector<batch_of_data> my_part(3, {at::eye(4), at::arange(4)});
  const auto model = [](const at::Tensor& x) { return 2 * x; };
  one_process group;
  one_process* const process_group = &group;
  double shown = 0;
  const auto report = [&](const calibra::evaluation& e) { shown = e["accuracy"]; };
  // clang-format off
  //[ processes
  #include <calibra/torch/distributed.hpp>

  const calibra::metric_list metrics{calibra::ece, calibra::nll, calibra::accuracy};
  calibra::evidence_accumulator seen(metrics);
  for (const auto& batch : my_part) seen.add(calibra::logits(model(batch.x).cpu()), batch.y.cpu());
  const calibra::evidence all = calibra::all_reduce(seen.so_far(), *process_group);
  if (process_group->getRank() == 0) report(calibra::evaluate(all, metrics));
  //]
  // clang-format on
  CHECK(shown == 1);
  CHECK(all.samples == 12);
}
