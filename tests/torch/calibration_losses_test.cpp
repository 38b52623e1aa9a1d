// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/torch/calibration_losses.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/array/view.hpp"
#include "calibra/scores.hpp"
#include "fake_device.hpp"

using calibra::matrix;

namespace {

using labels_type = std::vector<std::int64_t>;

struct loss_case {
  std::string name;
  std::function<double(const matrix<double>&, const labels_type&, matrix<double>&)> host;
  std::function<at::Tensor(const at::Tensor&, const at::Tensor&)> tensor;
};

/// `call(z, y, more...)` for both kinds of storage: the same options for host and tensor.
template<class Options, class Host, class Tensor>
loss_case make_case(std::string name, Options options, Host host, Tensor tensor) {
  return {std::move(name),
          [=](const matrix<double>& z, const labels_type& y, matrix<double>& gradient) {
            return host(z, y, gradient, options);
          },
          [=](const at::Tensor& z, const at::Tensor& y) { return tensor(z, y, options); }};
}

#define CALIBRA_BOTH(function)                                      \
  [](const auto& z, const auto& y, auto& g, const auto& o) {        \
    return calibra::function(calibra::logits(z), y, g, o);          \
  },                                                                \
      [](const at::Tensor& z, const at::Tensor& y, const auto& o) { \
        return calibra::function(calibra::logits(z), y, o);         \
      }

const std::vector<loss_case>& all_losses() {
  using namespace calibra;
  static const std::vector<loss_case> cases{
      make_case("mmce", mmce_loss_options{}, CALIBRA_BOTH(mmce_loss)),
      make_case("mmce, squared", mmce_loss_options{0.2, false, true}, CALIBRA_BOTH(mmce_loss)),
      make_case("wmmce", mmce_loss_options{0.4, true, false}, CALIBRA_BOTH(mmce_loss)),
      make_case("sb-ece", soft_binned_ece_loss_options{}, CALIBRA_BOTH(soft_binned_ece_loss)),
      make_case("sb-ece, q = 1", soft_binned_ece_loss_options{10, 0.001, 1},
                CALIBRA_BOTH(soft_binned_ece_loss)),
      make_case("sb-ece, q = 3", soft_binned_ece_loss_options{4, 0.02, 3},
                CALIBRA_BOTH(soft_binned_ece_loss)),
      {"mdca",
       [](const auto& z, const auto& y, auto& g) {
         return calibra::mdca_loss(calibra::logits(z), y, g);
       },
       [](const at::Tensor& z, const at::Tensor& y) {
         return calibra::mdca_loss(calibra::logits(z), y);
       }},
      {"dca",
       [](const auto& z, const auto& y, auto& g) {
         return calibra::dca_loss(calibra::logits(z), y, g);
       },
       [](const at::Tensor& z, const at::Tensor& y) {
         return calibra::dca_loss(calibra::logits(z), y);
       }},
      make_case("avuc", avuc_loss_options{}, CALIBRA_BOTH(avuc_loss)),
      make_case("avuc, 1 nat", avuc_loss_options{1.0}, CALIBRA_BOTH(avuc_loss)),
      make_case("soft avuc", soft_avuc_loss_options{}, CALIBRA_BOTH(soft_avuc_loss)),
      make_case("soft avuc, T = 0.3", soft_avuc_loss_options{0.2, 0.3},
                CALIBRA_BOTH(soft_avuc_loss)),
      make_case("focal", focal_loss_options{}, CALIBRA_BOTH(focal_loss)),
      make_case("focal, gamma = 0.5", focal_loss_options{0.5}, CALIBRA_BOTH(focal_loss)),
      make_case("focal, gamma = 0", focal_loss_options{0}, CALIBRA_BOTH(focal_loss)),
      make_case("focal, flsd-53", focal_loss_options{2, focal_schedule::flsd_53},
                CALIBRA_BOTH(focal_loss)),
      make_case("confidence penalty", confidence_penalty_loss_options{},
                CALIBRA_BOTH(confidence_penalty_loss)),
      make_case("label smoothing", label_smoothing_loss_options{},
                CALIBRA_BOTH(label_smoothing_loss)),
      make_case("margin smoothing", margin_smoothing_loss_options{1.5, 0.3},
                CALIBRA_BOTH(margin_smoothing_loss)),
  };
  return cases;
}

#define CALIBRA_VISIT(name, of_probabilities)                                                 \
  visit(#name, of_probabilities, [](const auto& scores, const auto& labels, auto&&... rest) { \
    return calibra::name(scores, labels, std::forward<decltype(rest)>(rest)...);              \
  })

