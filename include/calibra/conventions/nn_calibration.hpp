// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "calibra/evaluate/convention.hpp"
#include "calibra/table/binning.hpp"

namespace calibra::conventions {

namespace detail::of_nn_calibration {

/// Bins (u - w, u] for the sums u of numpy.arange(w, 1 + w, w), each tested by itself: neighbours
/// overlap or leave holes of an ulp. A confidence of 0 lies in none.
struct arange_bins {
  double width = 1;
  std::vector<double> uppers;

  explicit arange_bins(std::size_t count) : width(1.0 / static_cast<double>(count)) {
    const auto n = static_cast<std::size_t>(std::ceil((1 + width - width) / width));
    for (std::size_t i = 0; i < n; ++i) {
      volatile double product = static_cast<double>(i) * width;
      uppers.push_back(width + product);
    }
  }
  std::size_t size() const { return uppers.size(); }
  double lower(std::size_t b) const { return uppers[b] - width; }
  double upper(std::size_t b) const { return uppers[b]; }
  std::ptrdiff_t index(double c) const { return first_from(0, c); }
  std::ptrdiff_t second(double c) const {
    const std::ptrdiff_t first = index(c);
    return first < 0 ? binning::none : first_from(static_cast<std::size_t>(first) + 1, c);
  }
  std::string describe() const { return "intervals of numpy.arange"; }

 private:
  std::ptrdiff_t first_from(std::size_t b, double c) const {
    if (c <= 0) return binning::none;
    for (; b < uppers.size(); ++b)
      if (c > uppers[b] - width && c <= uppers[b]) return static_cast<std::ptrdiff_t>(b);
    return binning::none;
  }
};

inline binning bins(std::size_t count, bool) {
  if (count < 1) throw option_error("convention: expected at least 1 bin, got 0");
  return arange_bins(count);
}

}  // namespace detail::of_nn_calibration

/// markus93/NN_calibration evaluation.py.
inline constexpr convention nn_calibration{
    .name = "nn_calibration",
    .implementation = "markus93/NN_calibration evaluation.py",
    .bins = &detail::of_nn_calibration::bins,
    .side = edge_side::right_closed,
    .settings = {{"edges", "(u - 1/B, u] for the sums u of numpy.arange"},
                 {"bin of a confidence", "each interval tested by itself"},
                 {"confidence 0", "in no bin, but counted in the total"}},
    .oddities = {{.reproduced = true,
                  .what = "Neighbouring bins overlap or leave holes of an ulp, so that a sample "
                          "may lie in two or none."},
                 {.reproduced = false,
                  .what = "Its softmax subtracts one maximum for the whole array; rows far below "
                          "it become NaN."}},
};

}  // namespace calibra::conventions
