// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// matrix_curvature against the matrix that its comment writes down.
#include <calibra/recalibration/detail/matrix_curvature.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

using calibra::detail::matrix_curvature;
using vec = std::vector<double>;

namespace {

struct weighed_rows {
  std::size_t n, k;
  vec x, p, w;
  double weight = 0;

  weighed_rows(std::size_t rows, std::size_t classes, unsigned seed)
      : n(rows), k(classes), x(n * k), p(n * k), w(n) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(-3, 2);
    for (double& one : x) one = normal(random);
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < k; ++j) sum += p[i * k + j] = std::exp(normal(random));
      for (std::size_t j = 0; j < k; ++j) p[i * k + j] /= sum;
      weight += w[i] = static_cast<double>(random() % 4);
    }
  }
  double h(std::size_t i, std::size_t j) const { return w[i] * p[i * k + j] * (1 - p[i * k + j]); }
  /// The mean of f(i) over samples.
  template<class F>
  double mean(const F& f) const {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += f(i);
    return sum / weight;
  }

  vec sums() const {
    const std::size_t size = k * (k + 1);
    vec all(matrix_curvature::sums(k));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < k; ++j)
        for (std::size_t l = 0; l <= k; ++l) {
          all[l * k + j] += h(i, j) * (l < k ? x[i * k + l] : 1);
          all[size + l * k + j] += w[i] * p[i * k + j] * (l < k ? p[i * k + l] : 1);
          if (l == j) all[2 * size + j] += h(i, j) * x[i * k + j] * x[i * k + j];
          if (l < k) all[2 * size + k + l] += h(i, j) * x[i * k + l] * x[i * k + l];
        }
    return all;
  }

  /// D + M E[diag(p) - p p'] M'
  vec dense(const vec& penalty) const {
    const std::size_t size = k * (k + 1);
    vec m(size, 1), a(size * size), all(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < k; ++j) all[i] += h(i, j);
    const double h_all = mean([&](std::size_t i) { return all[i]; });
    for (std::size_t j = 0; j < k; ++j) {
      const double h_j = mean([&](std::size_t i) { return h(i, j); });
      for (std::size_t l = 0; l <= k; ++l) {
        double variance = 0;
        if (l < k) {
          const auto value = [&](std::size_t i) { return x[i * k + l]; };
          m[l * k + j] = mean([&](std::size_t i) { return h(i, j) * value(i); }) / h_j;
          const double middle =
              l == j ? m[l * k + j]
                     : mean([&](std::size_t i) { return all[i] * value(i); }) / h_all;
          variance = mean([&](std::size_t i) {
            const double away = value(i) - middle;
            return (l == j ? h(i, j) : all[i] * h_j / h_all) * away * away;
          });
        }
        const std::size_t at = l * k + j;
        a[at * size + at] = variance + 2 * penalty[at];
      }
    }
    for (std::size_t r = 0; r < size; ++r)
      for (std::size_t c = 0; c < size; ++c) {
        const double together = mean([&](std::size_t i) {
          const double one = p[i * k + r % k];
          return w[i] * one * ((r % k == c % k ? 1 : 0) - p[i * k + c % k]);
        });
        a[r * size + c] += m[r] * m[c] * together;
      }
    return a;
  }
};

}  // namespace

TEST_CASE("matrix_curvature: solves for what it says that it is") {
  for (const std::size_t k : {2, 3, 7, 17})
    for (const double least : {1e-2, 1.0}) {
      const weighed_rows rows(60, k, static_cast<unsigned>(k));
      const std::size_t size = k * (k + 1);
      vec penalty(size), right(size), got(size);
      for (std::size_t i = 0; i < size; ++i) {
        penalty[i] = least * (1 + static_cast<double>(i % 3));
        right[i] = std::sin(static_cast<double>(i));
      }
      matrix_curvature curvature;
      curvature.take(rows.sums().data(), rows.weight, penalty, k);
      curvature.solve(right, got);
      const vec dense = rows.dense(penalty);
      for (std::size_t r = 0; r < size; ++r) {
        double sum = 0;
        for (std::size_t c = 0; c < size; ++c) sum += dense[r * size + c] * got[c];
        CAPTURE(k, least, r);
        CHECK(sum == Approx(right[r]).margin(2e-4));
      }
    }
}

TEST_CASE("matrix_curvature: what rounding leaves of probabilities near 0 and 1, no penalty") {
  const std::size_t k = 4, size = k * (k + 1);
  vec sums(matrix_curvature::sums(k)), y(size);
  const auto solved = [&] {
    matrix_curvature curvature;
    curvature.take(sums.data(), 10, vec(size), k);
    curvature.solve(vec(size, 1e-12), y);
    return std::all_of(y.begin(), y.end(), [](double one) { return std::isfinite(one); });
  };
  CHECK(solved());
  // p (1 - p) is 0 where p is 1, but for what is left for another class.
  sums[size + 1] = sums[size + k] = 1e-17;
  CHECK(solved());
  // One sample, two classes: p p' more than p (1 - p).
  for (std::size_t j = 0; j < 2; ++j) {
    for (std::size_t l = 0; l < k; ++l) sums[l * k + j] = -0.75;
    sums[k * k + j] = 0.25;
    sums[size + j] = sums[size + k + j] = 0.25 * (1 + 1e-7);
    sums[2 * size + j] = 2.25;
  }
  for (std::size_t l = 0; l < k; ++l) sums[2 * size + k + l] = 4.5;
  CHECK(solved());
}
