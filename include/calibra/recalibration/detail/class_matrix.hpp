// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/mixed_temperature.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
#include "calibra/recalibration/detail/remote_sums.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/fit_kernels.hpp"

namespace calibra::detail {

/// A K x K matrix and K intercepts: x becomes W x + b.
class class_matrix {
 public:
  /// W row after row. Throws value_error unless it has the square of the number of intercepts, at
  /// least one, all finite. `where` is what messages call the caller.
  class_matrix(std::string_view where, std::vector<double> matrix, std::vector<double> intercepts)
      : matrix_(std::move(matrix)), intercepts_(std::move(intercepts)) {
    const std::size_t k = intercepts_.size();
    if (k == 0 || matrix_.size() != k * k)
      throw value_error(concat(where, ": expected K intercepts and K x K numbers, got ", k, " and ",
                               matrix_.size()));
    for (std::size_t j = 0; j < k; ++j)
      if (!is_finite(intercepts_[j]))
        throw value_error(
            concat(where, ": intercept ", intercepts_[j], " of class ", j, " is not finite"));
    for (std::size_t i = 0; i < k * k; ++i)
      if (!is_finite(matrix_[i]))
        throw value_error(concat(where, ": number ", matrix_[i], " in row ", i / k, ", column ",
                                 i % k, " of the matrix is not finite"));
    turned_.resize(k * k);
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t l = 0; l < k; ++l) turned_[l * k + j] = matrix_[j * k + l];
  }

  /// Row after row: number j K + l is what x_l counts in class j.
  const std::vector<double>& matrix() const noexcept { return matrix_; }
  const std::vector<double>& intercepts() const noexcept { return intercepts_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const {
    std::vector<double> out(n * k);
    for (std::size_t i = 0; i < n; ++i) std::copy_n(intercepts_.data(), k, out.data() + i * k);
    fit_kernels_for<double>(best_isa())
        .multiply_add(rows, k, 1, turned_.data(), out.data(), n, k, k);
    std::copy(out.begin(), out.end(), rows);
  }

 private:
  std::vector<double> matrix_, intercepts_, turned_;
};

/// What is added to the mean cross-entropy of softmax(W x + b).
struct matrix_penalty {
  double diagonal = 0;      ///< times the sum of (W_jj - 1)^2
  double off_diagonal = 0;  ///< times the sum of the other W_jl^2
  double intercept = 0;     ///< times the sum of b_j^2
};

/// The mean cross-entropy of softmax(W x + b) over the samples, with a penalty. Parameters: W_jl at
/// l K + j, and behind them b_j.
class class_matrix_nll final : public convex_objective {
 public:
  /// `first` makes rows of logits into rows of x; null: they are.
  class_matrix_nll(const class_samples& samples, matrix_penalty penalty,
                   const mixed_temperature* first)
      : samples_(samples), first_(first), classes_(samples.classes()) {
    const std::size_t k = classes_;
    penalty_.assign(k * k, penalty.off_diagonal);
    for (std::size_t j = 0; j < k; ++j) penalty_[j * k + j] = penalty.diagonal;
    penalty_.insert(penalty_.end(), k, penalty.intercept);
  }

  bool has_rough() const override { return samples_.single_will_do(classes_); }

  double at(const std::vector<double>& theta, std::vector<double>& gradient, bool rough) override {
    const remote_sums* remote = samples_.remote();
    const sample_sums all = remote != nullptr ? remote->matrix(theta, first_, rough)
                            : rough           ? sums_at<float>(theta)
                                              : sums_at<double>(theta);
    const std::size_t size = theta.size();
    const double n = samples_.weight();
    double value = all.value / n;
    for (std::size_t i = 0; i < size; ++i) {
      const double d = theta[i] - unchanged(i);
      value += penalty_[i] * d * d;
      gradient[i] = all.sums[i] / n + 2 * penalty_[i] * d;
    }
    moments_.resize(2 * size);
    for (std::size_t i = 0; i < moments_.size(); ++i) moments_[i] = all.sums[size + i] / n;
    return value;
  }

