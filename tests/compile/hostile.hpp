// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

// Macros that headers of common platforms and toolkits leave behind (complex.h, sys/sysmacros.h,
// X11, Qt, old compilers). calibra's headers may not use such names.
#define I something_else
#define small char
#define near
#define far
#define major(device) something_else
#define minor(device) something_else
#define None 0L
#define Bool int
#define Status int
#define Success 0
#define signals public
#define slots
#define foreach for

#include "all_headers.hpp"

/// Something that instantiates a little of them.
inline int use() {
  const std::vector<std::array<float, 3>> z{{1, 2, 3}};
  return static_cast<int>(calibra::logits(z).view()(0, 2));
}
