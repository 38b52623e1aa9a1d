// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/evaluate/tabulate.hpp"
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
#include "calibra/metrics/mmce.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"
#include "constants.hpp"

using calibra::logits;
using calibra::matrix;

using namespace calibra::test;

namespace {

using labels_type = std::vector<int>;

// ---- what a batch is, the plain way ------------------------------------------------------------

struct naive_batch {
  std::vector<std::vector<double>> p;
  std::vector<double> r, c, h;
  std::size_t n, k;

  naive_batch(const matrix<double>& z, const labels_type& y) : n(z.rows()), k(z.cols()) {
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double> e(k);
      double sum = 0, entropy = 0;
      for (std::size_t j = 0; j < k; ++j) sum += e[j] = std::exp(z(i, j));
      for (double& x : e) x /= sum;
      for (double x : e) entropy -= x * std::log(x);
      const auto top = std::max_element(e.begin(), e.end());
      r.push_back(*top);
      c.push_back(top - e.begin() == y[i] ? 1 : 0);
      h.push_back(entropy);
      p.push_back(e);
    }
  }
};

double naive_cross_entropy(const naive_batch& b, const labels_type& y) {
  double sum = 0;
  for (std::size_t i = 0; i < b.n; ++i) sum -= std::log(b.p[i][static_cast<std::size_t>(y[i])]);
  return sum / static_cast<double>(b.n);
}

double naive_mmce(const matrix<double>& z, const labels_type& y, double h) {
  const naive_batch b(z, y);
  double sum = 0;
  for (std::size_t i = 0; i < b.n; ++i)
    for (std::size_t j = 0; j < b.n; ++j)
      sum += (b.c[i] - b.r[i]) * (b.c[j] - b.r[j]) * std::exp(-std::abs(b.r[i] - b.r[j]) / h);
  return std::sqrt(sum) / static_cast<double>(b.n);
}

// The three double sums of the paper, each over its own pairs.
double naive_wmmce_squared(const matrix<double>& z, const labels_type& y, double h) {
  const naive_batch b(z, y);
  double hits = 0, wrong_wrong = 0, right_right = 0, right_wrong = 0;
  for (double c : b.c) hits += c;
  const double misses = static_cast<double>(b.n) - hits;
  for (std::size_t i = 0; i < b.n; ++i)
    for (std::size_t j = 0; j < b.n; ++j) {
      const double kernel = std::exp(-std::abs(b.r[i] - b.r[j]) / h);
      if (b.c[i] == 0 && b.c[j] == 0) wrong_wrong += b.r[i] * b.r[j] * kernel;
      if (b.c[i] == 1 && b.c[j] == 1) right_right += (1 - b.r[i]) * (1 - b.r[j]) * kernel;
      if (b.c[i] == 1 && b.c[j] == 0) right_wrong += (1 - b.r[i]) * b.r[j] * kernel;
    }
  double sum = 0;
  if (misses > 0) sum += wrong_wrong / (misses * misses);
  if (hits > 0) sum += right_right / (hits * hits);
  if (hits > 0 && misses > 0) sum -= 2 * right_wrong / (hits * misses);
  return sum;
}

double naive_soft_binned_ece(const matrix<double>& z, const labels_type& y, std::size_t bins,
                             double temperature, double q) {
  const naive_batch b(z, y);
  std::vector<double> s(bins), a(bins), c(bins);
  for (std::size_t i = 0; i < b.n; ++i) {
    std::vector<double> u(bins);
    double sum = 0;
    for (std::size_t j = 0; j < bins; ++j) {
      const double centre = (static_cast<double>(j + 1) - 0.5) / static_cast<double>(bins);
      sum += u[j] = std::exp(-std::pow(b.r[i] - centre, 2) / temperature);
    }
    for (std::size_t j = 0; j < bins; ++j) {
      s[j] += u[j] / sum;
      a[j] += u[j] / sum * b.c[i];
      c[j] += u[j] / sum * b.r[i];
    }
  }
  double total = 0, power = 0;
  for (double x : s) total += x;
  for (std::size_t j = 0; j < bins; ++j) {
    const double mass = std::max(s[j], 1e-5);
    power += s[j] / total * std::pow(std::abs(a[j] / mass - c[j] / mass), q);
  }
  return std::pow(power, 1 / q);
}

double naive_mdca(const matrix<double>& z, const labels_type& y) {
  const naive_batch b(z, y);
  double sum = 0;
  for (std::size_t k = 0; k < b.k; ++k) {
    double confidence = 0, share = 0;
    for (std::size_t i = 0; i < b.n; ++i) {
      confidence += b.p[i][k];
      share += y[i] == static_cast<int>(k);
    }
    sum += std::abs(confidence / static_cast<double>(b.n) - share / static_cast<double>(b.n));
  }
  return sum / static_cast<double>(b.k);
}

