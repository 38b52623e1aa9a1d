// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Two formulas of docs/losses.md that have small constants, as the page quotes them, against
// the losses where the constants tell.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/loss/soft_avuc_loss.hpp"
#include "calibra/loss/soft_binned_ece_loss.hpp"
#include "calibra/scores.hpp"
#include "constants.hpp"

using namespace calibra::test;

namespace {

using table = std::vector<std::vector<double>>;

std::size_t top(const std::vector<double>& row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

//[ soft_avuc
double soft_avuc(const table& p, const std::vector<std::size_t>& y, double kappa, double T) {
  double n_good = 0, n_bad = 0;  // n_AC + n_IU, n_AU + n_IC
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double K = static_cast<double>(p[i].size());
    double u = 0;  // the entropy of p, mixed with 1e-5 of the uniform distribution
    for (const double p_ik : p[i]) {
      const double s = (1 - 1e-5) * p_ik + 1e-5 / K;
      u -= s * std::log(s);
    }
    const double e = std::min(u / std::log(K), 1 - 1e-6);
    const double q_u = 1 / (1 + std::pow((1 - e) * kappa / (e * (1 - kappa)), 1 / T));
    const double certain = (1 - q_u) * (1 - std::tanh(u)), uncertain = q_u * std::tanh(u);
    const bool accurate = top(p[i]) == y[i];
    n_good += accurate ? certain : uncertain;
    n_bad += accurate ? uncertain : certain;
  }
  return std::log1p(n_bad / std::max(n_good, 1e-5));
}
//]

//[ soft_binned_ece
double soft_binned_ece(const table& p, const std::vector<std::size_t>& y, std::size_t M, double T,
                       double q) {
  std::vector<double> S(M), A(M), C(M);
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double r = p[i][top(p[i])];
    std::vector<double> u(M);
    double sum = 0;
    for (std::size_t j = 0; j < M; ++j) {
      const double x = (static_cast<double>(j) + 0.5) / static_cast<double>(M);
      sum += u[j] = std::exp(-(r - x) * (r - x) / T);
    }
    for (std::size_t j = 0; j < M; ++j) {
      S[j] += u[j] / sum;
      A[j] += u[j] / sum * (top(p[i]) == y[i]);
      C[j] += u[j] / sum * r;
    }
  }
  double sum = 0;
  for (std::size_t j = 0; j < M; ++j) {
    const double least = std::max(S[j], 1e-5);
    sum += S[j] / static_cast<double>(p.size()) * std::pow(std::abs(A[j] - C[j]) / least, q);
  }
  return std::pow(sum, 1 / q);
}
//]

/// The same without the constants: what the test must be able to tell from the above.
double plain_soft_avuc(const table& p, const std::vector<std::size_t>& y) {
  double n_good = 0, n_bad = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    double u = 0;
    for (const double x : p[i])
      if (x > 0) u -= x * std::log(x);
    const double q = u / std::log(static_cast<double>(p[i].size()));  // kappa 1/2, T 1
    const double certain = (1 - q) * (1 - std::tanh(u)), uncertain = q * std::tanh(u);
    n_good += top(p[i]) == y[i] ? certain : uncertain;
    n_bad += top(p[i]) == y[i] ? uncertain : certain;
  }
  return std::log(1 + n_bad / n_good);
}

double plain_soft_binned_ece(const table& p, const std::vector<std::size_t>& y, std::size_t M,
                             double T, double q) {
  double sum = 0;
  for (std::size_t j = 0; j < M; ++j) {
    double mass = 0, gap = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double r = p[i][top(p[i])];
      const auto share = [&](std::size_t bin) {
        const double x = (static_cast<double>(bin) + 0.5) / static_cast<double>(M);
        return std::exp(-(r - x) * (r - x) / T);
      };
      double all = 0;
      for (std::size_t bin = 0; bin < M; ++bin) all += share(bin);
      mass += share(j) / all;
      gap += share(j) / all * ((top(p[i]) == y[i] ? 1.0 : 0.0) - r);
    }
    if (mass > 0) sum += mass * std::pow(std::abs(gap / mass), q);
  }
  return std::pow(sum / static_cast<double>(p.size()), 1 / q);
}

