// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

#include "calibra/version.hpp"

namespace calibra::detail {

/// Cuts [0, n) into at most `threads` consecutive parts of at least `grain` and calls
/// work(part, first, last) for each on its own thread. Of several exceptions the one of the lowest
/// part is rethrown, so that errors name the first bad row whatever the number of threads.
/// Returns the number of parts; with one part everything happens on the calling thread.
inline std::size_t part_count(std::size_t n, unsigned threads, std::size_t grain) {
  const std::size_t most = grain == 0 ? n : (n + grain - 1) / grain;
  return std::max<std::size_t>(1, std::min<std::size_t>(threads, most));
}

template<class Work>
void for_each_part(std::size_t n, std::size_t parts, Work work) {
  if (parts <= 1) {
    work(std::size_t{0}, std::size_t{0}, n);
    return;
  }
  std::vector<std::exception_ptr> failures(parts);
  const auto guarded = [&](std::size_t part) {
    try {
      work(part, n / parts * part + std::min(part, n % parts),
           n / parts * (part + 1) + std::min(part + 1, n % parts));
    } catch (...) {
      failures[part] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> pool;
    pool.reserve(parts - 1);
    for (std::size_t part = 1; part < parts; ++part) pool.emplace_back(guarded, part);
    guarded(0);
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace calibra::detail