/// visit(name, whether it is defined on probabilities, loss) for each loss.
template<class Visit>
void for_each_loss(const Visit& visit) {
  CALIBRA_VISIT(mmce_loss, std::true_type{});
  CALIBRA_VISIT(soft_binned_ece_loss, std::true_type{});
  CALIBRA_VISIT(mdca_loss, std::true_type{});
  CALIBRA_VISIT(dca_loss, std::true_type{});
  CALIBRA_VISIT(avuc_loss, std::true_type{});
  CALIBRA_VISIT(soft_avuc_loss, std::true_type{});
  CALIBRA_VISIT(focal_loss, std::true_type{});
  CALIBRA_VISIT(confidence_penalty_loss, std::true_type{});
  CALIBRA_VISIT(label_smoothing_loss, std::true_type{});
  CALIBRA_VISIT(margin_smoothing_loss, std::false_type{});
}

struct batch {
  matrix<double> z;
  labels_type y;

  at::Tensor logits() const {
    const std::array<std::int64_t, 2> sizes{static_cast<std::int64_t>(z.rows()),
                                            static_cast<std::int64_t>(z.cols())};
    // from_blob() wants mutable memory; the copy is what is used.
    return at::from_blob(const_cast<double*>(z.data()), sizes, at::kDouble).clone();
  }
  at::Tensor labels() const {
    const std::array<std::int64_t, 1> sizes{static_cast<std::int64_t>(y.size())};
    return at::from_blob(const_cast<std::int64_t*>(y.data()), sizes, at::kLong).clone();
  }
};

/// Labels that agree with the prediction about half of the time.
batch random_batch(std::mt19937_64& random, std::size_t n, std::size_t k) {
  batch b{matrix<double>(n, k), labels_type(n)};
  std::normal_distribution<double> normal(0, 2);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t top = 0;
    for (std::size_t j = 0; j < k; ++j) {
      b.z(i, j) = normal(random);
      if (b.z(i, j) > b.z(i, top)) top = j;
    }
    b.y[i] = static_cast<std::int64_t>(random() % 2 ? top : random() % k);
  }
  return b;
}

at::Tensor gradient_of(const at::Tensor& loss, const at::Tensor& logits) {
  return torch::autograd::grad({loss}, {logits})[0];
}

double largest_difference(const at::Tensor& gradient, const matrix<double>& expected) {
  const at::Tensor g = gradient.to(at::kCPU, at::kDouble).contiguous();
  double most = 0;
  for (std::size_t i = 0; i < expected.rows(); ++i)
    for (std::size_t k = 0; k < expected.cols(); ++k) {
      const double x = g.data_ptr<double>()[i * expected.cols() + k];
      const double apart = std::abs(x - expected(i, k));
      if (!(apart <= most)) most = apart;
    }
  return most;
}

template<class Error, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("losses of tensors are those of arrays") {
  at::set_num_threads(1);
  std::mt19937_64 random(21);
  for (const auto& loss : all_losses())
    for (const auto& [n, k] :
         {std::array<std::size_t, 2>{1, 2}, {2, 3}, {19, 2}, {40, 5}, {8, 70}}) {
      const batch b = random_batch(random, n, k);
      INFO(loss.name << ", N = " << n << ", K = " << k);
      matrix<double> gradient(n, k);
      const double expected = loss.host(b.z, b.y, gradient);
      const at::Tensor logits = b.logits().requires_grad_();
      const at::Tensor value = loss.tensor(logits, b.labels());
      REQUIRE(value.dim() == 0);
      CHECK(value.scalar_type() == at::kDouble);
      CHECK(std::abs(value.item<double>() - expected) < 1e-12 * (1 + expected));
      CHECK(largest_difference(gradient_of(value, logits), gradient) < 1e-10);
      // Few rows may have no slope: AvUC where all speaks for them.
      if (n > 2) CHECK(largest_difference(at::zeros_like(logits), gradient) > 1e-4);
    }
}

