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
#include "calibra/recalibration/detail/matrix_curvature.hpp"
#include "calibra/recalibration/detail/mixed_temperature.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
#include "calibra/recalibration/detail/remote_sums.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/fit_kernels.hpp"
#include "calibra/rows/parallel.hpp"

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
  /// Slopes in float are off by some 1e-8.
  double rough_enough() const override { return 5e-8; }

  double at(const std::vector<double>& theta, std::vector<double>& gradient, bool rough) override {
    const remote_sums* remote = samples_.remote();
    const sample_sums all = remote != nullptr ? remote->matrix(theta, first_, rough)
                            : rough           ? sums_at<float>(theta)
                                              : sums_at<double>(theta);
    const double n = samples_.weight();
    double value = all.value / n;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const double d = theta[i] - unchanged(i);
      value += penalty_[i] * d * d;
      gradient[i] = all.sums[i] / n + 2 * penalty_[i] * d;
    }
    if (all.sums.size() > theta.size())
      curvature_.take(all.sums.data() + theta.size(), n, penalty_, classes_);
    const double slope = largest(gradient);
    renew_ = slope_ == 0 || (rough == rough_ && 3 * slope > slope_);
    slope_ = slope;
    rough_ = rough;
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

  /// As of a point before, while every evaluation leaves a third of the slope or less.
  void precondition(const std::vector<double>& x, std::vector<double>& y) const override {
    curvature_.solve(x, y);
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
  struct alignas(interference_size) workspace {
    const fit_kernels<T>& kernels = fit_kernels_for<T>(best_isa());
    std::vector<T> made, v, d, p, sums;
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
    /// Adds the sums of h_j x_j^2 and those of sum(h) x_j^2, h the rows of d.
    void add_squares(std::size_t n, double* out) {
      sums.assign(2 * k, T{0});
      for (std::size_t i = 0; i < n; ++i) {
        const T* h = d.data() + i * k;
        kernels.add_squares_row(x + i * k, h, static_cast<T>(kernels.sum_row(h, k)), k,
                                sums.data());
      }
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

  /// The gradient and, if it is time to, what curvature_ takes.
  template<class T>
  sample_sums sums_at(const std::vector<double>& theta) const {
    const std::size_t k = classes_, size = theta.size();
    const std::vector<T> matrix(theta.begin(), theta.end());
    const bool renew = renew_;
    return over_blocks<T>(
        size + (renew ? matrix_curvature::sums(k) : 0),
        [&](workspace<T>& space, const class_block_of<T>& block, sample_sums& out) {
          const std::size_t n = block.size;
          space.apply(matrix, n, space.v);
          space.d.resize(n * k);
          space.p.resize(n * k);
          for (std::size_t i = 0; i < n; ++i) {
            const double sum = space.exponentials(i, block, &out.value), w = block.weight_of(i);
            T* row = space.v.data() + i * k;
            if (renew)
              space.kernels.weigh_row(row, static_cast<T>(1 / sum), static_cast<T>(w), k,
                                      space.p.data() + i * k, space.d.data() + i * k);
            else
              space.kernels.scale_row(row, k, static_cast<T>(w / sum));
          }
          if (renew) {
            double* more = out.sums.data() + size;
            space.add_products(space.x, space.d.data(), n, more);
            space.add_products(space.p.data(), space.v.data(), n, more + size);
            space.add_squares(n, more + 2 * size);
          }
          for (std::size_t i = 0; i < n; ++i)
            space.v[i * k + static_cast<std::size_t>(block.label[i])] -=
                static_cast<T>(block.weight_of(i));
          space.add_products(space.x, space.v.data(), n, out.sums.data());
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
  std::vector<double> penalty_;
  matrix_curvature curvature_;
  double slope_ = 0;    ///< where at() was last
  bool rough_ = false;  ///< whether that was rough
  bool renew_ = true;   ///< whether at() is to renew the curvature
};

}  // namespace calibra::detail