double naive_dca(const matrix<double>& z, const labels_type& y) {
  const naive_batch b(z, y);
  double confidence = 0, accuracy = 0;
  for (std::size_t i = 0; i < b.n; ++i) {
    confidence += b.r[i] / static_cast<double>(b.n);
    accuracy += b.c[i] / static_cast<double>(b.n);
  }
  return std::abs(accuracy - confidence);
}

double naive_avuc(const matrix<double>& z, const labels_type& y, double threshold) {
  const naive_batch b(z, y);
  double ac = 0, au = 0, ic = 0, iu = 0;
  for (std::size_t i = 0; i < b.n; ++i) {
    const double t = std::tanh(b.h[i]);
    if (b.c[i] == 1 && b.h[i] <= threshold) ac += b.r[i] * (1 - t);
    if (b.c[i] == 1 && b.h[i] > threshold) au += b.r[i] * t;
    if (b.c[i] == 0 && b.h[i] <= threshold) ic += (1 - b.r[i]) * (1 - t);
    if (b.c[i] == 0 && b.h[i] > threshold) iu += (1 - b.r[i]) * t;
  }
  return std::log(1 + (au + ic) / std::max(ac + iu, 1e-5));
}

double naive_soft_avuc(const matrix<double>& z, const labels_type& y, double kappa,
                       double temperature) {
  const naive_batch b(z, y);
  const double k = static_cast<double>(b.k);
  double ac = 0, au = 0, ic = 0, iu = 0;
  for (std::size_t i = 0; i < b.n; ++i) {
    double u = 0;
    for (double p : b.p[i]) {
      const double smooth = (1 - 1e-5) * p + 1e-5 / k;
      u -= smooth * std::log(smooth);
    }
    const double e = std::min(u / std::log(k), 1 - 1e-6);
    const double x = std::log(e * (1 - kappa) / ((1 - e) * kappa)) / temperature;
    const double q = 1 / (1 + std::exp(-x));
    (b.c[i] == 1 ? ac : ic) += (1 - q) * (1 - std::tanh(u));
    (b.c[i] == 1 ? au : iu) += q * std::tanh(u);
  }
  return std::log(1 + (au + ic) / std::max(ac + iu, 1e-5));
}

double naive_focal(const matrix<double>& z, const labels_type& y, double gamma, bool flsd) {
  const naive_batch b(z, y);
  double sum = 0;
  for (std::size_t i = 0; i < b.n; ++i) {
    const double p = b.p[i][static_cast<std::size_t>(y[i])];
    double g = gamma;
    if (flsd && p < 0.2) g = 5;
    if (flsd && p >= 0.2 && p < 0.5) g = 3;
    sum += -std::pow(1 - p, g) * std::log(p);
  }
  return sum / static_cast<double>(b.n);
}

double naive_confidence_penalty(const matrix<double>& z, const labels_type& y, double beta) {
  const naive_batch b(z, y);
  double entropy = 0;
  for (double h : b.h) entropy += h / static_cast<double>(b.n);
  return naive_cross_entropy(b, y) - beta * entropy;
}

double naive_label_smoothing(const matrix<double>& z, const labels_type& y, double epsilon) {
  const naive_batch b(z, y);
  double sum = 0;
  for (std::size_t i = 0; i < b.n; ++i)
    for (std::size_t k = 0; k < b.k; ++k)
      sum -=
          ((y[i] == static_cast<int>(k) ? 1 - epsilon : 0) + epsilon / static_cast<double>(b.k)) *
          std::log(b.p[i][k]);
  return sum / static_cast<double>(b.n);
}

double naive_margin_smoothing(const matrix<double>& z, const labels_type& y, double margin,
                              double alpha) {
  const naive_batch b(z, y);
  double sum = 0;
  for (std::size_t i = 0; i < b.n; ++i) {
    double max = z(i, 0);
    for (std::size_t k = 0; k < b.k; ++k) max = std::max(max, z(i, k));
    for (std::size_t k = 0; k < b.k; ++k) sum += std::max(0.0, max - z(i, k) - margin);
  }
  return naive_cross_entropy(b, y) + alpha * sum / static_cast<double>(b.n * b.k);
}

// ---- all losses, one shape ---------------------------------------------------------------------

