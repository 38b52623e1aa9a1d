// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "calibra/version.hpp"

// Which files are mapped where, for a signal handler.
namespace calibra::io::detail {

/// Where a file is mapped; no file where `name` is null.
struct mapped_range {
  std::atomic<const char*> name = nullptr;
  std::atomic<const std::byte*> begin = nullptr;
  std::atomic<std::size_t> size = 0;

  bool holds(const std::byte* address) const noexcept {
    const std::byte* first = begin.load();
    return first != nullptr && address >= first && address < first + size.load();
  }
};

/// A process maps few files at a time; those beyond the slots are not remembered.
inline std::array<mapped_range, 64> mapped_ranges{};

/// `name` stays where it is until it is forgotten.
inline void remember_mapped(const char* name, const void* begin, std::size_t size) noexcept {
  for (mapped_range& slot : mapped_ranges) {
    const char* free = nullptr;
    if (!slot.name.compare_exchange_strong(free, name)) continue;
    slot.size = size;
    slot.begin = static_cast<const std::byte*>(begin);
    return;
  }
}
inline void forget_mapped(const char* name) noexcept {
  for (mapped_range& slot : mapped_ranges) {
    if (slot.name.load() != name) continue;
    slot.begin = nullptr;
    slot.name = nullptr;
    return;
  }
}

}  // namespace calibra::io::detail
