// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

namespace calibra {

/// What is drawn of the noise of a bin.
enum class bar_limits {
  none,
  wilson,       ///< around the accuracy: where the accuracy of such samples lies
  consistency,  ///< around the confidence: where accuracies of a calibrated model lie
};

struct reliability_style {
  bar_limits limits = bar_limits::wilson;
  double level = 0.95;
  bool histogram = true;  ///< a strip that shows how many samples are in each bin
};

}  // namespace calibra
