// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/cosine_distance.hpp"
#include "calibra/detail/gradient_view.hpp"
#include "calibra/loss/detail/feature_loss.hpp"
#include "calibra/loss/detail/moment_distance.hpp"

namespace calibra {

/// What dynamic_outlier_regularization asks of a bank's features. This is the form for arrays of
/// host memory; calibra/torch/outliers.hpp has the one for at::Tensor.
template<class Features>
struct outlier_features {
  static_assert(score_matrix<Features>,
                "calibra: outlier features are a two-dimensional array of real numbers; "
                "at::Tensor needs calibra/torch/outliers.hpp");

  /// Outlier numbers in the form that selects rows.
  using index_type = std::vector<std::size_t>;
  /// Rows of the bank that a sample selected.
  using rows_type = matrix<compute_type<typename detail::view_type<const Features&>::value_type>>;

  static std::size_t rows(const Features& features) {
    return detail::hold<detail::as_matrix>(features).view().rows();
  }
  static index_type index(const Features&, std::span<const std::size_t> ids) {
    return {ids.begin(), ids.end()};
  }
  static rows_type take(const Features& features, const index_type& index) {
    const auto held = detail::hold<detail::as_matrix>(features);
    const auto view = held.view();
    using scalar = typename decltype(view)::value_type;
    rows_type taken(index.size(), view.cols());
    for (std::size_t b = 0; b < index.size(); ++b)
      for (std::size_t j = 0; j < view.cols(); ++j)
        taken(b, j) = scalar_traits<scalar>::load(view(index[b], j));
    return taken;
  }
  /// lambda (L_dor + gamma |Cov_t - Cov_0|_F^2), and its gradient where one is asked for.
  template<class Tuned>
  static double loss(const Tuned& tuned, const rows_type& zero_shot, double lambda, double gamma) {
    const double distance = detail::cosine_distance(where, tuned, zero_shot);
    if (gamma == 0) return lambda * distance;
    return lambda * (distance + detail::moment_distance(where, tuned, zero_shot, 0, gamma));
  }
  template<class Tuned, class Gradient>
  static double loss(const Tuned& tuned, const rows_type& zero_shot, double lambda, double gamma,
                     Gradient& gradient) {
    if (gamma == 0)
      return lambda * detail::cosine_distance(where, tuned, zero_shot, gradient, lambda);
    const auto held = detail::hold<detail::as_matrix>(tuned);
    const auto out = detail::gradient_view(gradient);
    detail::check_same_shape(where, "gradient", out, "tuned", held.view());
    matrix<double> slopes(out.rows(), out.cols()), moments(out.rows(), out.cols());
    const double distance = detail::cosine_distance(where, tuned, zero_shot, slopes, lambda);
    const double apart =
        detail::moment_distance(where, held.view(), zero_shot.view(), 0, gamma, &moments);
    for (std::size_t b = 0; b < slopes.rows(); ++b)
      for (std::size_t j = 0; j < slopes.cols(); ++j) slopes(b, j) += lambda * moments(b, j);
    detail::write_gradient(slopes, out);
    return lambda * (distance + apart);
  }

 private:
  static constexpr std::string_view where = "dynamic_outlier_regularization()";
};

}  // namespace calibra