struct loss_case {
  std::string name;
  std::function<double(const matrix<double>&, const labels_type&)> value;
  std::function<double(const matrix<double>&, const labels_type&, matrix<double>&)> gradient;
  std::function<double(const matrix<double>&, const labels_type&)> oracle;
  bool complete = false;  // cross-entropy is part of it
};

#define CALIBRA_LOSS_CASE(text, function, complete, oracle, ...)                                  \
  loss_case {                                                                                     \
    text,                                                                                         \
        [](const auto& z, const auto& y) { return calibra::function(logits(z), y __VA_ARGS__); }, \
        [](const auto& z, const auto& y, auto& g) {                                               \
          return calibra::function(logits(z), y, g __VA_ARGS__);                                  \
        },                                                                                        \
        [](const auto& z, const auto& y) { return oracle; }, complete                             \
  }
#define CALIBRA_WITH , calibra::

const std::vector<loss_case>& all_losses() {
  static const std::vector<loss_case> cases{
      CALIBRA_LOSS_CASE("mmce", mmce_loss, false, naive_mmce(z, y, 0.4), ),
      CALIBRA_LOSS_CASE("mmce, squared, h = 0.1", mmce_loss, false,
                        std::pow(naive_mmce(z, y, 0.1), 2),
                        CALIBRA_WITH mmce_loss_options{0.1, false, true}),
      CALIBRA_LOSS_CASE("wmmce", mmce_loss, false, std::sqrt(naive_wmmce_squared(z, y, 0.4)),
                        CALIBRA_WITH mmce_loss_options{0.4, true, false}),
      CALIBRA_LOSS_CASE("wmmce, squared", mmce_loss, false, naive_wmmce_squared(z, y, 0.4),
                        CALIBRA_WITH mmce_loss_options{0.4, true, true}),
      CALIBRA_LOSS_CASE("sb-ece", soft_binned_ece_loss, false,
                        naive_soft_binned_ece(z, y, 15, 0.01, 2), ),
      CALIBRA_LOSS_CASE("sb-ece, hard bins, q = 1", soft_binned_ece_loss, false,
                        naive_soft_binned_ece(z, y, 10, 0.001, 1),
                        CALIBRA_WITH soft_binned_ece_loss_options{10, 0.001, 1}),
      CALIBRA_LOSS_CASE("sb-ece, q = 3.5", soft_binned_ece_loss, false,
                        naive_soft_binned_ece(z, y, 4, 0.02, 3.5),
                        CALIBRA_WITH soft_binned_ece_loss_options{4, 0.02, 3.5}),
      CALIBRA_LOSS_CASE("mdca", mdca_loss, false, naive_mdca(z, y), ),
      CALIBRA_LOSS_CASE("dca", dca_loss, false, naive_dca(z, y), ),
      CALIBRA_LOSS_CASE("avuc", avuc_loss, false,
                        naive_avuc(z, y, std::log(static_cast<double>(z.cols())) / 2), ),
      CALIBRA_LOSS_CASE("avuc, 1 nat", avuc_loss, false, naive_avuc(z, y, 1),
                        CALIBRA_WITH avuc_loss_options{1.0}),
      CALIBRA_LOSS_CASE("soft avuc", soft_avuc_loss, false, naive_soft_avuc(z, y, 0.5, 1), ),
      CALIBRA_LOSS_CASE("soft avuc, kappa = 0.2, T = 0.3", soft_avuc_loss, false,
                        naive_soft_avuc(z, y, 0.2, 0.3),
                        CALIBRA_WITH soft_avuc_loss_options{0.2, 0.3}),
      CALIBRA_LOSS_CASE("focal", focal_loss, true, naive_focal(z, y, 3, false), ),
      CALIBRA_LOSS_CASE("focal, gamma = 0.5", focal_loss, true, naive_focal(z, y, 0.5, false),
                        CALIBRA_WITH focal_loss_options{0.5}),
      CALIBRA_LOSS_CASE("focal, flsd-53, gamma = 2", focal_loss, true, naive_focal(z, y, 2, true),
                        CALIBRA_WITH focal_loss_options{2 CALIBRA_WITH focal_schedule::flsd_53}),
      CALIBRA_LOSS_CASE("confidence penalty", confidence_penalty_loss, true,
                        naive_confidence_penalty(z, y, 0.1), ),
      CALIBRA_LOSS_CASE("label smoothing", label_smoothing_loss, true,
                        naive_label_smoothing(z, y, 0.1), ),
      CALIBRA_LOSS_CASE("margin smoothing, margin = 1.5", margin_smoothing_loss, true,
                        naive_margin_smoothing(z, y, 1.5, 0.3),
                        CALIBRA_WITH margin_smoothing_loss_options{1.5, 0.3}),
      CALIBRA_LOSS_CASE("margin smoothing", margin_smoothing_loss, true,
                        naive_margin_smoothing(z, y, 10, 0.1), ),
  };
  return cases;
}

