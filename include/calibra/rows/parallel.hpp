// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "calibra/version.hpp"

namespace calibra::detail {

/// What the threads of a pass add to side by side is aligned to this, lest they write to the same
/// line of the cache: std::hardware_destructive_interference_size, which GCC warns of.
inline constexpr std::size_t interference_size = 128;

/// How many parts to cut n items into: at most `threads`, and at most ceil(n / grain).
inline std::size_t part_count(std::size_t n, unsigned threads, std::size_t grain) {
  const std::size_t most = grain == 0 ? n : (n + grain - 1) / grain;
  return std::max<std::size_t>(1, std::min<std::size_t>(threads, most));
}

/// How many parts a pass over rows of so many classes is worth.
inline std::size_t row_parts(std::size_t rows, std::size_t classes, unsigned threads) {
  constexpr std::size_t worth_a_thread = 65536;
  return part_count(rows, threads, worth_a_thread / std::max<std::size_t>(1, classes) + 1);
}

/// The items of part `part` of `parts`: [first, last).
struct part_range {
  std::size_t first;
  std::size_t last;
};
inline part_range range_of(std::size_t n, std::size_t parts, std::size_t part) {
  return {n / parts * part + std::min(part, n % parts),
          n / parts * (part + 1) + std::min(part + 1, n % parts)};
}

/// Threads that live for a call and work on one pass after another. The calling thread works too;
/// others start with the first pass that has more than one part.
class worker_team {
 public:
  explicit worker_team(unsigned threads) : threads_(std::max(1U, threads)) {}
  worker_team(const worker_team&) = delete;
  worker_team& operator=(const worker_team&) = delete;
  ~worker_team() {
    if (pool_.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
  }

  unsigned size() const { return threads_; }

  /// Calls work(part) for every part, each on one thread. Of several exceptions the one of the
  /// lowest part is thrown, so that errors name the first bad row whatever the number of threads.
  template<class Work>
  void run(std::size_t parts, const Work& work) {
    run_any(parts, &work,
            [](const void* w, std::size_t part) { (*static_cast<const Work*>(w))(part); });
  }

 private:
  using work_call = void (*)(const void* work, std::size_t part);
  struct job {
    work_call call;
    const void* work;
    std::exception_ptr* failures;
    std::size_t parts;
    std::size_t next;
    std::size_t finished;
  };

  void run_any(std::size_t parts, const void* work, work_call call) {
    if (parts <= 1 || threads_ == 1) {
      for (std::size_t part = 0; part < parts; ++part) call(work, part);
      return;
    }
    std::vector<std::exception_ptr> failures(parts);
    job now{call, work, failures.data(), parts, 0, 0};
    {
      const std::lock_guard lock(mutex_);
      while (pool_.size() + 1 < threads_) pool_.emplace_back([this] { serve(); });
      job_ = &now;
    }
    wake_.notify_all();
    {
      std::unique_lock lock(mutex_);
      take_parts(now, lock);
      done_.wait(lock, [&] { return now.finished == now.parts; });
      job_ = nullptr;
    }
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
  }

  /// Does parts of the job until none is left to begin; holds the lock but while it works.
  void take_parts(job& now, std::unique_lock<std::mutex>& lock) {
    while (now.next < now.parts) {
      const std::size_t part = now.next++;
      lock.unlock();
      std::exception_ptr failure;
      try {
        now.call(now.work, part);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      now.failures[part] = failure;
      if (++now.finished == now.parts) done_.notify_all();
    }
  }
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stop_ || (job_ != nullptr && job_->next < job_->parts); });
      if (stop_) return;
      take_parts(*job_, lock);
    }
  }

  unsigned threads_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  job* job_ = nullptr;
  bool stop_ = false;
  std::vector<std::jthread> pool_;  // last: joined before the rest is gone
};

/// Calls work(part, first, last) for every part of [0, n).
template<class Work>
void for_each_part(worker_team& team, std::size_t n, std::size_t parts, const Work& work) {
  team.run(parts, [&](std::size_t part) {
    const part_range r = range_of(n, parts, part);
    work(part, r.first, r.last);
  });
}

}  // namespace calibra::detail
