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

/// log(m), 3/4 < m <= 3/2, is 2 s (1 + s^2 (c[0] + c[1] s^2 + ...)) with s = (m - 1) / (m + 1). The
/// coefficients are Chebyshev's for (atanh(s) / s - 1) / s^2 over s^2 <= 1/25.
template<class T>
struct log_polynomial;

template<>
struct log_polynomial<float> {
  static constexpr std::size_t terms = 4;
  static constexpr float c[terms] = {0.333333331F, 0.200001568F, 0.142662725F, 0.118756709F};
  static constexpr float ln2 = 0.693145752F, ln2_rest = 1.42860677e-6F;  // n ln2 is exact
};

template<>
struct log_polynomial<double> {
  static constexpr std::size_t terms = 9;
  static constexpr double c[terms] = {
      0.33333333333333333, 0.19999999999999954, 0.14285714285745173,
      0.11111111103220504, 0.09090910099293801, 0.07692235448289166,
      0.06669696891669157, 0.05808757665751732, 0.06211557028039042};
  static constexpr double ln2 = 0.693147180369123816, ln2_rest = 1.90821492927058770e-10;
};

}  // namespace calibra::detail