struct batch {
  matrix<double> z;
  labels_type y;
};

/// Labels that agree with the prediction about half of the time.
batch random_batch(std::mt19937_64& random, std::size_t n, std::size_t k, double spread = 2) {
  batch b{matrix<double>(n, k), labels_type(n)};
  std::normal_distribution<double> normal(0, spread);
  std::uniform_int_distribution<int> any(0, static_cast<int>(k) - 1);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t top = 0;
    for (std::size_t j = 0; j < k; ++j) {
      b.z(i, j) = normal(random);
      if (b.z(i, j) > b.z(i, top)) top = j;
    }
    b.y[i] = random() % 2 ? static_cast<int>(top) : any(random);
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

TEST_CASE("losses equal their formulas written out") {
  std::mt19937_64 random(11);
  for (const auto& loss : all_losses())
    for (const auto& [n, k] : {std::array<std::size_t, 2>{1, 2}, {2, 3}, {17, 2}, {40, 5}, {9, 33}})
      for (int round = 0; round < 3; ++round) {
        const batch b = random_batch(random, n, k);
        INFO(loss.name << ", N = " << n << ", K = " << k);
        const double expected = loss.oracle(b.z, b.y);
        // The oracle's own roundings: the root of a difference of sums for WMMCE.
        CHECK(loss.value(b.z, b.y) ==
              Approx(expected).epsilon(1e4 * epsilon).margin(1e2 * epsilon));
      }
}

TEST_CASE("gradients of losses equal central differences") {
  std::mt19937_64 random(12);
  constexpr double step = 1e-5;
  for (const auto& loss : all_losses()) {
    double largest = 0;
    for (const auto& [n, k] : {std::array<std::size_t, 2>{1, 3}, {6, 2}, {12, 4}, {5, 9}}) {
      const batch b = random_batch(random, n, k);
      INFO(loss.name << ", N = " << n << ", K = " << k);
      matrix<double> gradient(n, k);
      CHECK(loss.gradient(b.z, b.y, gradient) == loss.value(b.z, b.y));
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) {
          batch up = b, down = b;
          up.z(i, j) += step;
          down.z(i, j) -= step;
          const double expected =
              (loss.value(up.z, up.y) - loss.value(down.z, down.y)) / (2 * step);
          INFO("row " << i << ", column " << j);
          CHECK(std::abs(gradient(i, j) - expected) < 1e-7);
          largest = std::max(largest, std::abs(gradient(i, j)));
        }
    }
    INFO(loss.name);
    CHECK(largest > 1e-3);  // there was something to compare
  }
}

TEST_CASE("losses do not change where they must not") {
  std::mt19937_64 random(13);
  for (const auto& loss : all_losses()) {
    INFO(loss.name);
    const batch b = random_batch(random, 23, 6);
    matrix<double> gradient(23, 6), other(23, 6);
    const double value = loss.gradient(b.z, b.y, gradient);

    batch shifted = b;  // a constant added to a row's logits
    for (std::size_t i = 0; i < 23; ++i)
      for (std::size_t k = 0; k < 6; ++k) shifted.z(i, k) += static_cast<double>(i) - 7.25;
    CHECK(loss.value(shifted.z, shifted.y) == Approx(value).epsilon(1e5 * epsilon));
    for (std::size_t i = 0; i < 23; ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < 6; ++k) sum += gradient(i, k);
      CHECK(std::abs(sum) < 64 * epsilon);
    }

    batch turned = b;  // another order of samples
    for (std::size_t i = 0; i < 23; ++i) {
      turned.y[i] = b.y[22 - i];
      for (std::size_t k = 0; k < 6; ++k) turned.z(i, k) = b.z(22 - i, k);
    }
    CHECK(loss.gradient(turned.z, turned.y, other) == Approx(value).epsilon(64 * epsilon));
    for (std::size_t i = 0; i < 23; ++i)
      for (std::size_t k = 0; k < 6; ++k)
        CHECK(other(i, k) ==
              Approx(gradient(22 - i, k)).epsilon(1e5 * epsilon).margin(64 * epsilon));

    batch renamed = b;  // another order of classes
    for (std::size_t i = 0; i < 23; ++i) {
      renamed.y[i] = 5 - b.y[i];
      for (std::size_t k = 0; k < 6; ++k) renamed.z(i, k) = b.z(i, 5 - k);
    }
    CHECK(loss.value(renamed.z, renamed.y) == Approx(value).epsilon(1e4 * epsilon));
  }
}

