// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory_resource>
#include <vector>

#include "calibra/version.hpp"

namespace calibra::detail {

/// Memory that gains by knowing how a block of it is about to be used.
class hinted_memory : public std::pmr::memory_resource {
 public:
  /// All of the block is about to be written, in any order, and what is in it is not needed.
  virtual void begin_scattered_writes(void* block) = 0;
  virtual void end_scattered_writes(void* block) noexcept = 0;
};

/// Says so of a vector, which may be of any memory, while it lives.
class scattered_writes {
 public:
  template<class T>
  explicit scattered_writes(std::pmr::vector<T>& to)
      : memory_(dynamic_cast<hinted_memory*>(to.get_allocator().resource())), block_(to.data()) {
    if (memory_ != nullptr) memory_->begin_scattered_writes(block_);
  }
  scattered_writes(const scattered_writes&) = delete;
  scattered_writes& operator=(const scattered_writes&) = delete;
  ~scattered_writes() {
    if (memory_ != nullptr) memory_->end_scattered_writes(block_);
  }

 private:
  hinted_memory* memory_;
  void* block_;
};

}  // namespace calibra::detail
