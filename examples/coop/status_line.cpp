// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "status_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "calibra/error.hpp"

namespace coop {

status_line::status_line(bool quiet) : wanted_(!quiet && ::isatty(STDERR_FILENO) != 0) {}

void status_line::show(double part, const std::string& text) {
  const auto now = clock::now();
  if (!wanted_ || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  constexpr int width = 24;
  const auto full = static_cast<std::size_t>(width * std::clamp(part, 0.0, 1.0));
  std::fprintf(stderr, "\rcoop [%s%s] %3.0f %%  %s\033[K", std::string(full, '#').c_str(),
               std::string(width - full, '.').c_str(), 100 * part, text.c_str());
  shown_ = true;
}

void status_line::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

std::string time_left::text(const encoding_progress& progress,
                            std::chrono::steady_clock::time_point now) {
  if (progress.encoded == 0) return {};
  if (encoded_ == 0) {
    encoded_ = progress.encoded;
    start_ = now;
  }
  if (progress.encoded <= encoded_) return {};
  const double each = std::chrono::duration<double>(now - start_).count() /
                      static_cast<double>(progress.encoded - encoded_);
  const double seconds = each * static_cast<double>(progress.all - progress.done);
  return seconds < 90 ? calibra::detail::concat(", ", std::lround(seconds), " s left")
                      : calibra::detail::concat(", ", std::lround(seconds / 60), " min left");
}

}  // namespace coop