  void curve(const std::vector<double>& theta, const std::vector<double>& direction,
             std::vector<double>& product, bool rough) override {
    const remote_sums* remote = samples_.remote();
    const std::vector<double> sums = remote != nullptr
                                         ? remote->matrix_products(theta, direction, first_, rough)
                                     : rough ? products<float>(theta, direction).sums
                                             : products<double>(theta, direction).sums;
    const double n = samples_.weight();
    for (std::size_t i = 0; i < theta.size(); ++i)
      product[i] = sums[i] / n + 2 * penalty_[i] * direction[i];
  }

  /// By the curvature within each class, E[h (x, 1) (x, 1)'] with h = p (1 - p), taking the entries
  /// of x for uncorrelated: a diagonal matrix, plus one of rank one from their means.
  void precondition(const std::vector<double>& x, std::vector<double>& y) const override {
    const std::size_t k = classes_, size = x.size();
    const double *first = moments_.data(), *second = first + size;
    for (std::size_t j = 0; j < k; ++j) {
      const double h = first[k * k + j] + 1e-300;
      const double floor = 1e-8 * h;
      const auto mean = [&](std::size_t i) { return i < k * k ? first[i] / h : 1; };
      const auto spread = [&](std::size_t i) {
        const double variance = i < k * k ? second[i] - first[i] * first[i] / h : 0;
        return std::max(variance, 0.0) + 2 * penalty_[i] + floor;
      };
      double along = 0, length = 0;
      for (std::size_t i = j; i < size; i += k) {
        const double m = mean(i), scaled = m / spread(i);
        along += scaled * x[i];
        length += scaled * m;
      }
      along *= h / (1 + h * length);
      for (std::size_t i = j; i < size; i += k) y[i] = (x[i] - mean(i) * along) / spread(i);
    }
  }

  /// The parameters that change nothing.
  std::vector<double> unchanged() const {
    std::vector<double> theta(classes_ * (classes_ + 1));
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = unchanged(i);
    return theta;
  }

  /// The map of parameters.
  static class_matrix map_of(std::string_view where, const std::vector<double>& theta,
                             std::size_t k) {
    std::vector<double> matrix(k * k);
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t l = 0; l < k; ++l) matrix[j * k + l] = theta[l * k + j];
    return {where,
            std::move(matrix),
            {theta.begin() + static_cast<std::ptrdiff_t>(k * k), theta.end()}};
  }

 private:
  /// Rows as x, as W x + b and what becomes of it, and sums over a block.
  template<class T>
  struct workspace {
    const fit_kernels<T>& kernels = fit_kernels_for<T>(best_isa());
    std::vector<T> made, v, d, squares, sums;
    const T* x = nullptr;
    std::size_t k = 0;

    void take(const class_block_of<T>& block, const mixed_temperature* first) {
      k = block.classes;
      x = block.rows;
      v.resize(block.size * k);
      if (first == nullptr) return;
      made.resize(block.size * k);
      first->map_rows(block.rows, block.size, k, made.data());
      x = made.data();
    }
    /// out = theta on x
    void apply(const std::vector<T>& theta, std::size_t n, std::vector<T>& out) const {
      for (std::size_t i = 0; i < n; ++i) std::copy_n(theta.data() + k * k, k, out.data() + i * k);
      kernels.multiply_add(x, k, 1, theta.data(), out.data(), n, k, k);
    }
    /// Row i of v to exp(v - max); the sum, and the cross-entropy added to `value`.
    double exponentials(std::size_t i, const class_block_of<T>& block, double* value) {
      T* row = v.data() + i * k;
      const T max = kernels.max_row(row, k);
      const auto at_label = static_cast<double>(row[block.label[i]]);
      const double sum = kernels.exp_sum_row(row, k, T{1}, max, row);
      if (value != nullptr)
        *value += block.weight_of(i) * (static_cast<double>(max) - at_label + std::log(sum));
      return sum;
    }
    /// Adds the products of rows and r, and r itself, to entries of `out`.
    void add_products(const T* rows, const T* r, std::size_t n, double* out) {
      sums.assign(k * (k + 1), T{0});
      kernels.multiply_add(rows, 1, k, r, sums.data(), k, n, k);
      for (std::size_t i = 0; i < n; ++i) kernels.add_to_row(r + i * k, k, sums.data() + k * k);
      for (std::size_t j = 0; j < sums.size(); ++j) out[j] += static_cast<double>(sums[j]);
    }
  };