TEST_CASE("losses take arrays of any type and stride, and write any gradient") {
  std::mt19937_64 random(14);
  const batch b = random_batch(random, 7, 4);
  matrix<float> z32(7, 4);
  matrix<double> z(7, 4);
  std::vector<calibra::bfloat16> raw16(28);
  matrix<double> z16(7, 4);
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t k = 0; k < 4; ++k) {
      z32(i, k) = static_cast<float>(b.z(i, k));
      z(i, k) = static_cast<double>(z32(i, k));
      raw16[k * 7 + i] = calibra::bfloat16(z32(i, k));
      z16(i, k) = static_cast<double>(static_cast<float>(raw16[k * 7 + i]));
    }
  const std::vector<std::uint8_t> bytes(b.y.begin(), b.y.end());
  matrix<double> expected(7, 4);
  const double value = calibra::mmce_loss(logits(z), b.y, expected);

  matrix<float> rounded(7, 4);
  CHECK(calibra::mmce_loss(logits(z32), bytes, rounded) == value);
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t k = 0; k < 4; ++k) CHECK(rounded(i, k) == static_cast<float>(expected(i, k)));

  // Columns side by side, in and out.
  const calibra::matrix_view<const calibra::bfloat16> columns(raw16.data(), 7, 4, 1, 7);
  std::vector<double> out(28);
  calibra::matrix_view<double> out_columns(out.data(), 7, 4, 1, 7);
  CHECK(calibra::focal_loss(logits(columns), b.y, out_columns) ==
        calibra::focal_loss(logits(z16), b.y, expected));
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t k = 0; k < 4; ++k) CHECK(out[k * 7 + i] == expected(i, k));

  // The gradient may take the place of the logits.
  for (const auto& loss : all_losses()) {
    INFO(loss.name);
    matrix<double> in_place = b.z;
    const double apart = loss.gradient(b.z, b.y, expected);
    CHECK(loss.gradient(in_place, b.y, in_place) == apart);
    for (std::size_t i = 0; i < 7; ++i)
      for (std::size_t k = 0; k < 4; ++k) CHECK(in_place(i, k) == expected(i, k));
  }
}

TEST_CASE("empty batches and bad input") {
  for (const auto& loss : all_losses()) {
    INFO(loss.name);
    matrix<double> none(0, 3), no_gradient(0, 3);
    CHECK(std::isnan(loss.value(none, {})));
    CHECK(std::isnan(loss.gradient(none, {}, no_gradient)));
    CHECK_THROWS_AS(loss.value(matrix<double>(2, 0), {0, 0}), calibra::shape_error);
    CHECK_THROWS_AS(loss.value(matrix<double>(2, 3), {0}), calibra::shape_error);
    CHECK_THROWS_AS(loss.value(matrix<double>(2, 3), {0, 3}), calibra::value_error);
    CHECK_THROWS_AS(loss.value(matrix<double>(2, 3), {-1, 0}), calibra::value_error);

    for (double bad :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity()}) {
      matrix<double> z(3, 2), gradient(3, 2);
      gradient(0, 0) = 7;
      z(2, 1) = bad;
      CHECK_THROWS_AS(loss.gradient(z, {0, 1, 0}, gradient), calibra::value_error);
      CHECK(gradient(0, 0) == 7);
    }
    matrix<double> wrong(3, 3);
    CHECK_THROWS_AS(loss.gradient(matrix<double>(3, 2), {0, 1, 0}, wrong), calibra::shape_error);
  }
  matrix<double> z(3, 2);
  CHECK(message_of<calibra::value_error>([&] {
          static_cast<void>(calibra::dca_loss(logits(z), labels_type{0, 2, 0}));
        }) == "dca_loss(): label 2 at row 1 is not in [0, 2)");
  CHECK(message_of<calibra::shape_error>([&] {
          static_cast<void>(calibra::mdca_loss(logits(z), labels_type{0, 1}));
        }) == "mdca_loss(): expected 3 labels to match 3 rows, got 2");
  z(2, 1) = std::numeric_limits<double>::infinity();
  CHECK(message_of<calibra::value_error>([&] {
          static_cast<void>(calibra::focal_loss(logits(z), labels_type{0, 1, 0}));
        }) == "focal_loss(): logit inf at row 2, column 1; expected a finite number");
}

