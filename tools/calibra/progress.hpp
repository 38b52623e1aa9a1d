// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>

#include "calibra/error.hpp"

namespace calibra::cli {

/// "35 s", "12 min", "3 h 05 min".
inline std::string duration_text(double seconds) {
  const auto whole = static_cast<unsigned long long>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  char text[64];
  if (whole < 100)
    std::snprintf(text, sizeof text, "%llu s", whole);
  else if (whole < 6000)
    std::snprintf(text, sizeof text, "%llu min", (whole + 30) / 60);
  else
    std::snprintf(text, sizeof text, "%llu h %02llu min", whole / 3600, whole % 3600 / 60);
  return text;
}

/// "830", "12.3 k", "4.56 M" of something a second.
inline std::string rate_text(double rate) {
  const char* unit = "";
  for (const char* larger : {" k", " M", " G"}) {
    if (rate < 999.5) break;
    rate /= 1000;
    unit = larger;
  }
  char text[64];
  std::snprintf(text, sizeof text,
                rate < 9.995   ? "%.2f%s"
                : rate < 99.95 ? "%.1f%s"
                               : "%.0f%s",
                rate, unit);
  return text;
}

/// Where a walk over the rows of one file, or of several, stands.
struct progress_state {
  std::uint64_t rows = 1;  ///< of this file
  std::uint64_t done = 0;  ///< rows of this file, of all passes over it
  std::size_t file = 1, files = 1;
  std::uint64_t before = 0;  ///< rows of the files before
  double seconds = 0;        ///< since the first row

  /// One line of less than 80 columns.
  [[nodiscard]] std::string line() const {
    constexpr unsigned width = 20;
    const std::uint64_t pass = done == 0 ? 0 : (done - 1) / rows;
    const std::uint64_t here = done - pass * rows;
    const double of_file = static_cast<double>(here) / static_cast<double>(rows);
    const double part = pass > 0 && files == 1
                            ? of_file
                            : (static_cast<double>(file - 1) + (pass > 0 ? 1 : of_file)) /
                                  static_cast<double>(files);
    std::string bar(width, '.');
    std::fill_n(bar.begin(), static_cast<std::size_t>(part * width), '#');
    std::string out = files > 1 ? calibra::detail::concat("file ", file, " of ", files)
                                : calibra::detail::concat("pass ", pass + 1);
    out +=
        calibra::detail::concat(" [", bar, "] ", static_cast<unsigned>(part * 100), " %, ",
                                rate_text(static_cast<double>(before + done) / seconds), " rows/s");
    if (pass == 0 || files > 1)
      out += calibra::detail::concat(", ", duration_text(seconds * (1 - part) / part), " left");
    return out;
  }
};

/// A line on standard error that says how far a long walk over the rows of files has come, how fast
/// it is and how long it will take. Only where standard error is a terminal, and only after half a
/// second.
class progress_line {
 public:
  explicit progress_line(std::uint64_t rows) : progress_line() { begin(rows); }
  progress_line() = default;  ///< for several files: begin() each
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  /// A file of so many rows follows, the `file`th of so many files.
  void begin(std::uint64_t rows, std::size_t file = 1, std::size_t files = 1) {
    const std::uint64_t done = done_.exchange(0);
    const std::lock_guard lock(drawing_);
    state_.before += std::min(done, state_.rows);
    state_.rows = std::max<std::uint64_t>(1, rows);
    state_.file = file;
    state_.files = files;
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
    const clock::time_point now = clock::now();
    if (!lock || now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    state_.done = done;
    state_.seconds = std::chrono::duration<double>(now - began_).count();
    std::fprintf(stderr, "\rcalibra: %s\033[K", state_.line().c_str());
    shown_ = true;
  }

  progress_state state_;
  std::atomic<std::uint64_t> done_{0};
  std::mutex drawing_;
  clock::time_point began_ = clock::now();
  clock::time_point next_ = began_ + std::chrono::milliseconds(500);
  bool shown_ = false;
};

}  // namespace calibra::cli
