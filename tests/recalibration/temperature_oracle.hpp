// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <calibra/array/matrix.hpp>
#include <calibra/array/scalar.hpp>
#include <calibra/array/view.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace calibra::test {

template<class T>
T as_scalar(double x) {
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(x);
  else
    return T(static_cast<float>(x));
}
template<class T>
double as_double(const T& x) {
  return static_cast<double>(scalar_traits<T>::load(x));
}

/// Logits of type T, labels drawn from softmax(z / temperature), and weights.
template<class T>
struct problem {
  matrix<T> z;
  std::vector<std::int64_t> labels;
  std::vector<double> weights;
};

template<class T>
problem<T> random_problem(std::size_t n, std::size_t k, double temperature, double spread,
                          unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal(0, spread);
  std::uniform_real_distribution<double> uniform;
  problem<T> x{matrix<T>(n, k), std::vector<std::int64_t>(n), std::vector<double>(n)};
  std::vector<double> p(k);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < k; ++j) x.z(i, j) = as_scalar<T>(normal(generator));
    double max = as_double(x.z(i, 0)), sum = 0;
    for (std::size_t j = 0; j < k; ++j) max = std::max(max, as_double(x.z(i, j)));
    for (std::size_t j = 0; j < k; ++j)
      sum += p[j] = std::exp((as_double(x.z(i, j)) - max) / temperature);
    double rest = uniform(generator) * sum;
    std::size_t y = 0;
    while (y + 1 < k && (rest -= p[y]) > 0) ++y;
    x.labels[i] = static_cast<std::int64_t>(y);
    x.weights[i] = 3 * uniform(generator);
  }
  return x;
}

struct naive_sums {
  double nll = 0, gradient = 0, curvature = 0;  ///< weighted means at beta
};

/// The definition, with sums in long double.
template<class M, class W>
naive_sums naive_nll(const M& z, const std::vector<std::int64_t>& labels, W weight, double beta) {
  long double nll = 0, gradient = 0, curvature = 0, total = 0;
  for (std::size_t i = 0; i < z.rows(); ++i) {
    const long double w = weight(i);
    if (w == 0) continue;
    double max = -std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < z.cols(); ++j) max = std::max(max, as_double(z(i, j)));
    long double s0 = 0, s1 = 0, s2 = 0;
    for (std::size_t j = 0; j < z.cols(); ++j) {
      const double u = as_double(z(i, j)) - max;
      const double e = std::exp(beta * u);
      if (e == 0) continue;
      s0 += e;
      s1 += e * u;
      s2 += e * u * u;
    }
    const double u = as_double(z(i, static_cast<std::size_t>(labels[i]))) - max;
    nll += w * (std::log(s0) - beta * u);
    gradient += w * (s1 / s0 - u);
    curvature += w * (s2 / s0 - (s1 / s0) * (s1 / s0));
    total += w;
  }
  return {static_cast<double>(nll / total), static_cast<double>(gradient / total),
          static_cast<double>(curvature / total)};
}

/// The root of the gradient by bisection of [1/1024, 1024] to the last bits of a double.
template<class M, class W>
double naive_temperature(const M& z, const std::vector<std::int64_t>& labels, W weight) {
  double low = 1.0 / 1024, high = 1024;
  for (int i = 0; i < 64; ++i) {
    const double middle = std::sqrt(low * high);
    (naive_nll(z, labels, weight, middle).gradient > 0 ? high : low) = middle;
  }
  return 1 / std::sqrt(low * high);
}
template<class M>
double naive_temperature(const M& z, const std::vector<std::int64_t>& labels) {
  return naive_temperature(z, labels, [](std::size_t) { return 1.0; });
}

/// softmax(z / T) of one row.
template<class M>
std::vector<double> naive_softmax(const M& z, std::size_t i, double temperature) {
  double max = -std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < z.cols(); ++j) max = std::max(max, as_double(z(i, j)));
  std::vector<double> p(z.cols());
  double sum = 0;
  for (std::size_t j = 0; j < z.cols(); ++j)
    sum += p[j] = std::exp((as_double(z(i, j)) - max) / temperature);
  for (double& x : p) x /= sum;
  return p;
}

/// The relative error of a temperature fitted in type C.
template<class C>
constexpr double temperature_tolerance = std::is_same_v<C, double> ? 1e-11 : 1e-7;

/// The rows at some places, and what belongs to them.
template<class Keep>
problem<double> rows_where(const problem<double>& x, const Keep& keep) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < x.labels.size(); ++i)
    if (keep(i)) kept.push_back(i);
  problem<double> some{matrix<double>(kept.size(), x.z.cols()), {}, {}};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    for (std::size_t k = 0; k < x.z.cols(); ++k) some.z(i, k) = x.z(kept[i], k);
    some.labels.push_back(x.labels[kept[i]]);
    some.weights.push_back(x.weights[kept[i]]);
  }
  return some;
}

}  // namespace calibra::test
