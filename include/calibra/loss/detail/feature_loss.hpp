// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/feature_rows.hpp"
#include "calibra/detail/gradient_view.hpp"
#include "calibra/error.hpp"

// What the losses of text features have in common: rows are brought to norm 1, the loss is a
// function of these, and its gradient is taken back to the rows that were given.
//
// A loss of one table is a `Form`: the function's name `where` and `compute(units, gradient)`, the
// value for at least one row of norm 1, its gradient by these added to *gradient unless that is
// null.
namespace calibra::detail {

/// The rows of a table of features, each divided by max(its norm, norm_floor).
class unit_features {
 public:
  /// Throws shape_error for a table without columns; value_error with the row for an element or a
  /// norm that is not finite.
  template<class T>
  unit_features(std::string_view where, std::string_view name, matrix_view<T> features)
      : rows_(features.rows(), features.cols()), norms_(features.rows()) {
    if (features.cols() == 0)
      throw shape_error(
          concat(where, ": ", name, " is ", features.rows(), " x 0; expected at least one column"));
    for (std::size_t i = 0; i < rows_.rows(); ++i) {
      norms_[i] = feature_norm(where, name, features, i);
      const double length = std::max(norms_[i], norm_floor);
      for (std::size_t j = 0; j < rows_.cols(); ++j) rows_(i, j) = feature(features, i, j) / length;
    }
  }

  const matrix<double>& rows() const noexcept { return rows_; }

  /// Takes a gradient by the rows of norm 1 to one by the rows that were given. Below the floor
  /// the divisor is constant.
  void take_back(matrix<double>& gradient) const {
    for (std::size_t i = 0; i < rows_.rows(); ++i) {
      double along = 0;
      if (norms_[i] >= norm_floor)
        for (std::size_t j = 0; j < rows_.cols(); ++j) along += gradient(i, j) * rows_(i, j);
      const double length = std::max(norms_[i], norm_floor);
      for (std::size_t j = 0; j < rows_.cols(); ++j)
        gradient(i, j) = (gradient(i, j) - along * rows_(i, j)) / length;
    }
  }

 private:
  matrix<double> rows_;
  std::vector<double> norms_;
};

/// The products of every row of `a` and every row of `b`: a b^T.
inline matrix<double> row_products(const matrix<double>& a, const matrix<double>& b) {
  matrix<double> products(a.rows(), b.rows());
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t j = 0; j < b.rows(); ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < a.cols(); ++k) sum += a(i, k) * b(j, k);
      products(i, j) = sum;
    }
  return products;
}

template<class G>
void write_gradient(const matrix<double>& sums, matrix_view<G> gradient) {
  for (std::size_t i = 0; i < sums.rows(); ++i)
    for (std::size_t j = 0; j < sums.cols(); ++j) gradient(i, j) = static_cast<G>(sums(i, j));
}

template<class Form, class Features>
double feature_loss(const Features& features) {
  const auto held = hold<as_matrix>(features);
  const unit_features units(Form::where, "features", held.view());
  if (units.rows().rows() == 0) return std::numeric_limits<double>::quiet_NaN();
  return Form::compute(units.rows(), nullptr);
}

/// The value, and the gradient by the features, which is written after everything else.
template<class Form, class Features, class Gradient>
double feature_loss(const Features& features, Gradient& gradient) {
  const auto held = hold<as_matrix>(features);
  const auto out = gradient_view(gradient);
  check_same_shape(Form::where, "gradient", out, "features", held.view());
  const unit_features units(Form::where, "features", held.view());
  if (units.rows().rows() == 0) return std::numeric_limits<double>::quiet_NaN();
  matrix<double> sums(out.rows(), out.cols());
  const double value = Form::compute(units.rows(), &sums);
  units.take_back(sums);
  write_gradient(sums, out);
  return value;
}

}  // namespace calibra::detail
