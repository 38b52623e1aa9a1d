// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

#include "calibra/detail/compiled.hpp"
#include "calibra/detail/element_checks.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

// What every pass over rows asks of its input, with the sentences that say what is wrong.
namespace calibra::detail {

/// Checks what can be checked without looking at an element.
CALIBRA_DETAIL_ONCE
void check_shapes(std::string_view where, std::size_t rows, std::size_t cols, std::size_t labels,
                  const row_options& o) {
  if (cols == 0)
    throw shape_error(concat(where, ": expected at least 1 class, got scores of ", rows, " x 0"));
  if (labels != rows)
    throw shape_error(
        concat(where, ": expected ", rows, " labels to match ", rows, " rows, got ", labels));
  if (o.weights && o.weights.size() != rows)
    throw shape_error(concat(where, ": expected ", rows, " weights to match ", rows, " rows, got ",
                             o.weights.size()));
  if (o.proximity && o.proximity.size() != rows)
    throw shape_error(concat(where, ": expected ", rows, " proximities to match ", rows,
                             " rows, got ", o.proximity.size()));
  if (o.cluster && o.cluster.size() != rows)
    throw shape_error(concat(where, ": expected ", rows, " clusters to match ", rows, " rows, got ",
                             o.cluster.size()));
  if (o.stratum && o.stratum.size() != rows)
    throw shape_error(concat(where, ": expected ", rows, " strata to match ", rows, " rows, got ",
                             o.stratum.size()));
  if (o.valid && o.valid.size() != rows)
    throw shape_error(concat(where, ": expected ", rows, " mask entries to match ", rows,
                             " rows, got ", o.valid.size()));
}
CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_CHECKS)

/// For a row whose sum is not finite, row i of the tile and `row` of the input: returns where the
/// policy is to leave such rows out and count them; else throws and says what the matter is.
template<class C>
void check_bad_row(std::string_view where, score_kind kind, nan_policy policy, const tile<C>& z,
                   std::size_t i, std::size_t row) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < z.classes; ++k) {
    const auto x = static_cast<double>(z.at(i, k));
    const bool counted = is_nan(x) || x == inf;
    if (counted && policy == nan_policy::count) return;
    if (counted || (x == -inf && kind == score_kind::binary_logits))
      throw value_error(concat(where, ": score ",
                               is_nan(x) ? "nan"
                               : x > 0   ? "inf"
                                         : "-inf",
                               " at row ", row, ", column ", k, "; expected a finite number",
                               kind == score_kind::logits ? " or -inf" : ""));
  }
  if (kind == score_kind::probabilities) {
    for (std::size_t k = 0; k < z.classes; ++k) {
      const C p = z.at(i, k);
      if (!(p >= 0 && p <= 1)) bad_probability(where, p, row, k);
    }
  }
  throw value_error(concat(where, ": every logit is -inf at row ", row));
}

/// Checks row i of the tile, `row` of the input, as probabilities: in [0, 1] and summing to 1.
template<class C>
void check_simplex_row(std::string_view where, const tile<C>& p, std::size_t i, std::size_t row,
                       C min, C max, double sum, double tolerance) {
  if (min < 0 || static_cast<double>(max) > 1 + tolerance) {
    const C bad = min < 0 ? min : max;
    std::size_t k = 0;
    while (p.at(i, k) != bad) ++k;
    bad_probability(where, bad, row, k);
  }
  if (std::abs(sum - 1) > tolerance)
    throw value_error(
        concat(where, ": the probabilities of row ", row, " sum to ", sum, ", expected 1 within ",
               tolerance,
               sum > 0 ? "; renormalise them or, if these are logits, give them as logits" : ""));
}

/// The same, of a row whose sum is to be divided out where the options say so. False where the
/// policy has the row left out.
template<class C>
bool check_simplex(std::string_view where, const row_options& o, const tile<C>& p, std::size_t i,
                   std::size_t row, C min, C max, double sum, double tolerance) {
  if (!is_finite(sum)) {
    check_bad_row(where, score_kind::probabilities, o.nan, p, i, row);
    return false;
  }
  if (!(o.renormalise && min >= 0 && sum > 0))
    check_simplex_row(where, p, i, row, min, max, sum, tolerance);
  return true;
}

/// Checks row i of a tile of binary scores, row `row` of the input. False where the policy has the
/// row left out.
template<class C>
bool check_binary(std::string_view where, score_kind kind, nan_policy policy, const tile<C>& scores,
                  std::size_t i, std::size_t row) {
  const auto x = static_cast<double>(scores.at(i, 0));
  const bool is_logit = kind == score_kind::binary_logits;
  if (is_nan(x) || (is_logit && !is_finite(x)) || x == std::numeric_limits<double>::infinity()) {
    check_bad_row(where, kind, policy, scores, i, row);
    return false;
  }
  if (!is_logit && !(x >= 0 && x <= 1))
    throw value_error(concat(where, ": probability ", x, " is not in [0, 1], at row ", row));
  return true;
}

}  // namespace calibra::detail
