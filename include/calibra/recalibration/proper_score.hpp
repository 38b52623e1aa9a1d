// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

namespace calibra {

/// How recalibrators are compared on samples that they were not fitted to. An ECE would not be a
/// proper score.
enum class proper_score {
  logarithmic,  ///< the NLL
  squared,      ///< the Brier score
};

}  // namespace calibra