  double unchanged(std::size_t i) const {
    return i < classes_ * classes_ && i / classes_ == i % classes_ ? 1 : 0;
  }

  /// Calls visit(workspace, block, sums) for every block, with so many sums in all.
  template<class T, class Visit>
  sample_sums over_blocks(std::size_t count, const Visit& visit) const {
    std::vector<sample_sums> parts(samples_.parts());
    std::vector<workspace<T>> spaces(parts.size());
    const auto take = [&](std::size_t part, const class_block_of<T>& block) {
      parts[part].sums.resize(count);
      spaces[part].take(block, first_);
      visit(spaces[part], block, parts[part]);
    };
    if constexpr (std::is_same_v<T, float>)
      samples_.walk_single(row_form::logits, take);
    else
      samples_.walk(row_form::logits, take);
    sample_sums& all = parts[0];
    all.sums.resize(count);
    for (std::size_t part = 1; part < parts.size(); ++part) {
      all.value += parts[part].value;
      for (std::size_t j = 0; j < parts[part].sums.size(); ++j) all.sums[j] += parts[part].sums[j];
    }
    return std::move(all);
  }

  /// The gradient, and E[h (x, 1)] and E[h (x^2, 1)] of each class.
  template<class T>
  sample_sums sums_at(const std::vector<double>& theta) const {
    const std::size_t k = classes_;
    const std::vector<T> matrix(theta.begin(), theta.end());
    return over_blocks<T>(3 * theta.size(), [&](workspace<T>& space, const class_block_of<T>& block,
                                                sample_sums& out) {
      space.apply(matrix, block.size, space.v);
      space.d.resize(block.size * k);
      space.squares.resize(block.size * k);
      for (std::size_t i = 0; i < block.size; ++i) {
        const double sum = space.exponentials(i, block, &out.value), w = block.weight_of(i);
        T* row = space.v.data() + i * k;
        space.kernels.weigh_row(row, static_cast<T>(1 / sum), static_cast<T>(w), k,
                                space.d.data() + i * k);
        row[block.label[i]] -= static_cast<T>(w);
      }
      space.add_products(space.x, space.v.data(), block.size, out.sums.data());
      space.kernels.product_row(space.x, space.x, block.size * k, space.squares.data());
      for (std::size_t i = 0; i < block.size; ++i)  // an infinite square of weight 0 is none
        if (block.weight_of(i) == 0) std::fill_n(space.squares.data() + i * k, k, T{0});
      double* moments = out.sums.data() + theta.size();
      space.add_products(space.x, space.d.data(), block.size, moments);
      space.add_products(space.squares.data(), space.d.data(), block.size, moments + theta.size());
    });
  }

  template<class T>
  sample_sums products(const std::vector<double>& theta,
                       const std::vector<double>& direction) const {
    const std::size_t k = classes_;
    const std::vector<T> matrix(theta.begin(), theta.end());
    const std::vector<T> moves(direction.begin(), direction.end());
    return over_blocks<T>(
        theta.size(), [&](workspace<T>& space, const class_block_of<T>& block, sample_sums& out) {
          space.apply(matrix, block.size, space.v);
          space.d.resize(block.size * k);
          space.apply(moves, block.size, space.d);
          for (std::size_t i = 0; i < block.size; ++i) {
            const double sum = space.exponentials(i, block, nullptr), w = block.weight_of(i);
            T *row = space.v.data() + i * k, *d = space.d.data() + i * k;
            const double mean = space.kernels.dot_row(row, d, k) / sum;
            space.kernels.lean_row(row, d, k, static_cast<T>(mean), static_cast<T>(w / sum));
          }
          space.add_products(space.x, space.v.data(), block.size, out.sums.data());
        });
  }

  const class_samples& samples_;
  const mixed_temperature* first_;
  std::size_t classes_;
  std::vector<double> penalty_, moments_;
};

}  // namespace calibra::detail
