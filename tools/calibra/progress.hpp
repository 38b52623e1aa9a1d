// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>

namespace calibra::cli {

/// A line on standard error that says how far a long pass over the rows has come. Only where
/// standard error is a terminal, and only after half a second.
class progress_line {
 public:
  explicit progress_line(std::uint64_t rows) : rows_(std::max<std::uint64_t>(1, rows)) {}
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  /// For options::progress; empty where nothing is to be shown. This object must outlive it.
  std::function<void(std::uint64_t)> hook() {
    if (::isatty(STDERR_FILENO) == 0) return {};
    return [this](std::uint64_t rows) { add(rows); };
  }

 private:
  using clock = std::chrono::steady_clock;

  void add(std::uint64_t rows) {
    const std::uint64_t done = done_.fetch_add(rows, std::memory_order_relaxed) + rows;
    const std::unique_lock lock(drawing_, std::try_to_lock);
    if (!lock || clock::now() < next_) return;
    next_ = clock::now() + std::chrono::milliseconds(100);
    constexpr unsigned width = 40;
    const std::uint64_t pass = (done - 1) / rows_;
    const std::uint64_t here = done - pass * rows_;
    const auto full = static_cast<unsigned>(here * width / rows_);
    char bar[width + 1] = {};
    std::fill_n(bar, width, '.');
    std::fill_n(bar, full, '#');
    std::fprintf(stderr, "\rcalibra: pass %llu [%s] %3u %%\033[K",
                 static_cast<unsigned long long>(pass + 1), bar,
                 static_cast<unsigned>(here * 100 / rows_));
    shown_ = true;
  }

  std::uint64_t rows_;
  std::atomic<std::uint64_t> done_{0};
  std::mutex drawing_;
  clock::time_point next_ = clock::now() + std::chrono::milliseconds(500);
  bool shown_ = false;
};

}  // namespace calibra::cli