TEST_CASE("float, float16 and bfloat16 logits") {
  std::mt19937_64 random(22);
  for (const auto& loss : all_losses())
    for (auto dtype : {at::kFloat, at::kHalf, at::kBFloat16}) {
      batch b = random_batch(random, 24, 6);
      INFO(loss.name << ", " << calibra::detail::dtype_name(dtype));
      const at::Tensor logits = b.logits().to(dtype).requires_grad_();
      const at::Tensor exact = logits.detach().to(at::kDouble);
      for (std::size_t i = 0; i < 24; ++i)
        for (std::size_t k = 0; k < 6; ++k) b.z(i, k) = exact.data_ptr<double>()[i * 6 + k];
      matrix<double> gradient(24, 6);
      const double expected = loss.host(b.z, b.y, gradient);
      const at::Tensor value = loss.tensor(logits, b.labels());
      CHECK(value.scalar_type() == at::kFloat);
      constexpr double epsilon = std::numeric_limits<float>::epsilon();
      CHECK(std::abs(value.item<double>() - expected) < 64 * epsilon * (1 + expected));
      // The gradient comes back in the type of the logits.
      const at::Tensor slope = gradient_of(value, logits);
      CHECK(slope.scalar_type() == dtype);
      const double rounding = dtype == at::kFloat ? 0 : dtype == at::kHalf ? 0x1p-11 : 0x1p-8;
      CHECK(largest_difference(slope, gradient) < 256 * epsilon + rounding);
    }
}

TEST_CASE("any stride, and options as on the host") {
  std::mt19937_64 random(23);
  const batch b = random_batch(random, 12, 5);
  for (const auto& loss : all_losses()) {
    INFO(loss.name);
    const double expected = loss.tensor(b.logits(), b.labels()).item<double>();
    const at::Tensor columns = b.logits().t().contiguous().t();
    const at::Tensor apart = at::stack({b.labels(), b.labels()}, 1).select(1, 0);
    REQUIRE(!columns.is_contiguous());
    REQUIRE(!apart.is_contiguous());
    CHECK(loss.tensor(columns, apart).item<double>() ==
          Approx(expected).epsilon(64 * std::numeric_limits<double>::epsilon()));
  }
  const at::Tensor z = b.logits(), y = b.labels();
  CHECK_THROWS_AS(calibra::mmce_loss(calibra::logits(z), y, {-1, false, false}),
                  calibra::option_error);
  CHECK_THROWS_AS(calibra::soft_binned_ece_loss(calibra::logits(z), y, {0, 0.01, 2}),
                  calibra::option_error);
  CHECK_THROWS_AS(calibra::avuc_loss(calibra::logits(z), y, {std::nan("")}), calibra::option_error);
  CHECK_THROWS_AS(calibra::soft_avuc_loss(calibra::logits(z), y, {1, 1}), calibra::option_error);
  CHECK_THROWS_AS(calibra::focal_loss(calibra::logits(z), y, {-1}), calibra::option_error);
  CHECK_THROWS_AS(calibra::confidence_penalty_loss(calibra::logits(z), y, {-1}),
                  calibra::option_error);
  CHECK_THROWS_AS(calibra::label_smoothing_loss(calibra::logits(z), y, {2}), calibra::option_error);
  CHECK_THROWS_AS(calibra::margin_smoothing_loss(calibra::logits(z), y, {-1, 1}),
                  calibra::option_error);
}

