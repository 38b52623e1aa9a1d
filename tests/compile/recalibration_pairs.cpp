// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// Which recalibrator takes which scores. Each FAULT_* must not compile; without one, all must.
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/vector_scaling.hpp>

#include <array>
#include <vector>

using table = std::vector<std::array<float, 3>>;

void fits(const table& z, const std::vector<float>& x, const std::vector<int>& y) {
#if defined FAULT_binary_of_classes
  static_cast<void>(calibra::fit<calibra::isotonic>(calibra::logits(z), y));
#elif defined FAULT_classes_of_binary
  static_cast<void>(calibra::fit<calibra::vector_scaling>(calibra::binary_logits(x), y));
#elif defined FAULT_fit_of_labels
  static_cast<void>(calibra::fit<calibra::isotonic>(calibra::multilabel_logits(z), z));
#else
  using calibra::isotonic;
  static_cast<void>(calibra::fit<calibra::one_against_rest<isotonic>>(calibra::logits(z), y));
  static_cast<void>(calibra::fit<calibra::vector_scaling>(calibra::logits(z), y));
  static_cast<void>(calibra::fit<isotonic>(calibra::binary_logits(x), y));
#endif
}
