// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/torch/feature_losses.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "calibra/torch/zero_shot_range.hpp"
#include "device_checks.hpp"
#include "fake_device.hpp"
#include "tensor_gradients.hpp"

using calibra::angular_separation_loss;
using calibra::binary_logits;
using calibra::dispersion_loss;
using calibra::logits;
using calibra::matrix;
using calibra::moment_matching_loss;
using calibra::orthogonality_loss;
using calibra::zero_shot_normalised;
using calibra::zero_shot_range_penalty_loss;
using namespace tensor_gradients;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// A loss of features beside others that hold still, of tensors and of host memory. Losses of one
/// table do not look at the others.
struct both_forms {
  std::string name;
  std::function<at::Tensor(const at::Tensor&, const at::Tensor&)> of_tensors;
  std::function<double(host_view, host_view, host_view)> of_arrays;
};

const std::array<both_forms, 5>& losses() {
  static const std::array<both_forms, 5> all{
      both_forms{"dispersion", [](const auto& t, const auto&) { return dispersion_loss(t); },
                 [](auto t, auto, auto g) { return dispersion_loss(t, g); }},
      both_forms{"orthogonality", [](const auto& t, const auto&) { return orthogonality_loss(t); },
                 [](auto t, auto, auto g) { return orthogonality_loss(t, g); }},
      both_forms{"separation",
                 [](const auto& t, const auto&) { return angular_separation_loss(t); },
                 [](auto t, auto, auto g) { return angular_separation_loss(t, g); }},
      both_forms{"moments",
                 [](const auto& t, const auto& z) {
                   return moment_matching_loss(t, z, {2, 3});
                 },
                 [](auto t, auto z, auto g) {
                   return moment_matching_loss(t, z, g, {2, 3});
                 }},
      both_forms{"penalty",
                 [](const auto& t, const auto& z) {
                   return zero_shot_range_penalty_loss(logits(t), logits(z));
                 },
                 [](auto t, auto z, auto g) {
                   return zero_shot_range_penalty_loss(logits(t), logits(z), g);
                 }},
  };
  return all;
}

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const calibra::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("Losses of features and their gradients: tensors and host memory agree",
          "[features][torch]") {
  const auto rows = GENERATE(std::int64_t{2}, std::int64_t{9}, std::int64_t{50});
  const auto cols = GENERATE(std::int64_t{5}, std::int64_t{64});
  for (const both_forms& loss : losses()) {
    INFO(loss.name << " " << rows << " x " << cols);
    const at::Tensor features = leaf(random_tensor(rows, cols, 1) * 2);
    const at::Tensor zero_shot = random_tensor(rows, cols, 2);
    const at::Tensor value = loss.of_tensors(features, zero_shot);
    value.backward();
    at::Tensor gradient = at::zeros_like(zero_shot);
    const double expected = loss.of_arrays(host(features), host(zero_shot), host(gradient));
    // Sums over pairs of rows, in another order.
    const double tolerance =
        16 * (std::sqrt(static_cast<double>(cols)) + 4) * epsilon * static_cast<double>(rows);
    CHECK(value.dim() == 0);
    CHECK(value.item<double>() == Approx(expected).epsilon(tolerance).margin(tolerance));
    CHECK(largest(gradient - features.grad()) <= tolerance * (1 + largest(gradient)));
    CHECK(largest(gradient) > 1e-5);  // far above the tolerance
  }
}

TEST_CASE("Gradients of losses of features of tensors equal central differences",
          "[features][torch]") {
  const at::Tensor zero_shot = random_tensor(5, 7, 4);
  const at::Tensor features = random_tensor(5, 7, 3) * 1.5;
  const at::Tensor direction = random_tensor(5, 7, 5);
  for (const both_forms& loss : losses()) {
    INFO(loss.name);
    const double terms = loss.name == "orthogonality" || loss.name == "penalty" ? 8 : 1;
    const double tolerance = 4 * terms * std::pow(std::cbrt(epsilon), 2);
    const auto of = [&](const at::Tensor& x) { return loss.of_tensors(x, zero_shot); };
    CHECK(gradient_error(of, features) < tolerance);
    if (loss.name == "penalty") continue;  // linear
    const auto slope = [&](const at::Tensor& at) {
      const at::Tensor x = at.requires_grad() ? at : leaf(at);
      const auto gradient = torch::autograd::grad({of(x)}, {x}, {}, true, true);
      return (gradient[0] * direction).sum();
    };
    CHECK(gradient_error(slope, features) < 64 * tolerance);
  }
}

