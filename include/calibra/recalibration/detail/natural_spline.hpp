// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "calibra/recalibration/detail/logistic_regression.hpp"

namespace calibra::detail {

/// Calls f(u, length) for points of Gauss's rule on [from, to], exact for polynomials of degree 7.
template<class F>
void for_gauss_points(double from, double to, const F& f) {
  constexpr double inner = 0.33998104358485626, outer = 0.86113631159405258;
  constexpr double inner_part = 0.32607257743127307, outer_part = 0.17392742256872693;
  const double middle = from + (to - from) / 2, half = (to - from) / 2;
  f(middle - outer * half, outer_part * (to - from));
  f(middle - inner * half, inner_part * (to - from));
  f(middle + inner * half, inner_part * (to - from));
  f(middle + outer * half, outer_part * (to - from));
}

/// A cubic spline on equidistant knots 0, ..., 1 whose second derivative is 0 at both ends.
template<std::size_t Knots>
class natural_spline {
 public:
  using vector = std::array<double, Knots>;

  /// Through values at the knots.
  explicit natural_spline(const vector& values) : values_(values) {
    // M_(i-1) + 4 M_i + M_(i+1) = 6 (v_(i-1) - 2 v_i + v_(i+1)) / h^2, solved downwards and back
    vector upper{};
    for (std::size_t i = 1; i + 1 < Knots; ++i) {
      const double right = 6 * (values[i - 1] - 2 * values[i] + values[i + 1]) / (width * width);
      upper[i] = 1 / (4 - upper[i - 1]);
      curvature_[i] = (right - curvature_[i - 1]) * upper[i];
    }
    for (std::size_t i = Knots - 2; i > 0; --i) curvature_[i] -= upper[i] * curvature_[i + 1];
  }

  /// Where u lies, and the terms that the value there is a sum of.
  struct place {
    std::size_t piece;
    std::array<double, 4> term;
  };
  static place at(double u) {
    const std::size_t i = piece_of(u);
    const double b = u / width - static_cast<double>(i), a = 1 - b;
    return {i, {a, b, (a * a - 1) * a, (b * b - 1) * b}};
  }
  /// What the terms are multiplied by on a piece.
  std::array<double, 4> coefficients(std::size_t i) const {
    constexpr double scale = width * width / 6;
    return {values_[i], values_[i + 1], scale * curvature_[i], scale * curvature_[i + 1]};
  }
  double slope(double u) const {
    const std::size_t i = piece_of(u);
    const double b = u / width - static_cast<double>(i), a = 1 - b;
    return (values_[i + 1] - values_[i]) / width +
           width / 6 * ((3 * b * b - 1) * curvature_[i + 1] - (3 * a * a - 1) * curvature_[i]);
  }
  /// The mean of the slope over [from, to], without the difference of two values.
  double mean_slope(double from, double to) const {
    if (!(from < to)) return slope(from);
    double sum = 0;
    for_pieces(from, to, [&](double low, double high) {
      for_gauss_points(low, high, [&](double u, double length) { sum += length * slope(u); });
    });
    return sum / (to - from);
  }

  /// Calls f(low, high) for the parts of [from, to] between knots.
  template<class F>
  static void for_pieces(double from, double to, const F& f) {
    while (from < to) {
      std::size_t next = piece_of(from) + 1;
      if (static_cast<double>(next) * width <= from) ++next;
      const double high = next < Knots ? std::min(to, static_cast<double>(next) * width) : to;
      f(from, high);
      from = high;
    }
  }

 private:
  static constexpr double width = 1 / static_cast<double>(Knots - 1);
  static std::size_t piece_of(double u) {
    return std::min(Knots - 2, static_cast<std::size_t>(std::max(0.0, u / width)));
  }

  vector values_, curvature_{};
};

/// The natural spline that is nearest to a function of [0, 1] in the integral of squares. The
/// function is linear on pieces that add() is given one after the other.
template<std::size_t Knots>
class spline_fit {
 public:
  /// The function from `from`, where it is `low`, to `to`, where it is `high`.
  void add(double from, double to, double low, double high) {
    natural_spline<Knots>::for_pieces(from, to, [&](double a, double b) {
      for_gauss_points(a, b, [&](double u, double length) {
        const auto place = natural_spline<Knots>::at(u);
        const double value = low + (high - low) * ((u - from) / (to - from));
        for (std::size_t t = 0; t < 4; ++t)
          moment_[place.piece][t] += length * value * place.term[t];
      });
    });
  }

  natural_spline<Knots> fitted() const {
    using vector = std::array<double, Knots>;
    std::array<vector, Knots> gram{};
    vector right{};
    for (std::size_t k = 0; k < Knots; ++k)
      for (std::size_t i = 0; i + 1 < Knots; ++i) {
        const std::array<double, 4> of_k = unit(k).coefficients(i);
        for (std::size_t t = 0; t < 4; ++t) right[k] += of_k[t] * moment_[i][t];
        const double width = 1 / static_cast<double>(Knots - 1);
        const double from = static_cast<double>(i) * width;
        for_gauss_points(from, from + width, [&](double u, double length) {
          const auto place = natural_spline<Knots>::at(u);
          for (std::size_t l = 0; l < Knots; ++l)
            gram[k][l] +=
                length * product(of_k, place.term) * product(unit(l).coefficients(i), place.term);
        });
      }
    return natural_spline<Knots>(solve_flat<Knots>(gram, right));
  }

 private:
  /// 1 at knot k, 0 at the others.
  static natural_spline<Knots> unit(std::size_t k) {
    std::array<double, Knots> values{};
    values[k] = 1;
    return natural_spline<Knots>(values);
  }
  static double product(const std::array<double, 4>& a, const std::array<double, 4>& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  }

  std::array<std::array<double, 4>, Knots - 1> moment_{};
};

}  // namespace calibra::detail
