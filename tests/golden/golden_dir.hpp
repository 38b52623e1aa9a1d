// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <string>

/// The folder with the peers' values: the environment's, else the one of the build.
inline std::string golden_dir() {
  if (const char* set = std::getenv("CALIBRA_GOLDEN_DIR")) return set;
#ifdef CALIBRA_GOLDEN_DIR
  return CALIBRA_GOLDEN_DIR;
#else
  return "";
#endif
}