TEST_CASE("Equal features, one row, ties, short rows: tensors choose as the host does",
          "[features][torch]") {
  at::Tensor axes = at::eye(3, at::kDouble);
  at::Tensor equal = at::full({4, 3}, 0.3, at::kDouble);
  at::Tensor shorter = random_tensor(4, 3, 6);
  shorter[1].mul_(1e-9);
  for (const both_forms& loss : losses())
    for (const at::Tensor& given : {axes, equal, shorter, random_tensor(1, 3, 7)}) {
      if (loss.name == "separation" && given.size(0) == 1) continue;
      INFO(loss.name << " of " << given);
      const at::Tensor features = leaf(given);
      const at::Tensor zero_shot = random_tensor(given.size(0), 3, 8);
      loss.of_tensors(features, zero_shot).backward();
      at::Tensor gradient = at::zeros_like(zero_shot);
      loss.of_arrays(host(given), host(zero_shot), host(gradient));
      for (std::int64_t i = 0; i < given.size(0); ++i)
        CHECK(largest(gradient[i] - features.grad()[i]) <=
              256 * epsilon * (1 + largest(gradient[i])));
    }
  const at::Tensor same = leaf(equal);
  const at::Tensor sum =
      dispersion_loss(same) + angular_separation_loss(same) + moment_matching_loss(same, equal);
  sum.backward();
  CHECK(largest(same.grad()) == 0);
  CHECK(sum.item<double>() == Approx(-std::acos(1 - 1e-6)).epsilon(1e-12));
  CHECK(std::isnan(angular_separation_loss(at::ones({1, 4})).item<double>()));
}

TEST_CASE("No gradient flows to zero-shot features and logits", "[features][torch]") {
  for (const both_forms& loss : losses()) {
    INFO(loss.name);
    const at::Tensor features = leaf(random_tensor(3, 4, 9));
    const at::Tensor zero_shot = leaf(random_tensor(3, 4, 10));
    loss.of_tensors(features, zero_shot).backward();
    CHECK(features.grad().defined());
    CHECK_FALSE(zero_shot.grad().defined());
    CHECK_FALSE(loss.of_tensors(features.detach(), zero_shot).requires_grad());
  }
}

TEST_CASE("16-bit features and logits are computed in float32", "[features][torch]") {
  const auto dtype = GENERATE(at::kHalf, at::kBFloat16);
  for (const both_forms& loss : losses()) {
    INFO(loss.name);
    const at::Tensor features = leaf(random_tensor(8, 16, 11, dtype));
    const at::Tensor zero_shot = random_tensor(8, 16, 12, dtype);
    const at::Tensor value = loss.of_tensors(features, zero_shot);
    value.backward();
    CHECK(value.scalar_type() == at::kFloat);
    CHECK(features.grad().scalar_type() == dtype);
    CHECK(value.equal(loss.of_tensors(features.to(at::kFloat), zero_shot.to(at::kFloat))));
    CHECK(loss.of_tensors(features.to(at::kDouble), zero_shot).scalar_type() == at::kDouble);
  }
  CHECK(zero_shot_normalised(logits(random_tensor(2, 3, 13, dtype)),
                             logits(random_tensor(2, 3, 14, dtype)))
            .scalar_type() == at::kFloat);
}

TEST_CASE("NaN, infinite and no features or logits of tensors", "[features][torch]") {
  const at::Tensor good = random_tensor(3, 4, 15, at::kFloat);
  for (const both_forms& loss : losses()) {
    for (const double wrong : {quiet_nan, std::numeric_limits<double>::infinity()}) {
      INFO(loss.name << " with " << wrong);
      at::Tensor bad = good.clone();
      bad[1][2] = wrong;
      CHECK(std::isnan(loss.of_tensors(bad, good).item<double>()));
      if (loss.name == "moments" || loss.name == "penalty")
        CHECK(std::isnan(loss.of_tensors(good, bad).item<double>()));
    }
    const at::Tensor none = leaf(at::empty({0, 4}));
    const at::Tensor value = loss.of_tensors(none, at::empty({0, 4}));
    CHECK(std::isnan(value.item<double>()));
    CHECK_NOTHROW(value.backward());
  }
  at::Tensor bad = good.clone();
  bad[1][2] = -std::numeric_limits<float>::infinity();
  const at::Tensor out = zero_shot_normalised(logits(bad), logits(good));
  CHECK(out.isnan().sum(1).equal(at::tensor({0, 4, 0}, at::kLong)));
  CHECK(zero_shot_normalised(logits(at::empty({0, 4})), logits(at::empty({0, 4}))).size(0) == 0);
}

