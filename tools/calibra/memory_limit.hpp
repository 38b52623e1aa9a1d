// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>

#include "calibra/io/file_memory.hpp"
#include "calibra/io/resident_limit.hpp"

namespace calibra::cli {

/// Keeps the program to about `bytes` of memory from here to its end; 0: as it comes. A quarter is
/// for what grows with the rows, more of which lies in temporary files; of what is mapped, so much
/// stays in memory that all together takes half: the rest is room for what is read before somebody
/// looks.
inline void limit_memory(std::size_t bytes) {
  if (bytes == 0) return;
  static io::file_memory memory(bytes / 4);
  std::pmr::set_default_resource(&memory);
  static std::optional<io::resident_limit> limit;
  limit.emplace(bytes / 2);
}

}  // namespace calibra::cli
