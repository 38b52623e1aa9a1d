// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "calibra/array/view.hpp"

#ifndef NDEBUG
#error "benchmarks of a debug build say nothing: configure with --preset bench"
#endif

namespace bench {

/// What the passes give, summed up by the plainest code in double: the truth of these programs.
struct truth {
  double ece = 0;
  double nll = 0;
  double brier = 0;
  double accuracy = 0;
};

/// ece of 15 bins (lower, upper], filled one sample at a time.
class plain_bins {
 public:
  void add(double confidence, bool hit) {
    std::size_t b = 0;
    while (b + 1 < bins && confidence > static_cast<double>(b + 1) / bins) ++b;
    confidence_[b] += confidence;
    hits_[b] += hit ? 1 : 0;
    ++count_;
  }
  double ece() const {
    double sum = 0;
    for (std::size_t b = 0; b < bins; ++b) sum += std::abs(confidence_[b] - hits_[b]);
    return sum / static_cast<double>(count_);
  }

 private:
  static constexpr std::size_t bins = 15;
  double confidence_[bins] = {};
  double hits_[bins] = {};
  std::size_t count_ = 0;
};

/// Logits with labels: normal noise of fixed seed on which the label's class stands out by chance.
template<class T>
struct dump {
  std::size_t rows;
  std::size_t cols;
  std::vector<T> logits;
  std::vector<std::int64_t> labels;
  truth expected;

  std::size_t bytes() const { return logits.size() * sizeof(T); }
  calibra::matrix_view<const T> view() const { return {logits.data(), rows, cols}; }
};

/// Scores in double, whatever their type.
inline double as_double(double x) {
  return x;
}
template<class T>
double as_double(const T& x) {
  return static_cast<double>(static_cast<float>(x));
}

/// The straightforward way, in the arithmetic of A: what is benchmarked as "naive" (A the scores'
/// own type) and what everything is checked against (A = double).
template<class A, class T>
truth naive_pass(const calibra::matrix_view<const T>& z, const std::vector<std::int64_t>& labels,
                 bool proper_scores) {
  plain_bins table;
  truth sums;
  for (std::size_t i = 0; i < z.rows(); ++i) {
    std::size_t top = 0;
    for (std::size_t k = 1; k < z.cols(); ++k)
      if (as_double(z(i, k)) > as_double(z(i, top))) top = k;
    const A most = static_cast<A>(as_double(z(i, top)));
    A sum = 0, squares = 0;
    for (std::size_t k = 0; k < z.cols(); ++k) {
      const A e = std::exp(static_cast<A>(as_double(z(i, k))) - most);
      sum += e;
      if (proper_scores) squares += e * e;
    }
    const auto label = static_cast<std::size_t>(labels[i]);
    table.add(1.0 / static_cast<double>(sum), top == label);
    sums.accuracy += top == label ? 1 : 0;
    if (!proper_scores) continue;
    const A u = static_cast<A>(as_double(z(i, label))) - most;
    sums.nll -= static_cast<double>(u - std::log(sum));
    sums.brier += static_cast<double>(squares / (sum * sum) - 2 * std::exp(u) / sum + 1);
  }
  const auto n = static_cast<double>(z.rows());
  return {table.ece(), sums.nll / n, sums.brier / n, sums.accuracy / n};
}

template<class T>
dump<T> make_dump(std::size_t rows, std::size_t cols) {
  dump<T> d{rows, cols, std::vector<T>(rows * cols), std::vector<std::int64_t>(rows), {}};
  std::mt19937 random(20260401);
  std::normal_distribution<float> normal(0.0F, 2.0F);
  std::vector<float> noise(999983);  // prime: no two rows are alike
  for (float& x : noise) x = normal(random);
  for (std::size_t i = 0, j = 0; i < d.logits.size(); ++i, j = j + 1 == noise.size() ? 0 : j + 1)
    d.logits[i] = T(noise[j]);
  std::uniform_int_distribution<std::size_t> any(0, cols - 1);
  const auto height = std::sqrt(2 * std::log(static_cast<float>(cols)));  // of the largest noise
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t label = any(random);
    d.labels[i] = static_cast<std::int64_t>(label);
    T& x = d.logits[i * cols + label];
    x = T(static_cast<float>(x) + 2.0F * height);
  }
  d.expected = naive_pass<double>(d.view(), d.labels, true);
  return d;
}

/// The dump of this shape, made at its first use.
template<class T>
const dump<T>& dump_of(std::size_t rows, std::size_t cols) {
  static std::map<std::pair<std::size_t, std::size_t>, dump<T>> made;
  const auto found = made.find({rows, cols});
  if (found != made.end()) return found->second;
  return made.emplace(std::pair(rows, cols), make_dump<T>(rows, cols)).first->second;
}

/// As many rows of this many classes as take `bytes`.
template<class T>
constexpr std::size_t rows_for(std::size_t bytes, std::size_t cols) {
  return bytes / (cols * sizeof(T));
}

/// Whether a value is the expected one, to the rounding of sums in float: on top of it a few
/// confidences within rounding of an edge may lie in the neighbouring bin.
inline bool close(double value, double expected, std::size_t rows) {
  constexpr auto rounding = static_cast<double>(std::numeric_limits<float>::epsilon());
  return std::abs(value - expected) <=
         64 * rounding * (1 + std::abs(expected)) + 8 / static_cast<double>(rows);
}

}  // namespace bench
