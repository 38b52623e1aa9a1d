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
#include "calibra/array/scalar.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"

// Checks of one label, weight or probability: what passes over rows and losses of a batch share.
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

inline void check_label(std::string_view where, std::int64_t label, std::size_t row,
                        std::size_t classes) {
  if (label == not_whole)
    throw value_error(concat(where, ": the label at row ", row, " is not a whole number"));
  if (label < 0 || static_cast<std::uint64_t>(label) >= classes)
    throw value_error(
        concat(where, ": label ", label, " at row ", row, " is not in [0, ", classes, ")"));
}

/// Squares of weights, and their sums, have to be numbers: weights of other sizes are refused, so
/// that results do not depend on the scale.
inline void check_weight(std::string_view where, double weight, std::size_t row) {
  if (weight == 0 || (weight >= 1e-100 && weight <= 1e100)) return;
  if (!(weight >= 0) || !is_finite(weight))
    throw value_error(concat(where, ": weight ", weight, " at row ", row, " is not in [0, inf)"));
  throw value_error(concat(where, ": weight ", weight, " at row ", row,
                           " is neither 0 nor in [1e-100, 1e100]; scale all weights alike"));
}

template<class C>
[[noreturn]] void bad_probability(std::string_view where, C p, std::size_t row,
                                  std::size_t column) {
  throw value_error(concat(where, ": probability ", p, " at row ", row, ", column ", column,
                           " is not in [0, 1]; if these are logits, give them as logits"));
}

}  // namespace calibra::detail
