// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>

namespace calibra::detail {

/// exp(x) for x <= 0 is 2^n 2^f with n + f = x log2(e), |f| <= 1/2, and
/// 2^f = 1 + f (c[0] + c[1] f + ...). The coefficients are the minimax (Remez) solution for the
/// relative error with the constant term held at 1, so that exp(0) is exactly 1.
/// Results below the smallest normal number are 0. NaN stays NaN.
template<class T>
struct exp_polynomial;

template<>
struct exp_polynomial<float> {  // relative error of the polynomial 2.6e-9
  static constexpr std::size_t terms = 6;
  static constexpr float c[terms] = {0.69314724F,    0.24022652F,    0.055503104F,
                                     0.00961769279F, 0.00134066434F, 0.000155946778F};
  static constexpr float log2_e = 1.44269504F;
  static constexpr float smallest_exponent = -126.0F;
};

template<>
struct exp_polynomial<double> {  // relative error of the polynomial 1.8e-17
  static constexpr std::size_t terms = 11;
  static constexpr double c[terms] = {
      0.6931471805599457,     0.24022650695910097,   0.05550410866479039,    0.009618129107607003,
      0.0013333558153439966,  0.0001540353044157213, 1.5252727385193868e-05, 1.3215442675329823e-06,
      1.0180647659234139e-07, 7.072570412814423e-09, 4.078071929588337e-10};
  static constexpr double log2_e = 1.4426950408889634;
  static constexpr double smallest_exponent = -1022.0;
};

}  // namespace calibra::detail
