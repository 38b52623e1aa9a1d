// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "hostile.hpp"

int other() {
  return use();
}
