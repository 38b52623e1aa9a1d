// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Two translation units include every public header, after macros that some platform's headers are
// known to define, and are linked into one program: a function that is not inline, or a name left
// unguarded, shows itself here.
#include "hostile.hpp"

int other();

int main() {
  return use() == 3 && other() == 3 ? 0 : 1;
}
