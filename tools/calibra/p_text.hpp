// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>

#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"

namespace calibra::cli {

/// A p in at most seven characters: small ones with an exponent, "-" where there is none.
inline std::string p_text(double p) {
  if (std::isnan(p)) return "-";
  if (p >= 1e-4) return calibra::detail::fixed_text(p, p >= 0.01 ? 3 : 5);
  if (p < 1e-300) return "<1e-300";
  const int exponent = static_cast<int>(std::floor(std::log10(p)));
  return calibra::detail::concat(calibra::detail::fixed_text(p / std::pow(10.0, exponent), 1), "e",
                                 exponent);
}

}  // namespace calibra::cli
