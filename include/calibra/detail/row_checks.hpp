// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "calibra/array/column.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/tile.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"

// What every pass over rows asks of its input, with the sentences that say what is wrong.
namespace calibra::detail {

/// How far a row of probabilities may be from summing to 1: what summing K rounded numbers costs in
/// the type they were made in. Doubles are often widened floats and are allowed as much as floats.
template<class T>
double row_sum_tolerance(std::size_t classes) {
  const double k = 8.0 + 2.0 * std::sqrt(static_cast<double>(classes));
  if constexpr (std::is_same_v<T, bfloat16> || std::is_same_v<T, byte_swapped<bfloat16>>)
    return 0x1p-7 * k;
  if constexpr (sizeof(T) == 2) return 0x1p-10 * k;
  return static_cast<double>(std::numeric_limits<float>::epsilon()) * k;
}

/// Checks what can be checked without looking at an element.
template<class T>
void check_shapes(std::string_view where, matrix_view<const T> scores, std::size_t labels,
                  const options& o) {
  if (scores.cols() == 0)
    throw shape_error(
        concat(where, ": expected at least 1 class, got scores of ", scores.rows(), " x 0"));
  if (labels != scores.rows())
    throw shape_error(concat(where, ": expected ", scores.rows(), " labels to match ",
                             scores.rows(), " rows, got ", labels));
  if (o.weights && o.weights.size() != scores.rows())
    throw shape_error(concat(where, ": expected ", scores.rows(), " weights to match ",
                             scores.rows(), " rows, got ", o.weights.size()));
  if (o.valid && o.valid.size() != scores.rows())
    throw shape_error(concat(where, ": expected ", scores.rows(), " mask entries to match ",
                             scores.rows(), " rows, got ", o.valid.size()));
}

inline void check_label(std::string_view where, std::int64_t label, std::size_t row,
                        std::size_t classes) {
  if (label == not_whole)
    throw value_error(concat(where, ": the label at row ", row, " is not a whole number"));
  if (label < 0 || static_cast<std::uint64_t>(label) >= classes)
    throw value_error(
        concat(where, ": label ", label, " at row ", row, " is not in [0, ", classes, ")"));
}

inline void check_weight(std::string_view where, double weight, std::size_t row) {
  if (!(weight >= 0) || !is_finite(weight))
    throw value_error(concat(where, ": weight ", weight, " at row ", row, " is not in [0, inf)"));
}

template<class C>
[[noreturn]] void bad_probability(std::string_view where, C p, std::size_t row,
                                  std::size_t column) {
  throw value_error(concat(where, ": probability ", p, " at row ", row, ", column ", column,
                           " is not in [0, 1]; if these are logits, say logits(x)"));
}

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
    throw value_error(concat(where, ": the probabilities of row ", row, " sum to ", sum,
                             ", expected 1 within ", tolerance,
                             "; renormalise them or, if these are logits, say logits(x)"));
}

}  // namespace calibra::detail
