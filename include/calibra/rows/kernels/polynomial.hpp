// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>

namespace calibra::detail {

/// exp(x) for x <= 0 is 2^n 2^f with n + f = x log2(e) and 2^f = 1 + f (c[0] + c[1] f + ...). The
/// coefficients are the minimax (Remez) solutions for the relative error with the constant term
/// held at 1, so that exp(0) is exactly 1: `nearest` for n the nearest integer, |f| <= 1/2; `below`
/// for n the integer below, 0 <= f < 1.
template<class T>
struct exp_polynomial;

template<>
struct exp_polynomial<float> {
  static constexpr std::size_t terms = 6;
  static constexpr float nearest[terms] = {0.69314724F,    0.24022652F,
                                           0.055503104F,   0.00961769279F,
                                           0.00134066434F, 0.000155946778F};  // 2.6e-9
  static constexpr float below[terms] = {0.693147063F,   0.240229085F,
                                         0.0554861836F,  0.00967377517F,
                                         0.00124822883F, 0.000215659849F};  // 2.1e-9
  static constexpr float log2_e = 1.44269504F;
};

template<>
struct exp_polynomial<double> {
  static constexpr std::size_t terms = 11;
  static constexpr double nearest[terms] = {
      0.6931471805599457,     0.24022650695910097,   0.05550410866479039,    0.009618129107607003,
      0.0013333558153439966,  0.0001540353044157213, 1.5252727385193868e-05, 1.3215442675329823e-06,
      1.0180647659234139e-07, 7.072570412814423e-09, 4.078071929588337e-10};  // 1.8e-17
  static constexpr double below[terms] = {
      0.693147180559946,      0.24022650695906198,    0.055504108665627334,   0.009618129099318824,
      0.0013333558641776592,  0.00015403511915327932, 1.5253183139503333e-05, 1.320826176283356e-06,
      1.0254061697153233e-07, 6.555689763552933e-09,  6.270924530721681e-10};  // 3.3e-18
  static constexpr double log2_e = 1.4426950408889634;
};

}  // namespace calibra::detail
