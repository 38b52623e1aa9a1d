// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Losses of probabilities and of binary scores, against those of logits.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/loss/avuc_loss.hpp"
#include "calibra/loss/confidence_penalty_loss.hpp"
#include "calibra/loss/dca_loss.hpp"
#include "calibra/loss/focal_loss.hpp"
#include "calibra/loss/label_smoothing_loss.hpp"
#include "calibra/loss/margin_smoothing_loss.hpp"
#include "calibra/loss/mdca_loss.hpp"
#include "calibra/loss/mmce_loss.hpp"
#include "calibra/loss/soft_avuc_loss.hpp"
#include "calibra/loss/soft_binned_ece_loss.hpp"
#include "calibra/scores.hpp"
#include "constants.hpp"

using calibra::binary_logits;
using calibra::binary_probabilities;
using calibra::logits;
using calibra::matrix;
using calibra::probabilities;

using namespace calibra::test;

namespace {

using labels_type = std::vector<int>;

#define CALIBRA_VISIT(name)                                                      \
  visit(#name, [](const auto& scores, const auto& labels, auto&&... rest) {      \
    return calibra::name(scores, labels, std::forward<decltype(rest)>(rest)...); \
  })

/// visit(name, loss) for each loss that is defined on every kind; the loss is called as its
/// function is, with and without a gradient.
template<class Visit>
void for_each_loss(const Visit& visit) {
  CALIBRA_VISIT(mmce_loss);
  CALIBRA_VISIT(soft_binned_ece_loss);
  CALIBRA_VISIT(mdca_loss);
  CALIBRA_VISIT(dca_loss);
  CALIBRA_VISIT(avuc_loss);
  CALIBRA_VISIT(soft_avuc_loss);
  CALIBRA_VISIT(focal_loss);
  CALIBRA_VISIT(confidence_penalty_loss);
  CALIBRA_VISIT(label_smoothing_loss);
}

struct batch {
  matrix<double> z, p;
  labels_type y;
};

batch random_batch(std::mt19937_64& random, std::size_t n, std::size_t k) {
  batch b{matrix<double>(n, k), matrix<double>(n, k), labels_type(n)};
  std::normal_distribution<double> normal(0, 1.5);
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < k; ++j) {
      b.z(i, j) = normal(random);
      sum += b.p(i, j) = std::exp(b.z(i, j));
    }
    for (std::size_t j = 0; j < k; ++j) b.p(i, j) /= sum;
    b.y[i] = static_cast<int>(random() % k);
  }
  return b;
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

TEST_CASE("losses of probabilities are those of their logits") {
  std::mt19937_64 random(31);
  const batch b = random_batch(random, 23, 5);
  for_each_loss([&](const std::string& name, const auto& loss) {
    INFO(name);
    matrix<double> by_z(23, 5), by_p(23, 5);
    const double value = loss(logits(b.z), b.y, by_z);
    CHECK(loss(probabilities(b.p), b.y) == Approx(value).epsilon(256 * epsilon));
    CHECK(loss(probabilities(b.p), b.y, by_p) == loss(probabilities(b.p), b.y));
    // The softmax takes the slopes by p to those by z.
    double largest = 0;
    for (std::size_t i = 0; i < 23; ++i) {
      double mean = 0;
      for (std::size_t k = 0; k < 5; ++k) mean += b.p(i, k) * by_p(i, k);
      for (std::size_t k = 0; k < 5; ++k) {
        CHECK(b.p(i, k) * (by_p(i, k) - mean) ==
              Approx(by_z(i, k)).epsilon(256 * epsilon).margin(256 * epsilon));
        largest = std::max(largest, std::abs(by_p(i, k)));
      }
    }
    CHECK(largest > 1e-3);
  });
}

TEST_CASE("the gradient by probabilities takes each for a variable of its own") {
  // A step that stays within what a row's sum may be off by.
  constexpr double step = 0x1p-23;
  std::mt19937_64 random(32);
  const batch b = random_batch(random, 7, 3);
  for_each_loss([&](const std::string& name, const auto& loss) {
    INFO(name);
    matrix<double> gradient(7, 3);
    loss(probabilities(b.p), b.y, gradient);
    for (std::size_t i = 0; i < 7; ++i)
      for (std::size_t k = 0; k < 3; ++k) {
        matrix<double> up = b.p, down = b.p;
        up(i, k) += step;
        down(i, k) -= step;
        const double expected =
            (loss(probabilities(up), b.y) - loss(probabilities(down), b.y)) / (2 * step);
        CHECK(gradient(i, k) == Approx(expected).epsilon(0).margin(64 * epsilon / step));
      }
  });
}

