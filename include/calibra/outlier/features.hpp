// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/cosine_distance.hpp"

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
  /// lambda L_dor, and its gradient where one is asked for.
  template<class Tuned>
  static double loss(const Tuned& tuned, const rows_type& zero_shot, double lambda) {
    return lambda * detail::cosine_distance(where, tuned, zero_shot);
  }
  template<class Tuned, class Gradient>
  static double loss(const Tuned& tuned, const rows_type& zero_shot, double lambda,
                     Gradient& gradient) {
    return lambda * detail::cosine_distance(where, tuned, zero_shot, gradient, lambda);
  }

 private:
  static constexpr std::string_view where = "dynamic_outlier_regularization()";
};

}  // namespace calibra