TEST_CASE("kinks have the slopes of the host") {
  // Ties of logits, equal rows, uniform rows, a loss of 0, logits on the margin, and p = 1.
  const auto dense = [](std::initializer_list<std::array<double, 3>> rows, labels_type y) {
    batch b{matrix<double>(rows.size(), 3), std::move(y)};
    std::size_t i = 0;
    for (const auto& row : rows) {
      for (std::size_t k = 0; k < 3; ++k) b.z(i, k) = row[k];
      ++i;
    }
    return b;
  };
  const std::vector<batch> batches{
      dense({{0, 2, 2}, {1, 1, 1}}, {1, 0}),
      dense({{0, 2, 2}, {0, 2, 2}}, {2, 1}),
      dense({{1, 0, 0}, {1, 0, 0}, {1, 0, 0}}, {0, 1, 0}),
      dense({{0, 0, -1e4}, {0, 0, -1e4}}, {0, 1}),
      dense({{1.5, 0, 0}, {0, 0, 3}}, {0, 1}),
      dense({{800, 0, -800}, {0, 90, 0}}, {0, 1}),
      dense({{800, 0, -800}, {0, 90, 0}}, {1, 2}),
  };
  for (std::size_t j = 0; j < batches.size(); ++j)
    for (const auto& loss : all_losses()) {
      INFO(loss.name << ", batch " << j);
      const batch& b = batches[j];
      matrix<double> gradient(b.z.rows(), 3);
      const double expected = loss.host(b.z, b.y, gradient);
      const at::Tensor logits = b.logits().requires_grad_();
      const at::Tensor value = loss.tensor(logits, b.labels());
      CHECK(std::abs(value.item<double>() - expected) < 1e-12 * (1 + expected));
      CHECK(largest_difference(gradient_of(value, logits), gradient) < 1e-10);
    }
}

TEST_CASE("label smoothing and cross-entropy are those of PyTorch") {
  std::mt19937_64 random(26);
  const batch b = random_batch(random, 21, 7);
  const at::Tensor z = b.logits(), y = b.labels();
  const auto cross_entropy = [&](double smoothing) {
    return at::cross_entropy_loss(z, y, {}, at::Reduction::Mean, -100, smoothing).item<double>();
  };
  const double tolerance = 64 * std::numeric_limits<double>::epsilon();
  for (double smoothing : {0.0, 0.1, 0.7, 1.0})
    CHECK(calibra::label_smoothing_loss(calibra::logits(z), y, {smoothing}).item<double>() ==
          Approx(cross_entropy(smoothing)).epsilon(tolerance));
  CHECK(calibra::focal_loss(calibra::logits(z), y, {0}).item<double>() ==
        Approx(cross_entropy(0)).epsilon(tolerance));
  CHECK(calibra::confidence_penalty_loss(calibra::logits(z), y, {0}).item<double>() ==
        Approx(cross_entropy(0)).epsilon(tolerance));
}

TEST_CASE("nothing waits for the device, and nothing leaves it") {
  std::mt19937_64 random(24);
  const batch b = random_batch(random, 10, 4);
  for (const auto& loss : all_losses()) {
    INFO(loss.name);
    const at::Tensor logits = b.logits().to(fake::device()).requires_grad_();
    const at::Tensor labels = b.labels().to(fake::device());
    fake::reset();
    const at::Tensor value = loss.tensor(logits, labels);
    const at::Tensor slope = gradient_of(value, logits);
    CHECK(!fake::counts().operations.empty());
    CHECK(fake::counts().synchronisations() == 0);
    CHECK(value.device() == fake::device());
    CHECK(slope.device() == fake::device());
    matrix<double> gradient(10, 4);
    CHECK(std::abs(value.cpu().item<double>() - loss.host(b.z, b.y, gradient)) < 1e-12);
    CHECK(largest_difference(slope, gradient) < 1e-10);
  }
}

TEST_CASE("elements that have no loss give NaN") {
  std::mt19937_64 random(25);
  const batch b = random_batch(random, 6, 3);
  for (const auto& loss : all_losses()) {
    INFO(loss.name);
    for (double bad :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity()})
      for (std::int64_t column : {0, 1, 2}) {
        at::Tensor logits = b.logits();
        logits[4][column] = bad;
        CHECK(std::isnan(loss.tensor(logits, b.labels()).item<double>()));
      }
    for (std::int64_t bad : {-100, -1, 3, 1000}) {
      at::Tensor labels = b.labels();
      labels[2] = bad;
      CHECK(std::isnan(loss.tensor(b.logits(), labels).item<double>()));
    }
    const at::Tensor none = at::empty({0, 3}, at::kHalf).requires_grad_();
    const at::Tensor value = loss.tensor(none, at::empty({0}, at::kLong));
    CHECK(std::isnan(value.item<double>()));
    CHECK(value.scalar_type() == at::kFloat);
    CHECK(gradient_of(value, none).numel() == 0);
  }
}

