// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/torch/dor_loss.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "calibra/loss/dor_loss.hpp"
#include "calibra/loss/kgcoop_loss.hpp"
#include "calibra/outlier/dynamic_outlier_regularization.hpp"
#include "calibra/outlier/feature_divergence.hpp"
#include "calibra/torch/outliers.hpp"
#include "device_checks.hpp"
#include "fake_device.hpp"
#include "tensor_gradients.hpp"

using calibra::dor_loss;
using calibra::feature_divergence;
using calibra::kgcoop_loss;
using calibra::matrix;
using calibra::outlier_bank;
using namespace tensor_gradients;

namespace {

std::string message(const at::Tensor& tuned, const at::Tensor& zero_shot) {
  try {
    static_cast<void>(dor_loss(tuned, zero_shot));
  } catch (const calibra::error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("DOR loss and gradient of tensors equal those of host memory", "[dor][torch]") {
  const auto rows = GENERATE(std::int64_t{1}, std::int64_t{32}, std::int64_t{100});
  const auto cols = GENERATE(std::int64_t{1}, std::int64_t{6}, std::int64_t{512});
  const at::Tensor tuned = leaf(random_tensor(rows, cols, 1));
  const at::Tensor zero_shot = random_tensor(rows, cols, 2);
  const at::Tensor loss = dor_loss(tuned, zero_shot);
  loss.backward();
  at::Tensor gradient = at::zeros_like(zero_shot);
  const double value = dor_loss(host(tuned), host(zero_shot), host(gradient));
  const double tolerance = 4 * (std::sqrt(static_cast<double>(cols)) + 4) * epsilon;
  CHECK(loss.dim() == 0);
  CHECK(loss.item<double>() == Approx(value).margin(tolerance).epsilon(0));
  CHECK(largest(gradient - tuned.grad()) <= tolerance * largest(1 / tuned.norm(2, 1)));
  CHECK(kgcoop_loss(tuned, zero_shot).equal(loss));
  CHECK(kgcoop_loss(host(tuned), host(zero_shot)) == value);
}

TEST_CASE("DOR gradients of tensors equal central differences", "[dor][torch]") {
  const at::Tensor zero_shot = random_tensor(6, 7, 4);
  const double tolerance = 4 * std::pow(std::cbrt(epsilon), 2);
  CHECK(gradient_error([&](const at::Tensor& x) { return dor_loss(x, zero_shot); },
                       random_tensor(6, 7, 3)) < tolerance);
  // The derivative of a derivative, which a closed form with saved values would get wrong.
  const at::Tensor direction = random_tensor(6, 7, 5);
  const auto slope = [&](const at::Tensor& at) {
    const at::Tensor x = at.requires_grad() ? at : leaf(at);
    const auto gradient = torch::autograd::grad({dor_loss(x, zero_shot)}, {x}, {}, true, true);
    return (gradient[0] * direction).sum();
  };
  CHECK(gradient_error(slope, random_tensor(6, 7, 3)) < 16 * tolerance);
}

TEST_CASE("Rows below the norm's floor: tensors and host memory agree", "[dor][torch]") {
  at::Tensor tuned = random_tensor(4, 5, 6);
  tuned[0].zero_();
  tuned[1].mul_(1e-9);
  tuned[2].mul_(1e-7);
  tuned = leaf(tuned);
  const at::Tensor zero_shot = random_tensor(4, 5, 7);
  const at::Tensor loss = dor_loss(tuned, zero_shot);
  loss.backward();
  at::Tensor gradient = at::zeros_like(zero_shot);
  CHECK(loss.item<double>() ==
        Approx(dor_loss(host(tuned), host(zero_shot), host(gradient))).epsilon(16 * epsilon));
  for (std::int64_t b = 0; b < 4; ++b)
    CHECK(largest(gradient[b] - tuned.grad()[b]) <= 64 * epsilon * largest(gradient[b]));
  CHECK(largest(gradient[0]) > 1e6);
}

TEST_CASE("No gradient flows to the zero-shot features", "[dor][torch]") {
  const at::Tensor tuned = leaf(random_tensor(3, 4, 8));
  const at::Tensor zero_shot = leaf(random_tensor(3, 4, 9));
  dor_loss(tuned, zero_shot).backward();
  CHECK(tuned.grad().defined());
  CHECK_FALSE(zero_shot.grad().defined());
  CHECK_FALSE(dor_loss(tuned.detach(), zero_shot).requires_grad());
}

TEST_CASE("16-bit features are computed in float32", "[dor][torch]") {
  const auto dtype = GENERATE(at::kHalf, at::kBFloat16);
  const at::Tensor tuned = leaf(random_tensor(8, 64, 10, dtype));
  const at::Tensor zero_shot = random_tensor(8, 64, 11, dtype);
  const at::Tensor loss = dor_loss(tuned, zero_shot);
  loss.backward();
  CHECK(loss.scalar_type() == at::kFloat);
  CHECK(tuned.grad().scalar_type() == dtype);
  CHECK(loss.equal(dor_loss(tuned.to(at::kFloat), zero_shot.to(at::kFloat))));
  CHECK(dor_loss(tuned, zero_shot.to(at::kFloat)).equal(loss));
  CHECK(dor_loss(tuned, zero_shot.to(at::kDouble)).scalar_type() == at::kDouble);
  CHECK(feature_divergence(tuned).equal(feature_divergence(tuned.to(at::kFloat))));
  CHECK(kgcoop_loss(tuned, zero_shot).equal(loss));
}

TEST_CASE("NaN, empty and zero features of tensors", "[dor][torch]") {
  const at::Tensor good = random_tensor(3, 4, 12, at::kFloat);
  at::Tensor bad = good.clone();
  bad[1][2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(dor_loss(bad, good).item<double>()));
  CHECK(std::isnan(dor_loss(good, bad).item<double>()));
  const at::Tensor none = at::empty({0, 4});
  CHECK(std::isnan(dor_loss(none, none).item<double>()));
  at::Tensor zero = good.clone();
  zero[0].zero_();
  const double rest = dor_loss(good.slice(0, 1), good.slice(0, 1)).item<double>();
  const double float_epsilon = std::numeric_limits<float>::epsilon();
  CHECK(dor_loss(good, zero).item<double>() ==
        Approx((1 + 2 * rest) / 3).margin(4 * float_epsilon));
}

TEST_CASE("DOR loss of tensors names what is wrong", "[dor][torch][error]") {
  const at::Tensor good = at::ones({3, 4});
  CHECK(message(good, at::ones({3, 5})) ==
        "dor_loss(): tuned is [3, 4] float32 on cpu, zero_shot is [3, 5] float32 on cpu; expected "
        "the same shape");
  CHECK(message(good, at::Tensor()) ==
        "dor_loss(): zero_shot is undefined; expected a two-dimensional tensor");
  CHECK(message(at::ones({4}), good) ==
        "dor_loss(): tuned is [4] float32 on cpu; expected two dimensions and at least one column");
  CHECK(message(good, at::ones({3, 4}, at::kLong)) ==
        "dor_loss(): zero_shot is [3, 4] int64 on cpu; expected floating-point numbers");
  CHECK(message(good, at::ones({3, 4}, at::TensorOptions(at::kMeta).dtype(at::kHalf))) ==
        "dor_loss(): tuned is [3, 4] float32 on cpu, zero_shot is [3, 4] float16 on meta; expected "
        "the same device");
  CHECK_THROWS_AS(feature_divergence(good, 0), calibra::option_error);
  CHECK_THROWS_AS(feature_divergence(at::ones({3})), calibra::shape_error);
}

TEST_CASE("Feature divergence of tensors equals that of host memory", "[dor][torch]") {
  const auto rows = GENERATE(std::int64_t{2}, std::int64_t{5}, std::int64_t{60});
  const auto nearest = GENERATE(1, 5);
  const at::Tensor features = random_tensor(rows, 9, 13);
  CHECK(feature_divergence(features, nearest).item<double>() ==
        Approx(feature_divergence(host(features), static_cast<std::size_t>(nearest)))
            .epsilon(32 * epsilon));
  CHECK(gradient_error([&](const at::Tensor& x) { return feature_divergence(x, nearest); },
                       features) < 64 * std::pow(std::cbrt(epsilon), 2));
}

TEST_CASE("Feature divergence of equal rows and of one row", "[dor][torch]") {
  const at::Tensor same = leaf(at::ones({3, 4}));
  const at::Tensor divergence = feature_divergence(same);
  divergence.backward();
  CHECK(divergence.item<double>() == 0);
  CHECK(largest(same.grad()) == 0);
  CHECK(std::isnan(feature_divergence(at::ones({1, 4})).item<double>()));
}

TEST_CASE("DOR of a bank of tensors equals that of host memory", "[dor][torch]") {
  calibra::outlier_bank<matrix<float>> bank{{}, matrix<float>(20, 6), {}};
  const at::Tensor features = random_tensor(20, 6, 14, at::kFloat);
  std::copy_n(features.data_ptr<float>(), 120, bank.features.data());
  for (int i = 0; i < 20; ++i) bank.names.push_back("noun " + std::to_string(i));
  const double gamma = GENERATE(0.0, 1.5);  // without and with second moments
  const calibra::dor_options options{.batch = 5, .lambda = 2, .seed = 3, .gamma = gamma};
  calibra::dynamic_outlier_regularization dor(calibra::to_tensor(bank), options);
  calibra::dynamic_outlier_regularization on_host(bank, options);
  CHECK(dor.state() == on_host.state());
  CHECK_THROWS_AS(dor(at::ones({5, 6})), calibra::shape_error);
  for (int iteration = 0; iteration < 4; ++iteration) {
    const auto ids = dor.sample();
    const auto expected = on_host.sample();
    REQUIRE(std::vector<std::size_t>(ids.begin(), ids.end()) ==
            std::vector<std::size_t>(expected.begin(), expected.end()));
    REQUIRE(dor.index().scalar_type() == at::kLong);
    CHECK(dor.zero_shot().equal(features.index_select(0, dor.index())));
    const at::Tensor tuned = leaf(random_tensor(5, 6, 15));
    const at::Tensor loss = dor(tuned);
    loss.backward();
    at::Tensor gradient = at::zeros({5, 6}, at::kDouble);
    const double value = on_host(host(tuned), host(gradient));
    CHECK(loss.item<double>() == Approx(value).epsilon(32 * epsilon));
    CHECK(largest(gradient - tuned.grad()) < 64 * epsilon);
  }
  CHECK_THROWS_AS(dor(at::ones({4, 6})), calibra::shape_error);
  CHECK_THROWS_AS(dor(at::ones({5, 7})), calibra::shape_error);
  CHECK_THROWS_AS(calibra::dynamic_outlier_regularization(
                      calibra::outlier_bank<at::Tensor>{{"a", "b"}, at::ones({3, 4}), {}}),
                  calibra::shape_error);
  CHECK_THROWS_AS(calibra::dynamic_outlier_regularization(
                      calibra::outlier_bank<at::Tensor>{{"a"}, at::Tensor(), {}}),
                  calibra::shape_error);
}

TEST_CASE("Features go to host memory and come back", "[dor][torch]") {
  const at::Tensor features = random_tensor(4, 6, 16, at::kHalf).t();  // 6 x 4, strided
  const matrix<float> copy = calibra::to_matrix(leaf(features));
  REQUIRE(copy.rows() == 6);
  REQUIRE(copy.cols() == 4);
  const auto bank = calibra::to_tensor(outlier_bank<matrix<float>>{{"a"}, copy, {0.5}});
  CHECK(bank.features.equal(features.to(at::kFloat)));
  CHECK(bank.names.front() == "a");
  CHECK(bank.scores.front() == 0.5);
  CHECK_THROWS_AS(calibra::to_matrix(at::ones({3})), calibra::shape_error);
}

TEST_CASE("Losses on a device: nothing waits for it, forward or backward", "[dor][torch][device]") {
  const at::Tensor tuned = random_tensor(8, 16, 17, at::kFloat);
  const at::Tensor zero_shot = random_tensor(8, 16, 18, at::kFloat);
  const auto losses = [](const at::Tensor& t, const at::Tensor& z) {
    return dor_loss(t, z) + 2 * kgcoop_loss(t, z) + 3 * feature_divergence(t, 3);
  };
  check_nothing_waits(losses, tuned, zero_shot);
  const at::Tensor t = tuned.to(fake::device());
  CHECK(message(t, zero_shot) == "dor_loss(): tuned is [8, 16] float32 on " + fake::device().str() +
                                     ", zero_shot is [8, 16] float32 on cpu; expected the same "
                                     "device");
}

TEST_CASE("DOR of a bank on a device: a batch is one copy to it", "[dor][torch][device]") {
  outlier_bank<matrix<float>> bank{{}, calibra::to_matrix(random_tensor(20, 6, 19)), {}};
  for (int i = 0; i < 20; ++i) bank.names.push_back("noun " + std::to_string(i));
  const calibra::dor_options options{.batch = 5};
  calibra::dynamic_outlier_regularization dor(calibra::to_tensor(bank, fake::device()), options);
  calibra::dynamic_outlier_regularization on_host(calibra::to_tensor(bank), options);
  const at::Tensor tuned = random_tensor(5, 6, 20, at::kFloat);
  const at::Tensor t = leaf(tuned.to(fake::device()));
  fake::reset();
  dor.sample();
  CHECK(fake::counts().host_to_device == 1);
  CHECK(fake::counts().synchronisations() == 1);
  CHECK(dor.index().device() == fake::device());
  const at::Tensor loss = dor(t);
  loss.backward();
  CHECK(fake::counts().synchronisations() == 1);
  on_host.sample();
  CHECK(loss.to(at::kCPU).equal(on_host(tuned)));
  CHECK_THROWS_AS(dor(tuned), calibra::value_error);
}
