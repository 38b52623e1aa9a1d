// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace calibra::test {

/// How often this thread has called operator new.
std::size_t allocations();

}  // namespace calibra::test
