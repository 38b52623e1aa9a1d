// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <map>
#include <mutex>

namespace calibra::io::detail {

/// The ranges of addresses behind which are files, so that their pages can be given back: what is
/// in them is read again, from the file or the system's cache of it, when it is touched.
class mapped_range_list {
 public:
  void add(void* address, std::size_t size) {
    const std::lock_guard lock(mutex_);
    sizes_[address] = size;
  }
  void remove(void* address) {
    const std::lock_guard lock(mutex_);
    sizes_.erase(address);
  }
  /// Gives the pages of all ranges back.
  void release() {
    const std::lock_guard lock(mutex_);
    for (const auto& [address, size] : sizes_) ::madvise(address, size, MADV_DONTNEED);
  }

 private:
  std::mutex mutex_;
  std::map<void*, std::size_t> sizes_;
};

/// Those of this process.
inline mapped_range_list& mapped_ranges() {
  static mapped_range_list ranges;
  return ranges;
}

}  // namespace calibra::io::detail
