// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>

#include "calibra/version.hpp"

namespace calibra::io::detail {

/// Which files are mapped where: for a handler of SIGBUS, which asks for the name, and for whoever
/// gives pages back. Those beyond the slots are not remembered.
class mapped_range_list {
 public:
  /// `name` stays where it is until the range is removed.
  void add(const char* name, void* begin, std::size_t size) {
    const std::lock_guard lock(mutex_);
    for (slot& s : slots_) {
      if (s.begin.load() != nullptr) continue;
      s.name = name;
      s.size = size;
      s.begin = static_cast<std::byte*>(begin);
      return;
    }
  }
  /// Before it is unmapped.
  void remove(void* begin) {
    const std::lock_guard lock(mutex_);
    for (slot& s : slots_)
      if (s.begin.load() == begin) s.begin = nullptr;
  }
  /// Gives the pages of all ranges back: what is in them is read again, from the file or the
  /// system's cache of it, when it is touched.
  void release() {
    const std::lock_guard lock(mutex_);
    for (slot& s : slots_)
      if (std::byte* const begin = s.begin.load()) ::madvise(begin, s.size.load(), MADV_DONTNEED);
  }
  /// The name of the range that holds an address; null where none does. Does nothing that a signal
  /// handler may not do.
  const char* name_at(const void* address) const noexcept {
    static_assert(std::atomic<const char*>::is_always_lock_free &&
                  std::atomic<std::size_t>::is_always_lock_free);
    const auto* const at = static_cast<const std::byte*>(address);
    for (const slot& s : slots_) {
      const std::byte* const begin = s.begin.load();
      if (begin != nullptr && at >= begin && at < begin + s.size.load()) return s.name.load();
    }
    return nullptr;
  }

 private:
  /// Free where `begin` is null.
  struct slot {
    std::atomic<const char*> name = nullptr;
    std::atomic<std::byte*> begin = nullptr;
    std::atomic<std::size_t> size = 0;
  };

  std::mutex mutex_;
  std::array<slot, 1024> slots_{};
};

/// Those of this process.
inline mapped_range_list mapped_ranges;

}  // namespace calibra::io::detail