TEST_CASE("every kind of score has the loss and the slopes of the host") {
  std::mt19937_64 random(27);
  constexpr std::int64_t n = 14;
  const batch b = random_batch(random, n, 4);
  const at::Tensor p = b.logits().softmax(1);
  // Ends of the range: a label of probability 1, others of probability 0, a tie.
  p[0].copy_(at::tensor({0.0, 1.0, 0.0, 0.0}));
  p[1].copy_(at::tensor({0.5, 0.0, 0.5, 0.0}));
  labels_type y = b.y;
  y[0] = 1, y[1] = 2;
  labels_type events(n);
  for (auto& event : events) event = static_cast<std::int64_t>(random() % 2);
  at::Tensor one_p = b.logits().select(1, 0).sigmoid();
  one_p[0] = 0.5;
  one_p[1] = static_cast<double>(events[1]);

  const auto table = [](const at::Tensor& t) {
    return calibra::matrix_view<double>(t.data_ptr<double>(), static_cast<std::size_t>(t.size(0)),
                                        static_cast<std::size_t>(t.size(1)));
  };
  const auto column = [](const at::Tensor& t) {
    return calibra::vector_view<double>(t.data_ptr<double>(), static_cast<std::size_t>(t.size(0)));
  };
  for_each_loss([&](const std::string& name, auto of_probabilities, const auto& loss) {
    const auto check = [&](const auto& kind, const auto& view, const at::Tensor& scores,
                           const labels_type& labels, const at::Tensor& label_tensor) {
      const at::Tensor given = scores.clone().requires_grad_();
      const at::Tensor value = loss(kind(given), label_tensor);
      at::Tensor gradient = at::zeros_like(scores);
      const auto out = view(gradient);
      const double expected = loss(kind(view(scores)), labels, out);
      INFO(name << ", " << scores.dim() << " dimensions, " << expected);
      const double found = value.item<double>();
      CHECK((found == expected || std::abs(found - expected) < 1e-12 * (1 + std::abs(expected))));
      const at::Tensor slope = gradient_of(value, given);
      CHECK((slope.eq(gradient).logical_or((slope - gradient).abs().lt(1e-10))).all().item<bool>());
    };
    check([](const auto& x) { return calibra::logits(x); }, table, b.logits(), b.y,
          b.labels().to(at::kInt));
    check([](const auto& x) { return calibra::binary_logits(x); }, column,
          b.logits().select(1, 0).contiguous(), events, at::tensor(events).to(at::kBool));
    if constexpr (of_probabilities.value) {
      check([](const auto& x) { return calibra::probabilities(x); }, table, p, y, at::tensor(y));
      check([](const auto& x) { return calibra::binary_probabilities(x); }, column, one_p, events,
            at::tensor(events).to(at::kByte));
      // A label of probability 0.
      labels_type impossible = y;
      impossible[0] = 2;
      check([](const auto& x) { return calibra::probabilities(x); }, table, p, impossible,
            at::tensor(impossible));
    }
  });
}

TEST_CASE("options reach the losses of tensors of every kind") {
  const at::Tensor p = at::tensor({0.25, 0.75, 0.0, 1.0}).reshape({2, 2});
  const at::Tensor y = at::tensor({0, 1});
  const auto scores = calibra::probabilities(p);
  for (double smoothing : {0.0, 1.0}) {
    const at::Tensor value = calibra::label_smoothing_loss(scores, y, {smoothing});
    CHECK((smoothing == 0 ? value.item<double>() == Approx(-std::log(0.25) / 2)
                          : std::isinf(value.item<double>())));
  }
  CHECK(calibra::dca_loss(scores, y).item<double>() == Approx(0.375));
}

