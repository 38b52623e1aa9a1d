// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/newton_cg.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"

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
    for (std::size_t i = 0; i < n; ++i, rows += k)
      for (std::size_t j = 0; j < k; ++j) rows[j] = slopes_[j] * rows[j] + intercepts_[j];
  }

 private:
  std::vector<double> slopes_, intercepts_;
};

/// The mean cross-entropy of softmax(a_k x_k + b_k) over the samples, with
/// penalty (sum (a_k - 1)^2 + sum b_k^2). Parameters: a_1, ..., a_K, b_1, ..., b_K.
class class_lines_nll final : public convex_objective {
 public:
  using preparation = std::function<void(double* rows, std::size_t n, std::size_t k)>;

  /// `prepare` makes rows of the form into rows of x, in place; none: they are.
  class_lines_nll(const class_samples& samples, row_form form, double penalty, preparation prepare)
      : samples_(samples),
        form_(form),
        penalty_(penalty),
        prepare_(std::move(prepare)),
        classes_(samples.classes()) {}

  double at(const std::vector<double>& theta, std::vector<double>& gradient) override {
    const std::size_t k = classes_;
    struct sums {
      double value = 0;
      std::vector<double> slope, curvature;  // 2 K; 3 K: aa, ab, bb
      std::vector<double> row;
    };
    std::vector<sums> parts(samples_.parts());
    walk([&](std::size_t part, const class_block& block, const double* x) {
      sums& s = parts[part];
      s.slope.resize(2 * k);
      s.curvature.resize(3 * k);
      s.row.resize(k);
      for (std::size_t i = 0; i < block.size; ++i, x += k) {
        const double w = block.weight_of(i);
        if (w == 0) continue;
        const auto y = static_cast<std::size_t>(block.label[i]);
        double* p = s.row.data();
        for (std::size_t j = 0; j < k; ++j) p[j] = theta[j] * x[j] + theta[k + j];
        const double at_label = p[y];
        s.value += w * (softmax_row(p, k) - at_label);
        s.slope[y] -= w * x[y];
        s.slope[k + y] -= w;
        for (std::size_t j = 0; j < k; ++j) {
          const double wp = w * p[j], h = wp * (1 - p[j]);
          s.slope[j] += wp * x[j];
          s.slope[k + j] += wp;
          s.curvature[j] += h * x[j] * x[j];
          s.curvature[k + j] += h * x[j];
          s.curvature[2 * k + j] += h;
        }
      }
    });
    const double n = samples_.weight();
    double value = 0;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    curvature_.assign(3 * k, 0.0);
    for (const sums& s : parts) {
      value += s.value / n;
      for (std::size_t j = 0; j < s.slope.size(); ++j) gradient[j] += s.slope[j] / n;
      for (std::size_t j = 0; j < s.curvature.size(); ++j) curvature_[j] += s.curvature[j] / n;
    }
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
             std::vector<double>& product) override {
    const std::size_t k = classes_;
    struct sums {
      std::vector<double> product, row, moved;
    };
    std::vector<sums> parts(samples_.parts());
    walk([&](std::size_t part, const class_block& block, const double* x) {
      sums& s = parts[part];
      s.product.resize(2 * k);
      s.row.resize(k);
      s.moved.resize(k);
      for (std::size_t i = 0; i < block.size; ++i, x += k) {
        const double w = block.weight_of(i);
        if (w == 0) continue;
        double* p = s.row.data();
        double* d = s.moved.data();
        for (std::size_t j = 0; j < k; ++j) {
          p[j] = theta[j] * x[j] + theta[k + j];
          d[j] = direction[j] * x[j] + direction[k + j];
        }
        softmax_row(p, k);
        double mean = 0;
        for (std::size_t j = 0; j < k; ++j) mean += p[j] * d[j];
        for (std::size_t j = 0; j < k; ++j) {
          const double r = w * p[j] * (d[j] - mean);
          s.product[j] += r * x[j];
          s.product[k + j] += r;
        }
      }
    });
    const double n = samples_.weight();
    for (std::size_t j = 0; j < 2 * k; ++j) product[j] = 2 * penalty_ * direction[j];
    for (const sums& s : parts)
      for (std::size_t j = 0; j < s.product.size(); ++j) product[j] += s.product[j] / n;
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
  template<class Visit>
  void walk(const Visit& visit) const {
    std::vector<std::vector<double>> prepared(samples_.parts());
    samples_.walk(form_, [&](std::size_t part, const class_block& block) {
      const double* x = block.rows;
      if (prepare_) {
        prepared[part].assign(block.rows, block.rows + block.size * block.classes);
        prepare_(prepared[part].data(), block.size, block.classes);
        x = prepared[part].data();
      }
      visit(part, block, x);
    });
  }

  const class_samples& samples_;
  row_form form_;
  double penalty_;
  preparation prepare_;
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
