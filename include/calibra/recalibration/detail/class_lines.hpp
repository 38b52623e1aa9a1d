// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
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
#include "calibra/rows/parallel.hpp"

namespace calibra::detail {

/// A slope and an intercept for each class: x_k becomes a_k x_k + b_k.
class line_a_class {
 public:
  /// Throws value_error unless there are as many slopes as intercepts, at least one, all finite.
  /// `where` is what messages call the caller.
  line_a_class(std::string_view where, std::vector<double> slopes, std::vector<double> intercepts)
      : slopes_(std::move(slopes)), intercepts_(std::move(intercepts)) {
    if (slopes_.empty() || slopes_.size() != intercepts_.size())
      throw value_error(concat(where, ": expected as many intercepts as slopes, at least one, got ",
                               slopes_.size(), " slopes and ", intercepts_.size(), " intercepts"));
    for (std::size_t j = 0; j < slopes_.size(); ++j)
      if (!is_finite(slopes_[j]) || !is_finite(intercepts_[j]))
        throw value_error(concat(where, ": slope ", slopes_[j], " or intercept ", intercepts_[j],
                                 " of class ", j, " is not finite"));
  }

  const std::vector<double>& slopes() const noexcept { return slopes_; }
  const std::vector<double>& intercepts() const noexcept { return intercepts_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const {
    const fit_kernels<double>& kernels = fit_kernels_for<double>(best_isa());
    for (std::size_t i = 0; i < n; ++i, rows += k)
      kernels.line_row(rows, slopes_.data(), intercepts_.data(), k, rows);
  }

 private:
  std::vector<double> slopes_, intercepts_;
};

/// The mean cross-entropy of softmax(a_k x_k + b_k) over the samples, with
/// penalty (sum (a_k - 1)^2 + sum b_k^2). Parameters: a_1, ..., a_K, b_1, ..., b_K.
class class_lines_nll final : public convex_objective {
 public:
  /// `first` makes rows of logits into rows of x; null: they are.
  class_lines_nll(const class_samples& samples, double penalty, const mixed_temperature* first)
      : samples_(samples), penalty_(penalty), first_(first), classes_(samples.classes()) {}

  bool has_rough() const override { return samples_.single_will_do(1); }

  double at(const std::vector<double>& theta, std::vector<double>& gradient, bool rough) override {
    const std::size_t k = classes_;
    const remote_sums* remote = samples_.remote();
    const sample_sums all = remote != nullptr ? remote->lines(theta, first_, rough)
                            : rough           ? sums_at<float>(theta)
                                              : sums_at<double>(theta);
    const double n = samples_.weight();
    double value = all.value / n;
    curvature_.resize(3 * k);
    for (std::size_t j = 0; j < 2 * k; ++j) gradient[j] = all.sums[j] / n;
    for (std::size_t j = 0; j < 3 * k; ++j) curvature_[j] = all.sums[2 * k + j] / n;
    for (std::size_t j = 0; j < k; ++j) {
      const double a = theta[j] - 1, b = theta[k + j];
      value += penalty_ * (a * a + b * b);
      gradient[j] += 2 * penalty_ * a;
      gradient[k + j] += 2 * penalty_ * b;
      curvature_[j] += 2 * penalty_;
      curvature_[2 * k + j] += 2 * penalty_;
    }
    return value;
  }

  void curve(const std::vector<double>& theta, const std::vector<double>& direction,
             std::vector<double>& product, bool rough) override {
    const std::size_t k = classes_;
    const remote_sums* remote = samples_.remote();
    const std::vector<double> sums = remote != nullptr
                                         ? remote->line_products(theta, direction, first_, rough)
                                     : rough ? products<float>(theta, direction).sums
                                             : products<double>(theta, direction).sums;
    const double n = samples_.weight();
    for (std::size_t j = 0; j < 2 * k; ++j) product[j] = sums[j] / n + 2 * penalty_ * direction[j];
  }

  /// By the curvature within each class.
  void precondition(const std::vector<double>& x, std::vector<double>& y) const override {
    const std::size_t k = classes_;
    double most = 0;
    for (std::size_t j = 0; j < k; ++j) most = std::max(most, curvature_[2 * k + j]);
    for (std::size_t j = 0; j < k; ++j) {
      const double floor = 1e-12 * most + 1e-300;
      const double aa = curvature_[j] + floor, ab = curvature_[k + j],
                   bb = curvature_[2 * k + j] + floor;
      const double determinant = aa * bb - ab * ab;
      if (determinant > 1e-12 * aa * bb) {
        y[j] = (bb * x[j] - ab * x[k + j]) / determinant;
        y[k + j] = (aa * x[k + j] - ab * x[j]) / determinant;
      } else {
        y[j] = x[j] / aa;
        y[k + j] = x[k + j] / bb;
      }
    }
  }

 private:
  /// Lines in T. Where no x is above 0 and no slope below, the largest intercept bounds them all.
  template<class T>
  struct bounded_lines {
    std::vector<T> theta;
    std::optional<T> bound = {};

    bounded_lines(const std::vector<double>& lines, bool negative)
        : theta(lines.begin(), lines.end()) {
      const auto middle = theta.begin() + static_cast<std::ptrdiff_t>(theta.size() / 2);
      if (negative && std::all_of(theta.begin(), middle, [](T slope) { return slope >= 0; }))
        bound = *std::max_element(middle, theta.end());
    }
  };
  /// What a part works with: rows as x and as exp of a x + b.
  template<class T>
  struct alignas(interference_size) workspace {
    const fit_kernels<T>& kernels = fit_kernels_for<T>(best_isa());
    std::vector<T> x, e, sums;
    std::size_t added = 0;  ///< rows in the sums
    double scale = 0;       ///< what makes e probabilities

