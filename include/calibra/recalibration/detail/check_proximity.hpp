// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "calibra/array/column.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"

// What is asked of proximities, one a sample.
namespace calibra::detail {

inline void check_proximities(std::string_view where, const optional_column<double>& proximity,
                              std::size_t rows) {
  if (proximity.size() != rows)
    throw shape_error(concat(where, ": expected ", rows, " proximities to match ", rows,
                             " rows, got ", proximity.size()));
}

inline void check_proximity(std::string_view where, double proximity, std::size_t row) {
  if (!is_finite(proximity))
    throw value_error(concat(where, ": proximity ", proximity, " at row ", row, " is not finite"));
}

}  // namespace calibra::detail