TEST_CASE("what is no probability gives NaN") {
  const at::Tensor good = at::tensor({0.25, 0.75, 0.5, 0.5}).reshape({2, 2});
  const at::Tensor y = at::tensor({0, 1});
  const auto loss = [&](const at::Tensor& p) {
    return calibra::mdca_loss(calibra::probabilities(p), y).item<double>();
  };
  const double nan = std::nan("");
  CHECK(std::isfinite(loss(good)));
  for (const auto& [first, second] :
       {std::array<double, 2>{-0.5, 1.5}, {2, 1}, {0.5, 0.25}, {nan, 0.5}, {HUGE_VAL, 0}}) {
    at::Tensor bad = good.clone();
    bad[1][0] = first;
    bad[1][1] = second;
    CHECK(std::isnan(loss(bad)));
  }
  for (double bad : {-0.25, 1.25, nan})
    CHECK(std::isnan(calibra::focal_loss(calibra::binary_probabilities(at::tensor({0.5, bad})), y)
                         .item<double>()));
  // Rounding is no fault, in the type that it happened in.
  CHECK(std::isfinite(loss(good.to(at::kBFloat16) * 1.03125)));
  CHECK(std::isnan(loss(good * 1.03125)));
}

TEST_CASE("probabilities on a device: nothing waits") {
  const at::Tensor p = at::tensor({0.25, 0.75, 0.5, 0.5}).reshape({2, 2}).to(fake::device());
  const at::Tensor y = at::tensor({0, 1}).to(fake::device());
  for_each_loss([&](const std::string& name, auto of_probabilities, const auto& loss) {
    if constexpr (of_probabilities.value) {
      INFO(name);
      const at::Tensor both = p.clone().requires_grad_();
      const at::Tensor one = p.select(1, 0).contiguous().requires_grad_();
      fake::reset();
      const at::Tensor value =
          loss(calibra::probabilities(both), y) + loss(calibra::binary_probabilities(one), y);
      value.backward();
      CHECK(!fake::counts().operations.empty());
      CHECK(fake::counts().synchronisations() == 0);
      CHECK(both.grad().device() == fake::device());
    }
  });
}

TEST_CASE("tensors that do not fit are refused by name") {
  const at::Tensor z = at::zeros({4, 3}), y = at::zeros({4}, at::kLong);
  for (const auto& loss : all_losses()) {
    INFO(loss.name);
    CHECK_THROWS_AS(loss.tensor(at::Tensor(), y), calibra::shape_error);
    CHECK_THROWS_AS(loss.tensor(z, at::Tensor()), calibra::shape_error);
    CHECK_THROWS_AS(loss.tensor(at::zeros({4}), y), calibra::shape_error);
    CHECK_THROWS_AS(loss.tensor(at::zeros({4, 0}), y), calibra::shape_error);
    CHECK_THROWS_AS(loss.tensor(z, at::zeros({4, 1}, at::kLong)), calibra::shape_error);
    CHECK_THROWS_AS(loss.tensor(z, at::zeros({3}, at::kLong)), calibra::shape_error);
    CHECK_THROWS_AS(loss.tensor(z.to(at::kLong), y), calibra::value_error);
    CHECK_THROWS_AS(loss.tensor(z, y.to(at::kFloat)), calibra::value_error);
    CHECK_THROWS_AS(loss.tensor(z, y.to(fake::device())), calibra::value_error);
  }
  CHECK(message_of<calibra::value_error>(
            [&] { static_cast<void>(calibra::mmce_loss(calibra::logits(z), y.to(at::kFloat))); }) ==
        "mmce_loss(): scores are [4, 3] float32 on cpu, labels are [4] float32 on cpu; expected "
        "labels of an integer type: labels.to(at::kLong)");
  CHECK(message_of<calibra::shape_error>(
            [&] { static_cast<void>(calibra::dca_loss(calibra::logits(z), at::Tensor())); }) ==
        "dca_loss(): scores are [4, 3] float32 on cpu, labels are undefined; expected two tensors");
  CHECK_THROWS_AS(calibra::soft_avuc_loss(calibra::logits(at::zeros({4, 1})), y),
                  calibra::shape_error);
}