TEST_CASE("options out of range") {
  const matrix<double> z(2, 3);
  const labels_type y{0, 1};
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (double bad : {0.0, -1.0, nan, inf}) {
    CHECK_THROWS_AS(calibra::mmce_loss(logits(z), y, {bad, false, false}), calibra::option_error);
    CHECK_THROWS_AS(calibra::soft_binned_ece_loss(logits(z), y, {15, bad, 2}),
                    calibra::option_error);
    CHECK_THROWS_AS(calibra::soft_binned_ece_loss(logits(z), y, {15, 0.01, bad}),
                    calibra::option_error);
    CHECK_THROWS_AS(calibra::soft_avuc_loss(logits(z), y, {0.5, bad}), calibra::option_error);
    CHECK_THROWS_AS(calibra::soft_avuc_loss(logits(z), y, {bad, 1}), calibra::option_error);
  }
  for (double bad : {-1.0, nan, inf}) {
    CHECK_THROWS_AS(calibra::focal_loss(logits(z), y, {bad}), calibra::option_error);
    CHECK_THROWS_AS(calibra::confidence_penalty_loss(logits(z), y, {bad}), calibra::option_error);
    CHECK_THROWS_AS(calibra::label_smoothing_loss(logits(z), y, {bad}), calibra::option_error);
    CHECK_THROWS_AS(calibra::margin_smoothing_loss(logits(z), y, {bad, 1}), calibra::option_error);
    CHECK_THROWS_AS(calibra::margin_smoothing_loss(logits(z), y, {1, bad}), calibra::option_error);
  }
  CHECK_THROWS_AS(calibra::avuc_loss(logits(z), y, {nan}), calibra::option_error);
  CHECK_THROWS_AS(calibra::soft_binned_ece_loss(logits(z), y, {0, 0.01, 2}), calibra::option_error);
  CHECK_THROWS_AS(calibra::soft_binned_ece_loss(logits(z), y, {15, 0.01, 0.5}),
                  calibra::option_error);
  CHECK_THROWS_AS(calibra::soft_avuc_loss(logits(z), y, {1, 1}), calibra::option_error);
  CHECK_THROWS_AS(calibra::label_smoothing_loss(logits(z), y, {1.5}), calibra::option_error);
  CHECK_THROWS_AS(calibra::soft_avuc_loss(logits(matrix<double>(2, 1)), labels_type{0, 0}),
                  calibra::shape_error);
  CHECK(message_of<calibra::option_error>([&] {
          static_cast<void>(calibra::mmce_loss(logits(z), y, {0, false, false}));
        }) == "mmce_loss(): bandwidth is 0; expected a finite number > 0");
}

TEST_CASE("mmce_loss is the metric of the batch") {
  std::mt19937_64 random(15);
  const batch b = random_batch(random, 101, 4);
  const naive_batch naive(b.z, b.y);
  std::vector<int> hits(naive.c.begin(), naive.c.end());
  const double metric = calibra::mmce(calibra::collect(calibra::confidences(naive.r, hits)));
  CHECK(calibra::mmce_loss(logits(b.z), b.y) == Approx(metric).epsilon(64 * epsilon));
}

TEST_CASE("mmce_loss has the value of netcal 1.3.6 on a fixed batch") {
  // confidence, hit; the prediction is i mod 4 and the other classes share the rest.
  const std::vector<double> confidence{.30, .30, .35, .45, .55, .60, .60, .65,
                                       .70, .70, .80, .85, .90, .95, 1,   1};
  const std::vector<int> hit{0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0};
  batch b{matrix<double>(16, 4), labels_type(16)};
  for (std::size_t i = 0; i < 16; ++i) {
    const double rest = (1 - confidence[i]) / 3;
    for (std::size_t k = 0; k < 4; ++k) b.z(i, k) = rest > 0 ? std::log(rest) : -1e4;
    b.z(i, i % 4) = std::log(confidence[i]);
    b.y[i] = static_cast<int>(hit[i] ? i % 4 : (i + 1) % 4);
  }
  CHECK(calibra::mmce_loss(logits(b.z), b.y) == Approx(.10493591100772169).epsilon(64 * epsilon));
}

TEST_CASE("soft_binned_ece_loss with hard bins is the binned error") {
  // Confidences away from the borders of two bins: [1/2, 1] has everything.
  std::mt19937_64 random(16);
  const batch b = random_batch(random, 60, 2);
  const naive_batch naive(b.z, b.y);
  double gap = 0;
  for (std::size_t i = 0; i < 60; ++i) gap += (naive.c[i] - naive.r[i]) / 60;
  CHECK(calibra::soft_binned_ece_loss(logits(b.z), b.y, {1, 0.01, 2}) == Approx(std::abs(gap)));
  CHECK(calibra::soft_binned_ece_loss(logits(b.z), b.y, {1, 0.01, 2}) ==
        Approx(calibra::dca_loss(logits(b.z), b.y)));
}

