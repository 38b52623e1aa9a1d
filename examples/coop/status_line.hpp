// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "encoding.hpp"

namespace coop {

/// One line on standard error that is drawn over; nothing where that is no terminal.
class status_line {
 public:
  explicit status_line(bool quiet);
  status_line(const status_line&) = delete;
  status_line& operator=(const status_line&) = delete;
  ~status_line() { clear(); }

  void show(double part, const std::string& text);
  void clear();

 private:
  using clock = std::chrono::steady_clock;
  bool wanted_;
  bool shown_ = false;
  clock::time_point next_{};
};

/// How long an encoding will still take, by its pace so far. What comes from the cache takes none
/// and is not counted in.
class time_left {
 public:
  /// ", 12 min left"; empty until there is a pace.
  std::string text(const encoding_progress& progress) {
    return text(progress, std::chrono::steady_clock::now());
  }
  std::string text(const encoding_progress& progress, std::chrono::steady_clock::time_point now);

 private:
  std::size_t encoded_ = 0;  ///< when it was first asked
  std::chrono::steady_clock::time_point start_{};
};

}  // namespace coop
