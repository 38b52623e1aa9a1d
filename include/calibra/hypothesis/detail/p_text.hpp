// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"

namespace calibra::detail {

/// A p in at most seven characters: small ones with an exponent, "-" where there is none.
inline std::string p_text(double p) {
  if (is_nan(p)) return "-";
  if (p >= 1e-4) return fixed_text(p, p >= 0.01 ? 3 : 5);
  if (p < 1e-300) return "<1e-300";
  int exponent = static_cast<int>(std::floor(std::log10(p)));
  std::string digits = fixed_text(p / std::pow(10.0, exponent), 1);
  if (digits == "10.0") {
    digits = "1.0";
    ++exponent;
  }
  return concat(digits, "e", exponent);
}

}  // namespace calibra::detail
