// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t count = 0;
std::atomic<std::size_t> live = 0, peak = 0;

void* counted(std::size_t size) noexcept {
  ++count;
  void* const p = std::malloc(size == 0 ? 1 : size);
  if (p == nullptr) return p;
  const std::size_t now = live += malloc_usable_size(p);
  for (std::size_t most = peak; most < now && !peak.compare_exchange_weak(most, now);) {
  }
  return p;
}
void give_back(void* p) noexcept {
  if (p != nullptr) live -= malloc_usable_size(p);
  std::free(p);
}

}  // namespace

std::size_t calibra::test::allocations() {
  return count;
}
std::size_t calibra::test::live_bytes() {
  return live;
}
std::size_t calibra::test::peak_bytes() {
  return peak;
}
void calibra::test::forget_peak() {
  peak = live.load();
}

void* operator new(std::size_t size) {
  if (void* p = counted(size)) return p;
  throw std::bad_alloc();
}
// The library's may be another pair's, as under AddressSanitizer.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void operator delete(void* p) noexcept {
  give_back(p);
}
void operator delete(void* p, std::size_t) noexcept {
  give_back(p);
}
