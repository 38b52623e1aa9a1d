// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "calibra/version.hpp"

namespace calibra::detail {

/// The w >= 0 that sum to 1 and minimise w' G w - 2 w' c, G positive semidefinite: the least of the
/// corners, of the optima on the three edges and of that in between, where these lie inside.
inline std::array<double, 3> minimise_on_simplex(const std::array<std::array<double, 3>, 3>& g,
                                                 const std::array<double, 3>& c) {
  using vector = std::array<double, 3>;
  const auto value = [&](const vector& w) {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      sum -= 2 * w[i] * c[i];
      for (std::size_t j = 0; j < 3; ++j) sum += w[i] * w[j] * g[i][j];
    }
    return sum;
  };
  vector best{1, 0, 0};
  const auto offer = [&](const vector& w) {
    if (w[0] >= 0 && w[1] >= 0 && w[2] >= 0 && value(w) < value(best)) best = w;
  };
  offer({0, 1, 0});
  offer({0, 0, 1});
  for (std::size_t i = 0; i < 3; ++i) {  // w_i = s, w_j = 1 - s
    const std::size_t j = (i + 1) % 3;
    const double curvature = g[i][i] - 2 * g[i][j] + g[j][j];
    if (!(curvature > 0)) continue;
    vector w{};
    w[i] = (g[j][j] - g[i][j] + c[i] - c[j]) / curvature;
    w[j] = 1 - w[i];
    offer(w);
  }
  // w = e_2 + s (e_0 - e_2) + t (e_1 - e_2)
  const double aa = g[0][0] - 2 * g[0][2] + g[2][2], bb = g[1][1] - 2 * g[1][2] + g[2][2],
               ab = g[0][1] - g[0][2] - g[1][2] + g[2][2];
  const double a = g[2][2] - g[0][2] + c[0] - c[2], b = g[2][2] - g[1][2] + c[1] - c[2];
  const double determinant = aa * bb - ab * ab;
  if (determinant > 1e-14 * aa * bb) {
    const double s = (bb * a - ab * b) / determinant, t = (aa * b - ab * a) / determinant;
    offer({s, t, 1 - s - t});
  }
  return best;
}

}  // namespace calibra::detail
