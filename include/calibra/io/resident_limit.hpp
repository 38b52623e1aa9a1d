// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <thread>

#include "calibra/io/detail/mapped_ranges.hpp"

namespace calibra::io {

/// Keeps what a process has in memory small while it lives: a thread looks some hundred times a
/// second how much is resident, and where that is more than `bytes`, gives back the pages of mapped
/// files (of mapped_file and file_memory). Nothing that is computed changes. Without it the system
/// takes pages back when other programs need them, which is as fast or faster; it is for machines
/// that count them. The limit may be passed by what is read between two looks. Linux: elsewhere,
/// and where /proc is not mounted, it does nothing.
class resident_limit {
 public:
  explicit resident_limit(std::size_t bytes) : watch_([this, bytes] { run(bytes); }) {}
  resident_limit(const resident_limit&) = delete;
  resident_limit& operator=(const resident_limit&) = delete;
  ~resident_limit() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    watch_.join();
  }

  /// Bytes resident now; 0 where the system does not tell.
  [[nodiscard]] static std::size_t resident_now() {
    std::FILE* file = std::fopen("/proc/self/statm", "re");
    if (file == nullptr) return 0;
    unsigned long long all = 0, resident = 0;
    const int read = std::fscanf(file, "%llu %llu", &all, &resident);
    std::fclose(file);
    return read == 2 ? static_cast<std::size_t>(resident) *
                           static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))
                     : 0;
  }

 private:
  void run(std::size_t bytes) {
    using namespace std::chrono_literals;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, 3ms, [this] { return over_; }))
      if (resident_now() > bytes) detail::mapped_ranges.release();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread watch_;  // last: begins when the rest is there
};

}  // namespace calibra::io
