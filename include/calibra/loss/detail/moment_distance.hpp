// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/feature_rows.hpp"
#include "calibra/detail/gradient_view.hpp"
#include "calibra/loss/detail/feature_loss.hpp"

// The distance of the first two moments of two tables of features: what moment matching and DOR
// with second moments have in common.
namespace calibra::detail {

/// Takes the mean row away from every row, and gives it.
inline std::vector<double> centre(matrix<double>& rows) {
  std::vector<double> mean(rows.cols());
  for (std::size_t i = 0; i < rows.rows(); ++i)
    for (std::size_t j = 0; j < rows.cols(); ++j) mean[j] += rows(i, j);
  for (double& x : mean) x /= static_cast<double>(rows.rows());
  for (std::size_t i = 0; i < rows.rows(); ++i)
    for (std::size_t j = 0; j < rows.cols(); ++j) rows(i, j) -= mean[j];
  return mean;
}

/// |A^T A - B^T B|_F^2 / rows^2 of centred tables A and B of one shape; its gradient by A times
/// `weight` is added to *gradient unless that is null.
///
/// With E = A - B and S = (A + B)/2 the difference is E^T S + S^T E. Its square needs the products
/// of rows alone, and nothing large cancels where A is near B.
inline double covariance_distance(const matrix<double>& a, const matrix<double>& b, double weight,
                                  matrix<double>* gradient) {
  const std::size_t n = a.rows();
  const double divisor = static_cast<double>(n) * static_cast<double>(n);
  matrix<double> e(n, a.cols()), s(n, a.cols());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < a.cols(); ++k) {
      e(i, k) = a(i, k) - b(i, k);
      s(i, k) = (a(i, k) + b(i, k)) / 2;
    }
  const matrix<double> ee = row_products(e, e), ss = row_products(s, s), se = row_products(s, e);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) sum += ee(i, j) * ss(i, j) + se(i, j) * se(j, i);
  if (gradient != nullptr) {
    const double scale = 4 * weight / divisor;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const double along_s = scale * (se(i, j) + ee(i, j) / 2);  // of A E^T
        const double along_e = scale * (ss(i, j) + se(j, i) / 2);  // of A S^T
        for (std::size_t k = 0; k < a.cols(); ++k)
          (*gradient)(i, k) += along_s * s(j, k) + along_e * e(j, k);
      }
  }
  return 2 * sum / divisor;
}

/// mean_weight |mu_t - mu_0|^2 + covariance_weight |Cov_t - Cov_0|_F^2 of rows brought to norm 1;
/// its gradient by the tuned features to *gradient, a matrix of zeros, unless that is null. NaN
/// without rows.
template<class T, class Z>
double moment_distance(std::string_view where, matrix_view<T> tuned, matrix_view<Z> zero_shot,
                       double mean_weight, double covariance_weight, matrix<double>* gradient) {
  check_same_shape(where, "tuned", tuned, "zero_shot", zero_shot);
  const unit_features units(where, "tuned", tuned);
  for (std::size_t i = 0; i < zero_shot.rows(); ++i)
    direction_norm(where, "zero_shot", zero_shot, i);
  if (tuned.rows() == 0) return std::numeric_limits<double>::quiet_NaN();
  matrix<double> a = units.rows(), b = unit_features(where, "zero_shot", zero_shot).rows();
  const std::vector<double> mean = centre(a), mean_0 = centre(b);
  double value = 0;
  if (covariance_weight > 0)
    value = covariance_weight * covariance_distance(a, b, covariance_weight, gradient);
  for (std::size_t k = 0; mean_weight > 0 && k < mean.size(); ++k) {
    const double apart = mean[k] - mean_0[k];
    value += mean_weight * apart * apart;
    for (std::size_t i = 0; gradient != nullptr && i < a.rows(); ++i)
      (*gradient)(i, k) += 2 * mean_weight * apart / static_cast<double>(a.rows());
  }
  if (gradient != nullptr) units.take_back(*gradient);
  return value;
}

template<class Tuned, class ZeroShot>
double moment_distance(std::string_view where, const Tuned& tuned, const ZeroShot& zero_shot,
                       double mean_weight, double covariance_weight) {
  const auto t = hold<as_matrix>(tuned);
  const auto z = hold<as_matrix>(zero_shot);
  return moment_distance(where, t.view(), z.view(), mean_weight, covariance_weight, nullptr);
}

template<class Tuned, class ZeroShot, class Gradient>
double moment_distance(std::string_view where, const Tuned& tuned, const ZeroShot& zero_shot,
                       double mean_weight, double covariance_weight, Gradient& gradient) {
  const auto t = hold<as_matrix>(tuned);
  const auto z = hold<as_matrix>(zero_shot);
  const auto out = gradient_view(gradient);
  check_same_shape(where, "gradient", out, "tuned", t.view());
  matrix<double> sums(out.rows(), out.cols());
  const double value =
      moment_distance(where, t.view(), z.view(), mean_weight, covariance_weight, &sums);
  write_gradient(sums, out);
  return value;
}

}  // namespace calibra::detail