/// Two classes, given as logits and as probabilities.
struct binary_batch {
  std::vector<double> x;
  table p;
  std::vector<std::size_t> y;

  binary_batch(std::vector<double> logits, std::vector<std::size_t> labels)
      : x(std::move(logits)), y(std::move(labels)) {
    for (const double z : x) {
      const double e = std::exp(-std::abs(z));
      const double small = e / (1 + e), large = 1 / (1 + e);
      p.push_back(z > 0 ? std::vector{small, large} : std::vector{large, small});
    }
  }
};

double relative(double a, double b) {
  return std::abs(a / b - 1);
}

}  // namespace

TEST_CASE("soft_avuc_loss is the page's formula where its constants tell") {
  struct corner {
    binary_batch batch;
    double apart;  // at least, from the formula without the constants
  };
  const std::vector<corner> corners{
      // One nearly uniform row, right: 1 - 1e-6 holds what speaks for it.
      {{{1e-4}, {1}}, 0.3},
      {{{0.01}, {1}}, 0.02},
      // A sure row, right and wrong: 1e-5 of the uniform distribution is its entropy.
      {{{40}, {1}}, 0.9},
      {{{40}, {0}}, 0.1},
      // An ordinary batch.
      {{{-3, 1, 0.2, 6}, {0, 0, 1, 1}}, 1e-6},
  };
  for (const auto& [b, apart] : corners) {
    INFO("first logit " << b.x[0]);
    const double expected = soft_avuc(b.p, b.y, 0.5, 1);
    // 1 - e is what is left of a difference of numbers near 1, at least 1e-6.
    CHECK(calibra::soft_avuc_loss(calibra::binary_logits(b.x), b.y) ==
          Approx(expected).epsilon(16e6 * epsilon));
    CHECK(calibra::soft_avuc_loss(calibra::probabilities(b.p), b.y) ==
          Approx(expected).epsilon(16e6 * epsilon));
    CHECK(relative(plain_soft_avuc(b.p, b.y), expected) > apart);
  }
  // The figures of the page.
  const auto& uniform = corners.front().batch;
  CHECK(calibra::soft_avuc_loss(calibra::binary_logits(uniform.x), uniform.y) ==
        Approx(11.0).margin(0.05));
  CHECK(plain_soft_avuc(uniform.p, uniform.y) == Approx(20.5).margin(0.05));
  for (const double kappa : {0.1, 0.8})
    for (const double temperature : {0.25, 2.0}) {
      const auto& b = corners.back().batch;
      CHECK(calibra::soft_avuc_loss(calibra::binary_logits(b.x), b.y, {kappa, temperature}) ==
            Approx(soft_avuc(b.p, b.y, kappa, temperature)).epsilon(256 * epsilon));
    }
}

TEST_CASE("soft_binned_ece_loss is the page's formula where bins are nearly empty") {
  const binary_batch b({-1.2, 0.3, 2.2}, {0, 0, 1});
  for (const double q : {1.0, 2.0, 3.0})
    for (const double temperature : {0.01, 0.003}) {
      INFO("q = " << q << ", T = " << temperature);
      const double expected = soft_binned_ece(b.p, b.y, 15, temperature, q);
      CHECK(calibra::soft_binned_ece_loss(calibra::binary_logits(b.x), b.y, {15, temperature, q}) ==
            Approx(expected).epsilon(64 * epsilon));
      CHECK(calibra::soft_binned_ece_loss(calibra::probabilities(b.p), b.y, {15, temperature, q}) ==
            Approx(expected).epsilon(64 * epsilon));
      CHECK(relative(plain_soft_binned_ece(b.p, b.y, 15, temperature, q), expected) >
            1e4 * epsilon);
    }
}