TEST_CASE("binary scores are rows of two classes") {
  std::mt19937_64 random(33);
  std::normal_distribution<double> normal(0, 2);
  std::vector<double> x(19), p(19), by_x(19), by_p(19);
  matrix<double> z(19, 2), both(19, 2), by_z(19, 2), by_both(19, 2);
  labels_type y(19);
  for (std::size_t i = 0; i < 19; ++i) {
    x[i] = normal(random);
    p[i] = 1 / (1 + std::exp(-x[i]));
    z(i, 1) = x[i];
    both(i, 0) = 1 - p[i];
    both(i, 1) = p[i];
    y[i] = static_cast<int>(random() % 2);
  }
  const auto check_logits = [&](const std::string& name, const auto& loss) {
    INFO(name);
    const double value = loss(logits(z), y, by_z);
    CHECK(loss(binary_logits(x), y) == value);
    CHECK(loss(binary_logits(x), y, by_x) == value);
    for (std::size_t i = 0; i < 19; ++i) CHECK(by_x[i] == by_z(i, 1));
  };
  for_each_loss(check_logits);
  for_each_loss([&](const std::string& name, const auto& loss) {
    INFO(name);
    const double value = loss(probabilities(both), y, by_both);
    CHECK(loss(binary_probabilities(p), y, by_p) == Approx(value).epsilon(64 * epsilon));
    CHECK(value == Approx(loss(logits(z), y)).epsilon(256 * epsilon));
    for (std::size_t i = 0; i < 19; ++i)
      CHECK(by_p[i] == Approx(by_both(i, 1) - by_both(i, 0)).epsilon(256 * epsilon));
  });
  const auto& visit = check_logits;
  CALIBRA_VISIT(margin_smoothing_loss);
  CHECK(calibra::margin_smoothing_loss(binary_logits(x), y, {0.5, 3}) ==
        calibra::margin_smoothing_loss(logits(z), y, {0.5, 3}));
  // The gradient may take the place of the scores here, too.
  std::vector<double> in_place = x;
  calibra::mmce_loss(binary_logits(x), y, by_x);
  calibra::mmce_loss(binary_logits(in_place), y, in_place);
  CHECK(in_place == by_x);
}

TEST_CASE("a probability of one half is class 0, as in the metrics") {
  const std::vector<double> p{0.5};
  CHECK(calibra::dca_loss(binary_probabilities(p), labels_type{0}) == 0.5);
  CHECK(calibra::mdca_loss(binary_probabilities(p), labels_type{1}) == 0.5);
  std::vector<double> slope(1);
  calibra::dca_loss(binary_probabilities(p), labels_type{1}, slope);  // r = 1 - p, and wrong
  CHECK(slope[0] == -1);
}

TEST_CASE("probabilities of 0 and 1") {
  matrix<double> p(2, 3), gradient(2, 3);
  p(0, 0) = 1;
  p(1, 1) = 0.25, p(1, 2) = 0.75;
  const labels_type hit{0, 2}, impossible{1, 2};
  for_each_loss([&](const std::string& name, const auto& loss) {
    INFO(name);
    CHECK(std::isfinite(loss(probabilities(p), hit, gradient)) == (name != "label_smoothing_loss"));
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t k = 0; k < 3; ++k) {
        CHECK(!std::isnan(gradient(i, k)));
        // Of label smoothing the zeros are parts of the target.
        CHECK(std::isfinite(gradient(i, k)) == (name != "label_smoothing_loss" || p(i, k) > 0));
      }
  });
  // A label of probability 0 costs without bound, and without smoothing no other class does.
  for (double value : {calibra::focal_loss(probabilities(p), impossible, gradient),
                       calibra::confidence_penalty_loss(probabilities(p), impossible, gradient),
                       calibra::label_smoothing_loss(probabilities(p), impossible, gradient)}) {
    CHECK(value == infinity);
    CHECK(gradient(0, 1) == -infinity);
    CHECK(!std::isnan(gradient(0, 0)));
  }
  CHECK(calibra::label_smoothing_loss(probabilities(p), hit, gradient, {0}) ==
        Approx(-std::log(0.75) / 2));
  CHECK(gradient(0, 1) == 0);
  const std::vector<double> sure{1, 0};
  std::vector<double> slope(2);
  CHECK(calibra::focal_loss(binary_probabilities(sure), labels_type{0, 0}, slope) == infinity);
  CHECK(slope[0] == infinity);
  CHECK(slope[1] == 0);
  CHECK(calibra::confidence_penalty_loss(binary_probabilities(sure), labels_type{1, 0}) == 0);
}

