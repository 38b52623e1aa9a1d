// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <calibra/rows/isa.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

// What tests of kernels have in common.

template<class T>
using limits = std::numeric_limits<T>;

inline std::vector<calibra::detail::isa> machine_isas() {
  using calibra::detail::isa;
  std::vector<isa> sets;
  for (const isa set : {isa::portable, isa::avx2, isa::avx512})
    if (calibra::detail::machine_has(set)) sets.push_back(set);
  return sets;
}

// The error of one exp for x <= 0 in units of epsilon: the rounding of x log2(e) counts |x| times.
// Measured over both scalars and all instruction sets: at most 1.1 + 0.6 |x|, which is
// 33 epsilons for float and 223 for double at the smallest normal result.
inline constexpr double exp_constant = 1.25;
inline constexpr double exp_slope = 0.75;
// Sums add up to 16 terms in T and the rest in double, and z - max is rounded as well.
inline constexpr double sum_constant = 32;
inline constexpr double sum_slope = 3;

/// The largest error over its budget; NaN counts as infinite.
struct worst_ratio {
  double value = 0;
  void add(double got, long double expected, long double budget) {
    const long double off = std::abs(static_cast<long double>(got) - expected);
    if (off == 0) return;
    const double ratio = static_cast<double>(off / budget);
    value = ratio >= 0 ? std::max(value, ratio) : limits<double>::infinity();
  }
};

#if defined(__linux__)
/// Memory between two pages that may not be touched; elements are laid against either end.
class fenced_page {
 public:
  fenced_page() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))), room_(16 * page_) {
    void* const all =
        mmap(nullptr, room_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(all != MAP_FAILED);
    base_ = static_cast<char*>(all);
    REQUIRE(mprotect(base_ + page_, room_, PROT_READ | PROT_WRITE) == 0);
  }
  ~fenced_page() { munmap(base_, room_ + 2 * page_); }
  fenced_page(const fenced_page&) = delete;
  fenced_page& operator=(const fenced_page&) = delete;

  template<class T>
  T* room(std::size_t n, bool at_end) {
    return reinterpret_cast<T*>(base_ + page_ + (at_end ? room_ - n * sizeof(T) : 0));
  }

 private:
  std::size_t page_, room_;
  char* base_ = nullptr;
};
#endif