TEST_CASE("special values of the complete losses are cross-entropy") {
  std::mt19937_64 random(17);
  const batch b = random_batch(random, 31, 5);
  const double expected = naive_cross_entropy(naive_batch(b.z, b.y), b.y);
  matrix<double> focal(31, 5), other(31, 5);
  CHECK(calibra::focal_loss(logits(b.z), b.y, focal, {0}) == Approx(expected));
  CHECK(calibra::confidence_penalty_loss(logits(b.z), b.y, other, {0}) == Approx(expected));
  for (std::size_t i = 0; i < 31; ++i)
    for (std::size_t k = 0; k < 5; ++k) CHECK(other(i, k) == Approx(focal(i, k)));
  CHECK(calibra::label_smoothing_loss(logits(b.z), b.y, {0}) == Approx(expected));
  CHECK(calibra::margin_smoothing_loss(logits(b.z), b.y, {10, 0}) == Approx(expected));
  CHECK(calibra::margin_smoothing_loss(logits(b.z), b.y, {1e6, 0.1}) == Approx(expected));
  // The published FLSD-53 has 3 above one half, too.
  CHECK(calibra::focal_loss(logits(b.z), b.y, {3, calibra::focal_schedule::flsd_53}) <
        calibra::focal_loss(logits(b.z), b.y));
}

TEST_CASE("the confidence penalty punishes peaked predictions") {
  // Of two batches of the same cross-entropy the peaked one costs more: beta enters with a minus.
  matrix<double> peaked(1, 3), flat(1, 3);
  peaked(0, 0) = std::log(0.3), peaked(0, 1) = std::log(0.699), peaked(0, 2) = std::log(0.001);
  flat(0, 0) = std::log(0.3), flat(0, 1) = std::log(0.35), flat(0, 2) = std::log(0.35);
  const labels_type y{0};
  CHECK(calibra::focal_loss(logits(peaked), y, {0}) ==
        Approx(calibra::focal_loss(logits(flat), y, {0})));
  CHECK(calibra::confidence_penalty_loss(logits(peaked), y) >
        calibra::confidence_penalty_loss(logits(flat), y));
}

TEST_CASE("the other label smoothing is this one with another epsilon") {
  std::mt19937_64 random(18);
  const batch b = random_batch(random, 13, 4);
  const naive_batch naive(b.z, b.y);
  constexpr double alpha = 0.15;
  double expected = 0;
  for (std::size_t i = 0; i < 13; ++i)
    for (std::size_t k = 0; k < 4; ++k)
      expected -=
          (b.y[i] == static_cast<int>(k) ? 1 - alpha : alpha / 3) * std::log(naive.p[i][k]) / 13;
  CHECK(calibra::label_smoothing_loss(logits(b.z), b.y, {alpha * 4 / 3}) == Approx(expected));
}

TEST_CASE("wmmce without hits or without misses has one group") {
  std::mt19937_64 random(19);
  batch b = random_batch(random, 12, 3);
  for (bool right : {true, false}) {
    for (std::size_t i = 0; i < 12; ++i) {
      int top = 0;
      for (int k = 1; k < 3; ++k)
        if (b.z(i, static_cast<std::size_t>(k)) > b.z(i, static_cast<std::size_t>(top))) top = k;
      b.y[i] = right ? top : (top + 1) % 3;
    }
    matrix<double> weighted(12, 3), plain(12, 3);
    CHECK(calibra::mmce_loss(logits(b.z), b.y, weighted, {0.4, true, false}) ==
          Approx(naive_mmce(b.z, b.y, 0.4)));
    CHECK(calibra::mmce_loss(logits(b.z), b.y, plain) == Approx(naive_mmce(b.z, b.y, 0.4)));
    for (std::size_t i = 0; i < 12; ++i)
      for (std::size_t k = 0; k < 3; ++k) CHECK(weighted(i, k) == Approx(plain(i, k)));
  }
}

TEST_CASE("equal confidences have no slope between them") {
  // Two equal rows, one right and one wrong: with |x| flat at 0 the slope is that of the residuals.
  matrix<double> z(2, 2), gradient(2, 2);
  z(0, 0) = z(1, 0) = 1;
  const double r = 1 / (1 + std::exp(-1.0));
  const double value = calibra::mmce_loss(logits(z), labels_type{0, 1}, gradient);
  CHECK(value == Approx(r - 0.5));  // |(1 - r) - r| / 2
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(gradient(i, 0) == Approx(0.5 * r * (1 - r)));
    CHECK(gradient(i, 1) == Approx(-0.5 * r * (1 - r)));
  }
}

