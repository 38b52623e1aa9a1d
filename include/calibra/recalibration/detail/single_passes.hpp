// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

// When fits take passes in single precision for all but their last steps, wherever samples lie.
namespace calibra::detail {

/// Whether floats lose little: by the largest score's size and the largest weight.
inline bool single_loses_little(double farthest, double heaviest) {
  constexpr double precise = 1e4, heavy = 1e15;
  return farthest <= precise && heaviest <= heavy && heaviest >= 1 / heavy;
}

/// Whether there is enough to do, in numbers times work a number.
inline bool worth_single(double work) {
  constexpr double many = 1 << 20;
  return work >= many;
}

}  // namespace calibra::detail
