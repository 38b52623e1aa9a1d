// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <string_view>

#include "calibra/error.hpp"

// The hot loops are compiled three times from one text: for AVX-512, for AVX2 and in plain C++.
// Each copy carries its own target, so that a build without -march runs the best code of the
// machine it finds itself on.
#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(_M_X64))
#define CALIBRA_DETAIL_X86 1
#else
#define CALIBRA_DETAIL_X86 0
#endif

// CALIBRA_ISA, defined as portable, avx2 or avx512 and the same in the whole program, is the most
// that will be used: for tests and reports of bugs. Code for more is not compiled.
#ifndef CALIBRA_ISA
#define CALIBRA_ISA avx512
#endif

namespace calibra::detail {

/// The instruction sets that kernels exist for, ascending.
enum class isa { portable, avx2, avx512 };

// Clang under -ffast-math loses the NaN of its AVX-512 comparisons.
#if defined(__clang__) && defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
inline constexpr isa sound_isa = isa::avx2;
#else
inline constexpr isa sound_isa = isa::avx512;
#endif
inline constexpr isa most_isa = isa::CALIBRA_ISA < sound_isa ? isa::CALIBRA_ISA : sound_isa;

inline bool machine_has(isa set) {
#if CALIBRA_DETAIL_X86
  if (set > most_isa) return false;
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  switch (set) {
    case isa::avx2:
      return has_avx2;
    case isa::avx512:
      return has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    case isa::portable:
      break;
  }
#endif
  return set == isa::portable;
}

#if CALIBRA_DETAIL_X86 && !defined(__clang__)
#define CALIBRA_DETAIL_END_WIDE_WORK 1
[[gnu::target("avx"), gnu::noinline]] inline void end_wide_work() {
  __builtin_ia32_vzeroupper();
}
#else
#define CALIBRA_DETAIL_END_WIDE_WORK 0
#endif
/// Work on wide registers, until the end of its scope. Where their upper halves are left in use,
/// what comes later without AVX is slow on some processors. GCC below -O2 leaves them so.
struct wide_work {
  wide_work() = default;
  wide_work(const wide_work&) = delete;
  wide_work& operator=(const wide_work&) = delete;
  ~wide_work() {
#if CALIBRA_DETAIL_END_WIDE_WORK
    end_wide_work();
#endif
  }
};

/// What best_isa() says: the most that the machine has, until use_isa() says otherwise.
inline std::atomic<isa>& chosen_isa() {
  static std::atomic<isa> chosen{machine_has(isa::avx512) ? isa::avx512
                                 : machine_has(isa::avx2) ? isa::avx2
                                                          : isa::portable};
  return chosen;
}

inline isa best_isa() {
  return chosen_isa().load(std::memory_order_relaxed);
}

/// Has everything computed from now on by the instruction set of this name. Throws option_error for
/// another word and for a set that the machine, or CALIBRA_ISA, does not have; `where` says where
/// the word came from.
inline void use_isa(std::string_view where, std::string_view name) {
  constexpr std::string_view names[] = {"portable", "avx2", "avx512"};
  for (const isa set : {isa::portable, isa::avx2, isa::avx512}) {
    if (name != names[static_cast<int>(set)]) continue;
    if (!machine_has(set))
      throw option_error(concat(where, ": this machine or build lacks ", name,
                                "; expected portable, avx2 or avx512"));
    chosen_isa().store(set, std::memory_order_relaxed);
    return;
  }
  throw option_error(concat(where, ": expected portable, avx2 or avx512, got \"", name, "\""));
}

}  // namespace calibra::detail
