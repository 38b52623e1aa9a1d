// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/loss/detail/batch_loss.hpp"
#include "calibra/scores.hpp"

// Logits beside the zero-shot logits of the same samples and classes.
namespace calibra::detail {

/// Checked logits in double, N x K; binary logits x are rows (0, x).
template<score_kind Kind, class T>
matrix<double> logit_rows(std::string_view where, std::string_view name, matrix_view<T> scores) {
  constexpr std::size_t first = is_binary_kind<Kind> ? 1 : 0;
  if (scores.cols() == 0)
    throw shape_error(
        concat(where, ": expected at least 1 class, got ", name, " of ", scores.rows(), " x 0"));
  matrix<double> rows(scores.rows(), scores.cols() + first);
  for (std::size_t i = 0; i < scores.rows(); ++i)
    for (std::size_t k = 0; k < scores.cols(); ++k) {
      const auto z = static_cast<double>(scalar_traits<std::remove_cv_t<T>>::load(scores(i, k)));
      if (!is_finite(z))
        throw value_error(concat(where, ": ", name, " have ", z, " at row ", i, ", column ", k,
                                 "; expected a finite number"));
      rows(i, k + first) = z;
    }
  return rows;
}

/// Throws shape_error unless the two have as many rows and columns.
template<class A, class B>
void check_logit_pair(std::string_view where, std::string_view name, matrix_view<A> a,
                      std::string_view other, matrix_view<B> b) {
  if (a.rows() != b.rows() || a.cols() != b.cols())
    throw shape_error(concat(where, ": ", name, " are ", a.rows(), " x ", a.cols(), ", ", other,
                             " are ", b.rows(), " x ", b.cols(), "; expected the same shape"));
}

/// The least and the largest of a row, the first of each.
struct row_range {
  std::size_t low = 0, high = 0;

  row_range(const matrix<double>& rows, std::size_t i) {
    for (std::size_t k = 1; k < rows.cols(); ++k) {
      if (rows(i, k) < rows(i, low)) low = k;
      if (rows(i, k) > rows(i, high)) high = k;
    }
  }
};

/// One sentence for scores that are no pair of logits.
template<class Scores, class ZeroShot, bool Binary>
constexpr bool usable_logit_pair() {
  static_assert(wrapped_scores<Scores> && wrapped_scores<ZeroShot>,
                "calibra: say what the scores are: logits(z) for those of the tuned model and for "
                "the zero-shot ones");
  if constexpr (wrapped_scores<Scores> && wrapped_scores<ZeroShot>) {
    constexpr bool defined =
        Scores::kind == ZeroShot::kind && (Scores::kind == score_kind::logits ||
                                           (Binary && Scores::kind == score_kind::binary_logits));
    static_assert(
        defined,
        "calibra: this is a function of logits, of one kind in both places: logits(z) or, "
        "for the loss, binary_logits(x)");
    constexpr bool arrays = !tensor_scores<Scores> && !tensor_scores<ZeroShot>;
    static_assert(arrays,
                  "calibra: this function of tensors is in <calibra/torch/zero_shot_range.hpp>, "
                  "and takes tensors in both places; backward() gives the gradient");
    return defined && arrays;
  }
  return false;
}

}  // namespace calibra::detail
