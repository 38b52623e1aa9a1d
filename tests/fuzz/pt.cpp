// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Whole .pt files.
#include "pt_tensors.hpp"

namespace {

const fuzz::target pt("pt", fuzz::reads_tensors);

}  // namespace
