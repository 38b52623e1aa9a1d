// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The block of docs/losses.md for host arrays.
#include <catch2/catch.hpp>

#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/loss/mmce_loss.hpp"
#include "calibra/scores.hpp"

TEST_CASE("the losses of the page") {
  calibra::matrix<float> z(2, 2);
  z(0, 0) = 1;
  z(1, 0) = 2;
  const std::vector<int> labels{0, 1};
  calibra::matrix<double> gradient(2, 2);
  //[ host
  const double value = calibra::mmce_loss(calibra::logits(z), labels);
  const double again = calibra::mmce_loss(calibra::logits(z), labels, gradient);  // and dL/dz
  //]
  CHECK(value == again);
  CHECK(value > 0);
  CHECK(gradient(1, 0) > 0);  // a confident miss
}
