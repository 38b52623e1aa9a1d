// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "calibra/rows/fit_kernels.hpp"

namespace calibra::detail {

/// Something near the curvature of the mean cross-entropy of softmax(W x + b) with a penalty. With
/// h = p (1 - p) and m_j = E[h_j x] / E[h_j], entries of x vary about m_j without each other, by D;
/// classes act on each other by their means alone:
///
///     D + M E[diag(p) - p p'] M'    with (m_j, 1) in that part of M that belongs to class j.
///
/// Parameters: W_jl at l K + j, and behind them b_j.
class matrix_curvature {
 public:
  /// How many sums over samples it is made of, in this order: K (K + 1) of h (x, 1) and as many of
  /// p (p, 1), each as the parameters are, W_jl of x_l or p_l; K of h_j x_j^2; K of sum(h) x_l^2.
  static std::size_t sums(std::size_t k) { return 2 * k * (k + 2); }

  /// Of sums over samples of weight n. `penalty`: its factor of every parameter's square.
  void take(const double* sums, double n, const std::vector<double>& penalty, std::size_t k) {
    k_ = k;
    const std::size_t size = k * (k + 1);
    const double *h = sums + k * k, *together = sums + size;
    mean_.resize(size);
    spread_.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      const double own = h[i % k] / n + tiny;
      mean_[i] = i < k * k ? sums[i] / n / own : 1;
      spread_[i] = 2 * penalty[i] + 1e-8 * own;
    }
    add_variances(sums, together + size, n);
    length_.assign(k, 0);
    for (std::size_t i = 0; i < size; ++i) length_[i % k] += mean_[i] * mean_[i] / spread_[i];
    for (double& x : length_) x = std::sqrt(x);
    factor_.resize(k * k);
    for (std::size_t j = 0; j < k; ++j) {
      double others = tiny;  // E[p (1 - p)], however near to 1 p is
      for (std::size_t l = 0; l < k; ++l) {
        const double both = together[l * k + j] / n;
        if (l != j) others += both;
        factor_[j * k + l] = -definite * length_[j] * length_[l] * both;
      }
      factor_[j * k + j] = 1 + length_[j] * length_[j] * others;
    }
    decompose();
  }

  /// y = its inverse times x
  void solve(const std::vector<double>& x, std::vector<double>& y) const {
    std::vector<double> along(k_);
    for (std::size_t l = 0; l < x.size(); l += k_)
      for (std::size_t j = 0; j < k_; ++j) {
        y[l + j] = x[l + j] / spread_[l + j];
        along[j] += mean_[l + j] * y[l + j];
      }
    for (std::size_t j = 0; j < k_; ++j) along[j] /= length_[j];
    std::vector<double> left = along;
    substitute(left);
    for (std::size_t j = 0; j < k_; ++j) along[j] = (along[j] - left[j]) / length_[j];
    for (std::size_t l = 0; l < x.size(); l += k_)
      for (std::size_t j = 0; j < k_; ++j) y[l + j] -= mean_[l + j] * along[j] / spread_[l + j];
  }

 private:
  static constexpr double tiny = 1e-200;
  /// Keeps diag(p) - p p' from being less than definite by rounding.
  static constexpr double definite = 1 - 1e-5;

  /// Those of x_j in class j; of another x_l the one among all samples.
  void add_variances(const double* sums, const double* squares, double n) {
    const double* h = sums + k_ * k_;
    double all = tiny;
    for (std::size_t j = 0; j < k_; ++j) all += h[j] / n;
    for (std::size_t l = 0; l < k_; ++l) {
      double first = 0;
      for (std::size_t j = 0; j < k_; ++j) first += sums[l * k_ + j] / n;
      const double variance = std::max(0.0, squares[k_ + l] / n - first * first / all) / all;
      for (std::size_t j = 0; j < k_; ++j)
        if (j != l) spread_[l * k_ + j] += variance * h[j] / n;
      const std::size_t own = l * k_ + l;
      spread_[own] += std::max(0.0, squares[l] / n - mean_[own] * sums[own] / n);
    }
  }
  /// Cholesky's decomposition of the lower half of factor_.
  void decompose() {
    const fit_kernels<double>& kernels = fit_kernels_for<double>(best_isa());
    for (std::size_t j = 0; j < k_; ++j) {
      double* row = factor_.data() + j * k_;
      for (std::size_t l = 0; l < j; ++l) {
        const double* above = factor_.data() + l * k_;
        row[l] = (row[l] - kernels.dot_row(row, above, l)) / above[l];
      }
      row[j] = std::sqrt(row[j] - kernels.dot_row(row, row, j));
    }
  }
  /// x = the inverse of the decomposed matrix times x
  void substitute(std::vector<double>& x) const {
    for (std::size_t j = 0; j < k_; ++j) {
      const double* row = factor_.data() + j * k_;
      for (std::size_t l = 0; l < j; ++l) x[j] -= row[l] * x[l];
      x[j] /= row[j];
    }
    for (std::size_t j = k_; j-- > 0;) {
      const double* row = factor_.data() + j * k_;
      x[j] /= row[j];
      for (std::size_t l = 0; l < j; ++l) x[l] -= row[l] * x[j];
    }
  }

  std::size_t k_ = 0;
  std::vector<double> mean_, spread_;
  std::vector<double> length_;  ///< of the column of M of each class, measured by the inverse of D
  std::vector<double> factor_;
};

}  // namespace calibra::detail
