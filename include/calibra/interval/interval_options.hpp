// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "calibra/error.hpp"

namespace calibra {

/// How the limits of an interval are read off the values of replicates.
enum class interval_kind {
  basic,       ///< 2 value - quantiles: shifts the replicates' bias out
  percentile,  ///< the quantiles themselves
  bca,         ///< quantiles moved by the bias and the skewness (Efron 1987)
};

struct interval_options {
  std::size_t replicates = 2000;
  double level = 0.95;     ///< how often intervals shall cover
  std::uint64_t seed = 0;  ///< replicate r is a function of the seed and r
  /// Of metrics that are measured on replicates. Others have an interval of their own: see
  /// intervals().
  interval_kind kind = interval_kind::basic;

  /// Throws option_error for a level outside (0, 1), or too few replicates for it.
  void check(std::string_view where) const {
    if (!(level > 0 && level < 1))
      throw option_error(detail::concat(where, ": expected a level in (0, 1), got ", level));
    const double least = std::ceil(2 / (1 - level) - 1e-9);
    if (!(static_cast<double>(replicates) >= least))
      throw option_error(detail::concat(where, ": expected at least ", least,
                                        " replicates for a level of ", level, ", got ",
                                        replicates));
  }
};

}  // namespace calibra