    /// Row i of a block as x.
    const T* row(const class_block_of<T>& block, std::size_t i, const mixed_temperature* first) {
      if (first == nullptr) return block.row(i);
      x.resize(block.classes);
      first->map_rows(block.row(i), 1, block.classes, x.data());
      return x.data();
    }
    /// Makes e of it; returns the cross-entropy.
    double exponentials(const T* row, const bounded_lines<T>& lines, std::int64_t label) {
      const std::size_t k = lines.theta.size() / 2, y = static_cast<std::size_t>(label);
      const T *slope = lines.theta.data(), *intercept = slope + k;
      e.resize(k);
      if (lines.bound) {
        const double sum = kernels.exp_line_row(row, slope, intercept, *lines.bound, k, e.data());
        constexpr double plenty = 1e-20;
        if (sum > plenty) {
          scale = 1 / sum;
          return static_cast<double>(*lines.bound) -
                 static_cast<double>(slope[y] * row[y] + intercept[y]) + std::log(sum);
        }
      }
      const T max = kernels.line_row(row, slope, intercept, k, e.data());
      const auto at_label = static_cast<double>(e[y]);
      const double sum = kernels.exp_sum_row(e.data(), k, T{1}, max, e.data());
      scale = 1 / sum;
      return static_cast<double>(max) - at_label + std::log(sum);
    }
    /// Moves the sums of a few rows over to those in double.
    void spill(std::vector<double>& out, bool now) {
      constexpr std::size_t some = 32;
      if (!now && ++added < some) return;
      added = 0;
      for (std::size_t j = 0; j < sums.size(); ++j) {
        out[j] += static_cast<double>(sums[j]);
        sums[j] = 0;
      }
    }
  };

  template<class T, class Visit>
  void walk(const Visit& visit) const {
    if constexpr (std::is_same_v<T, float>)
      samples_.walk_single(row_form::logits, visit);
    else
      samples_.walk(row_form::logits, visit);
  }

  /// Calls visit(workspace, sums, row, weight, label) for every sample, with `count` sums a class;
  /// returns those of all samples.
  template<class T, class Visit>
  sample_sums over_samples(std::size_t count, const Visit& visit) const {
    std::vector<sample_sums> parts(samples_.parts());
    std::vector<workspace<T>> spaces(parts.size());
    walk<T>([&](std::size_t part, const class_block_of<T>& block) {
      sample_sums& s = parts[part];
      workspace<T>& space = spaces[part];
      s.sums.resize(count * classes_);
      space.sums.resize(count * classes_);
      for (std::size_t i = 0; i < block.size; ++i) {
        const double w = block.weight_of(i);
        if (w == 0) continue;
        visit(space, s, space.row(block, i, first_), w, block.label[i]);
        space.spill(s.sums, false);
      }
    });
    sample_sums& all = parts[0];
    all.sums.resize(count * classes_);
    for (std::size_t part = 0; part < parts.size(); ++part) {
      spaces[part].spill(parts[part].sums, true);
      if (part == 0) continue;
      all.value += parts[part].value;
      for (std::size_t j = 0; j < parts[part].sums.size(); ++j) all.sums[j] += parts[part].sums[j];
    }
    return std::move(all);
  }

  template<class T>
  sample_sums sums_at(const std::vector<double>& theta) const {
    const std::size_t k = classes_;
    const bounded_lines<T> lines(theta, first_ != nullptr);
    return over_samples<T>(
        5, [&](workspace<T>& space, sample_sums& s, const T* x, double w, std::int64_t label) {
          const auto y = static_cast<std::size_t>(label);
          s.value += w * space.exponentials(x, lines, label);
          s.sums[y] -= w * static_cast<double>(x[y]);
          s.sums[k + y] -= w;
          space.kernels.curved_line_row(x, space.e.data(), static_cast<T>(space.scale),
                                        static_cast<T>(w), k, space.sums.data());
        });
  }

  template<class T>
  sample_sums products(const std::vector<double>& theta,
                       const std::vector<double>& direction) const {
    const std::size_t k = classes_;
    const bounded_lines<T> lines(theta, first_ != nullptr);
    const std::vector<T> moves(direction.begin(), direction.end());
    const T *slopes = moves.data(), *intercepts = slopes + k;
    return over_samples<T>(
        2, [&](workspace<T>& space, sample_sums&, const T* x, double w, std::int64_t label) {
          space.exponentials(x, lines, label);
          const T* e = space.e.data();
          const double mean = space.scale * space.kernels.line_dot_row(x, e, slopes, intercepts, k);
          space.kernels.lean_line_row(x, e, slopes, intercepts, static_cast<T>(w * space.scale),
                                      static_cast<T>(mean), k, space.sums.data());
        });
  }

  const class_samples& samples_;
  double penalty_;
  const mixed_temperature* first_;
  std::size_t classes_;
  std::vector<double> curvature_;
};

/// The parameters of class_lines_nll that change nothing.
inline std::vector<double> unchanged_lines(std::size_t classes) {
  std::vector<double> theta(2 * classes, 0.0);
  std::fill_n(theta.begin(), classes, 1.0);
  return theta;
}
/// The intercepts among them; what is left of theta are the slopes.
inline std::vector<double> split_intercepts(std::vector<double>& theta) {
  const auto middle = theta.begin() + static_cast<std::ptrdiff_t>(theta.size() / 2);
  std::vector<double> intercepts(middle, theta.end());
  theta.erase(middle, theta.end());
  return intercepts;
}

}  // namespace calibra::detail
