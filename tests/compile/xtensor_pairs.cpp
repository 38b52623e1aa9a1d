// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// As scores_pairs.cpp, for what only the xtensor adapter can get wrong.
#include "calibra/adapters/xtensor.hpp"
#include "calibra/scores.hpp"

#ifdef CALIBRA_EXPECT_FOLDERS
#ifndef CALIBRA_TEST_FOLDERED_XTENSOR
#error "the foldered headers were not taken"
#endif
#endif

#ifdef FAULT_three_dimensions
void dimensions(const xt::xtensor<float, 3>& z) {
#else
void dimensions(const xt::xtensor<float, 2>& z) {
#endif
  static_cast<void>(calibra::logits(z));
}

#ifdef FAULT_integer_array
void elements(const xt::xarray<int>& z) {
#else
void elements(const xt::xarray<float>& z) {
#endif
  static_cast<void>(calibra::logits(z));
}