TEST_CASE("rows of probabilities may be off by rounding") {
  // 1000 classes in bfloat16, whose sum is off by some percent.
  std::mt19937_64 random(34);
  const batch b = random_batch(random, 4, 1000);
  std::vector<calibra::bfloat16> rounded(4000);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t k = 0; k < 1000; ++k)
      rounded[i * 1000 + k] = calibra::bfloat16(static_cast<float>(b.p(i, k)));
  const calibra::matrix_view<const calibra::bfloat16> p(rounded.data(), 4, 1000);
  CHECK(std::isfinite(calibra::soft_avuc_loss(probabilities(p), b.y)));
  // Beyond 1 by rounding counts as 1.
  std::vector<float> beyond{1 + 4 * std::numeric_limits<float>::epsilon(), 0};
  const calibra::matrix_view<const float> one(beyond.data(), 1, 2);
  CHECK(calibra::dca_loss(probabilities(one), labels_type{0}) == 0);
  CHECK(calibra::focal_loss(probabilities(one), labels_type{0}) == 0);
}

TEST_CASE("what is no probability is refused with its place") {
  matrix<double> p(2, 2), gradient(2, 2);
  p(0, 0) = p(1, 1) = 1;
  gradient(0, 0) = 7;
  const labels_type y{0, 1};
  const auto message = [&] {
    return message_of<calibra::value_error>(
        [&] { calibra::dca_loss(probabilities(p), y, gradient); });
  };
  for (double bad : {-0.25, std::numeric_limits<double>::quiet_NaN(), infinity, -infinity}) {
    p(1, 0) = bad;
    CHECK(message() == calibra::detail::concat("dca_loss(): probability ", bad,
                                               " at row 1, column 0 is not in [0, 1]; "
                                               "if these are logits, give them as logits"));
  }
  p(1, 0) = 1.5, p(1, 1) = -0.5;
  CHECK(message() ==
        "dca_loss(): probability -0.5 at row 1, column 1 is not in [0, 1]; if these are logits, "
        "give them as logits");
  p(1, 0) = 2, p(1, 1) = 1;
  CHECK(message() ==
        "dca_loss(): probability 2 at row 1, column 0 is not in [0, 1]; if these are logits, "
        "give them as logits");
  p(1, 0) = 0.25, p(1, 1) = 0.5;
  CHECK(message().rfind("dca_loss(): the probabilities of row 1 sum to 0.75, expected 1 within ",
                        0) == 0);
  for (double bad : {-0.25, 1.25, std::numeric_limits<double>::quiet_NaN()}) {
    const std::vector<double> one{0.5, bad};
    CHECK(message_of<calibra::value_error>([&] {
            static_cast<void>(calibra::focal_loss(binary_probabilities(one), y));
          }) == calibra::detail::concat("focal_loss(): probability ", bad,
                                        " at row 1 is not in [0, 1]; if these are "
                                        "logits, give them as logits"));
  }
  CHECK(gradient(0, 0) == 7);
  std::vector<double> x{0, infinity}, slope(3);
  CHECK_THROWS_AS(calibra::mmce_loss(binary_logits(x), y), calibra::value_error);
  x[1] = 0;
  CHECK_THROWS_AS(calibra::mmce_loss(binary_logits(x), labels_type{0, 2}), calibra::value_error);
  CHECK_THROWS_AS(calibra::mmce_loss(binary_logits(x), labels_type{0}), calibra::shape_error);
  CHECK_THROWS_AS(calibra::mmce_loss(binary_logits(x), y, slope), calibra::shape_error);
  CHECK(std::isnan(calibra::mmce_loss(binary_logits(std::vector<float>{}), labels_type{})));
}
