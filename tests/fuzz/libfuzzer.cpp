// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What libFuzzer calls: the only target in the program.
#include <cstddef>
#include <cstdint>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::targets().front()->run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