TEST_CASE("no slope where a loss is at its least") {
  // Confidence 1/2 with one of two right: residuals cancel, every root and every |x| is at 0.
  const matrix<double> z(2, 2);
  matrix<double> gradient(2, 2);
  const labels_type y{0, 1};
  const auto flat = [&] {
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t k = 0; k < 2; ++k)
        if (gradient(i, k) != 0) return false;
    return true;
  };
  CHECK(calibra::mmce_loss(logits(z), y, gradient) == 0);
  CHECK(flat());
  CHECK(calibra::dca_loss(logits(z), y, gradient) == 0);
  CHECK(flat());
  CHECK(calibra::mdca_loss(logits(z), y, gradient) == 0);
  CHECK(flat());
  for (double q : {1.0, 1.5, 2.0}) {
    CHECK(calibra::soft_binned_ece_loss(logits(z), y, gradient, {5, 0.01, q}) == 0);
    CHECK(flat());
  }
  // The entropy of a uniform row is at its most, its log-odds have no value.
  CHECK(std::isfinite(calibra::soft_avuc_loss(logits(z), y, gradient)));
  CHECK(flat());
}

TEST_CASE("soft_avuc_loss is smooth at nearly uniform rows") {
  // Here e is held at 1 - 1e-6; without that its log-odds would have slopes in the thousands.
  const calibra::soft_avuc_loss_options options{0.5, 3};
  matrix<double> z(2, 3), gradient(2, 3);
  z(0, 0) = 3e-4;
  z(1, 2) = 2e-4;
  const labels_type y{0, 1};
  calibra::soft_avuc_loss(logits(z), y, gradient, options);
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = 0; k < 3; ++k) {
      matrix<double> up = z, down = z;
      up(i, k) += step;
      down(i, k) -= step;
      const double expected = (calibra::soft_avuc_loss(logits(up), y, options) -
                               calibra::soft_avuc_loss(logits(down), y, options)) /
                              (2 * step);
      CHECK(std::abs(gradient(i, k) - expected) < 1e-7);
    }
}

TEST_CASE("the first of the largest logits is the prediction") {
  matrix<double> z(1, 3), gradient(1, 3);
  z(0, 1) = z(0, 2) = 2;  // a tie of the classes 1 and 2
  const double other = 1 / (1 + 2 * std::exp(2.0)), r = std::exp(2.0) * other;
  CHECK(calibra::dca_loss(logits(z), labels_type{1}, gradient) == Approx(1 - r));
  CHECK(gradient(0, 0) == Approx(r * other));
  CHECK(gradient(0, 1) == Approx(-r * (1 - r)));
  CHECK(gradient(0, 2) == Approx(r * r));
  CHECK(calibra::dca_loss(logits(z), labels_type{2}) == Approx(r));
  // The margin is taken from the same one.
  matrix<double> plain(1, 3);
  calibra::margin_smoothing_loss(logits(z), labels_type{1}, gradient, {0, 3});
  calibra::margin_smoothing_loss(logits(z), labels_type{1}, plain, {0, 0});
  CHECK(gradient(0, 0) - plain(0, 0) == Approx(-1));
  CHECK(gradient(0, 1) - plain(0, 1) == Approx(1));
  CHECK(gradient(0, 2) - plain(0, 2) == Approx(0).margin(4 * epsilon));
  // A logit on the margin costs nothing and has no slope.
  calibra::margin_smoothing_loss(logits(z), labels_type{1}, gradient, {2, 3});
  for (std::size_t k = 0; k < 3; ++k) CHECK(gradient(0, k) == plain(0, k));
}

TEST_CASE("logits of any size give finite losses and slopes") {
  for (double scale : {50.0, 800.0, 1e300, 1.5e308}) {
    matrix<double> z(4, 3), gradient(4, 3);
    for (std::size_t i = 0; i < 4; ++i) {
      z(i, i % 3) = scale;
      z(i, (i + 1) % 3) = -scale;
    }
    const labels_type y{0, 0, 2, 1};
    for (const auto& loss : all_losses()) {
      INFO(loss.name << " at " << scale);
      const double value = loss.gradient(z, y, gradient);
      CHECK(!std::isnan(value));
      // Differences beyond the range of double: only what holds cross-entropy may be infinite.
      if (scale < 1e308 || !loss.complete) CHECK(std::isfinite(value));
      for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t k = 0; k < 3; ++k) CHECK(std::isfinite(gradient(i, k)));
    }
  }
}
