// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "calibra/table/binning.hpp"

// Bins as reference implementations make and find them.
namespace calibra::conventions::detail {

using calibra::detail::concat;

/// Where a confidence of exactly 0 goes.
enum class zero_rule { first_bin, no_bin, removed };
/// Where a confidence of exactly 1 goes.
enum class one_rule { last_bin, own_bin, no_bin };
/// How a bin is found for a confidence.
enum class find_rule {
  edges,           ///< by comparison with the edges
  floor_multiply,  ///< floor(B c)
  floor_divide,    ///< floor(c / w) with w = 1/B rounded to the scores' scalar
  ceil_multiply,   ///< ceil(B c) - 1
};

/// Bins between edges, save for 0, 1 and how they are found.
struct reference_bins {
  binning between;
  zero_rule zero = zero_rule::first_bin;
  one_rule one = one_rule::last_bin;
  find_rule find = find_rule::edges;
  bool single = false;  ///< arithmetic in float

  std::size_t size() const { return intervals() + (one == one_rule::own_bin ? 1 : 0); }
  double lower(std::size_t b) const { return b == intervals() ? 1.0 : between.lower(b); }
  double upper(std::size_t b) const { return b == intervals() ? 1.0 : between.upper(b); }
  std::ptrdiff_t index(double c) const {
    if (c <= 0 && zero != zero_rule::first_bin)
      return zero == zero_rule::removed ? binning::removed : binning::none;
    if (c >= 1 && one != one_rule::last_bin)
      return one == one_rule::own_bin ? static_cast<std::ptrdiff_t>(intervals()) : binning::none;
    const auto bins = static_cast<double>(intervals());
    switch (find) {
      case find_rule::edges:
        break;
      case find_rule::floor_multiply:
        return clipped(
            std::floor(single ? static_cast<float>(bins) * static_cast<float>(c) : bins * c));
      case find_rule::floor_divide: {
        const double w = 1.0 / bins;
        return clipped(std::floor(single ? static_cast<float>(c) / static_cast<float>(w) : c / w));
      }
      case find_rule::ceil_multiply:
        return clipped(std::ceil(bins * c) - 1);
    }
    return between.index(c);
  }
  std::string describe() const {
    return concat("edges ", static_cast<int>(between.side()), ", zero ", static_cast<int>(zero),
                  ", one ", static_cast<int>(one), ", find ", static_cast<int>(find), ", single ",
                  static_cast<int>(single));
  }

 private:
  std::size_t intervals() const { return between.size(); }
  std::ptrdiff_t clipped(double bin) const {
    const auto last = static_cast<double>(intervals() - 1);
    return static_cast<std::ptrdiff_t>(bin < 0 ? 0 : bin > last ? last : bin);
  }
};

/// k * fl(1/B), the last forced to 1, as numpy.linspace.
inline std::vector<double> linspace_edges(std::size_t bins) {
  std::vector<double> e(bins + 1);
  const double step = 1.0 / static_cast<double>(bins);
  for (std::size_t k = 0; k < bins; ++k) e[k] = static_cast<double>(k) * step;
  e[bins] = 1;
  return e;
}

/// torch.linspace(0, 1, B + 1) of LibTorch's CPU kernel on AVX2: vectors of 32 bytes, two at a
/// time, each start + lane * step from its own first element; the rest one by one; the second half
/// counted down from the end. No fused multiply-add.
template<class T>
std::vector<double> torch_linspace_edges(std::size_t bins) {
  constexpr std::size_t lanes = 32 / sizeof(T);
  const std::size_t n = bins + 1;
  const T step = T{1} / static_cast<T>(bins);
  const auto element = [&](std::size_t i) -> T {
    if (i < n / 2) return step * static_cast<T>(i);
    const T back = step * static_cast<T>(n - i - 1);
    return T{1} - back;
  };
  std::vector<double> e(n);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    for (std::size_t base = i; base < i + 2 * lanes; base += lanes) {
      for (std::size_t j = 0; j < lanes; ++j) {
        volatile T offset = step * static_cast<T>(j);  // keeps the product from being fused
        e[base + j] = static_cast<double>(static_cast<T>(element(base) + offset));
      }
    }
  }
  for (; i < n; ++i) e[i] = static_cast<double>(element(i));
  e[0] = 0;
  e[n - 1] = 1;
  return e;
}

inline void check_bins(std::size_t bins) {
  if (bins < 1) throw option_error("convention: expected at least 1 bin, got 0");
}

inline binning linspace_bins(std::size_t bins, edge_side side) {
  check_bins(bins);
  return binning::from_edges(linspace_edges(bins), side);
}
/// torch.linspace in the scalar of the scores.
inline binning torch_bins(std::size_t bins, edge_side side, bool single) {
  check_bins(bins);
  return binning::from_edges(
      single ? torch_linspace_edges<float>(bins) : torch_linspace_edges<double>(bins), side);
}

}  // namespace calibra::conventions::detail
