// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Counted by operator new, for programs that are linked with allocations.cpp.
namespace calibra::test {

/// How often this thread has called operator new.
std::size_t allocations();

/// Bytes that operator new gave out, in all threads, and that were not given back: now, and the
/// most since forget_peak().
std::size_t live_bytes();
std::size_t peak_bytes();
void forget_peak();

}  // namespace calibra::test