TEST_CASE("Normalised logits of tensors and their gradient are the host's", "[features][torch]") {
  at::Tensor z = random_tensor(6, 5, 16) * 3;
  z[0].fill_(2);           // equal logits
  z[1][4] = z[1][0] = 20;  // two largest
  const at::Tensor s = random_tensor(6, 5, 17), slopes = random_tensor(6, 5, 18);
  const at::Tensor given = leaf(z);
  const at::Tensor out = zero_shot_normalised(logits(given), logits(s));
  (out * slopes).sum().backward();
  const matrix<double> expected = zero_shot_normalised(logits(host(z)), logits(host(s)));
  CHECK(largest(out - at::from_blob(const_cast<double*>(expected.data()), {6, 5}, at::kDouble)) <
        16 * epsilon);
  at::Tensor gradient = at::zeros_like(z);
  calibra::zero_shot_normalised_gradient(logits(host(z)), logits(host(s)), host(slopes),
                                         host(gradient));
  CHECK(largest(gradient - given.grad()) < 64 * epsilon);
  CHECK(largest(given.grad()[0]) == 0);
  CHECK(gradient_error(
            [&](const at::Tensor& x) {
              return (zero_shot_normalised(logits(x), logits(s)) * slopes).sum();
            },
            random_tensor(6, 5, 19) * 3) < 32 * std::pow(std::cbrt(epsilon), 2));
}

TEST_CASE("The range penalty of binary logits of tensors", "[features][torch]") {
  const at::Tensor x = leaf(random_tensor(1, 9, 20).flatten() * 3);
  const at::Tensor s = random_tensor(1, 9, 21).flatten();
  const auto beside = [](const at::Tensor& t) { return at::stack({at::zeros_like(t), t}, 1); };
  const at::Tensor value = zero_shot_range_penalty_loss(binary_logits(x), binary_logits(s));
  CHECK(value.equal(zero_shot_range_penalty_loss(logits(beside(x)), logits(beside(s)))));
  value.backward();
  std::vector<double> slopes(9);
  const auto view = [](const at::Tensor& t) {
    return calibra::vector_view<const double>(t.data_ptr<double>(), 9);
  };
  CHECK(zero_shot_range_penalty_loss(binary_logits(view(x)), binary_logits(view(s)), slopes) ==
        Approx(value.item<double>()).epsilon(16 * epsilon));
  for (std::size_t i = 0; i < 9; ++i)
    CHECK(slopes[i] == Approx(x.grad().data_ptr<double>()[i]).epsilon(4 * epsilon));
}

TEST_CASE("Losses of features of tensors name what is wrong", "[features][torch][error]") {
  const at::Tensor good = at::ones({3, 4});
  CHECK(message([] { static_cast<void>(dispersion_loss(at::Tensor())); }) ==
        "dispersion_loss(): features is undefined; expected a two-dimensional tensor");
  CHECK(message([] { static_cast<void>(orthogonality_loss(at::ones({4}))); }) ==
        "orthogonality_loss(): features is [4] float32 on cpu; expected two dimensions and at "
        "least one column");
  CHECK(message([] {
          static_cast<void>(angular_separation_loss(at::ones({2, 3}, at::kLong)));
        }) ==
        "angular_separation_loss(): features is [2, 3] int64 on cpu; expected floating-point "
        "numbers");
  CHECK(message([&] {
          static_cast<void>(moment_matching_loss(good, at::ones({3, 5})));
        }) ==
        "moment_matching_loss(): tuned is [3, 4] float32 on cpu, zero_shot is [3, 5] float32 on "
        "cpu; expected the same shape");
  CHECK_THROWS_AS(moment_matching_loss(good, good, {1, -1}), calibra::option_error);
  CHECK(
      message([&] {
        static_cast<void>(zero_shot_range_penalty_loss(logits(good), logits(at::ones({3, 5}))));
      }) ==
      "zero_shot_range_penalty_loss(): logits are [3, 4] float32 on cpu, zero-shot logits are "
      "[3, 5] float32 on cpu; expected the same shape, of two dimensions and at least one column");
  CHECK_THROWS_AS(zero_shot_normalised(logits(good), logits(at::ones({3, 4}, at::kLong))),
                  calibra::value_error);
  CHECK_THROWS_AS(zero_shot_normalised(logits(good), logits(good.to(fake::device()))),
                  calibra::value_error);
  CHECK_THROWS_AS(zero_shot_normalised(logits(at::ones({3, 0})), logits(at::ones({3, 0}))),
                  calibra::shape_error);
}

TEST_CASE("Losses of features on a device: nothing waits for it, forward or backward",
          "[features][torch][device]") {
  const at::Tensor features = random_tensor(8, 16, 22, at::kFloat) * 2;
  const at::Tensor zero_shot = random_tensor(8, 16, 23, at::kFloat);
  const auto sum = [](const at::Tensor& t, const at::Tensor& z) {
    at::Tensor all = zero_shot_normalised(logits(t), logits(z)).square().sum();
    for (const both_forms& loss : losses()) all = all + loss.of_tensors(t, z);
    return all;
  };
  check_nothing_waits(sum, features, zero_shot);
}
