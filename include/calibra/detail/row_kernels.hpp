// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "calibra/array/scalar.hpp"
#include "calibra/detail/compiled.hpp"
#include "calibra/detail/kernels/lanes_portable.hpp"
#include "calibra/detail/kernels/polynomial.hpp"

// The hot loops are compiled three times from one text: for AVX-512, for AVX2 and in plain C++.
// Each copy carries its own target, so that a build without -march runs the best code of the
// machine it finds itself on.
#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(_M_X64))
#define CALIBRA_DETAIL_X86 1
#include <immintrin.h>
#else
#define CALIBRA_DETAIL_X86 0
#endif

namespace calibra::detail {

/// Where the kernels put one entry a row. `second` and `inverse` may be null for the softmax
/// kernels.
template<class T>
struct row_sums {
  T* max = nullptr;
  T* min = nullptr;           ///< simplex only
  T* arg_max = nullptr;       ///< "cols" only: the first index of the largest class
  double* sum = nullptr;      ///< softmax: sum exp(z - max); simplex: sum p; tempered: sum w
  double* second = nullptr;   ///< softmax: sum exp(z - max)^2; simplex: sum p^2; tempered: sum w u
  double* inverse = nullptr;  ///< softmax: 1 / sum
  double* third = nullptr;    ///< tempered: sum w u^2
};

/// One instruction set's kernels. NaN and +inf in a row (and -inf throughout) come out as a NaN
/// sum.
template<class T>
struct row_kernels {
  using sums_function = void (*)(const T*, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                                 const row_sums<T>&);
  using tempered_function = void (*)(const T*, std::ptrdiff_t stride, std::size_t rows,
                                     std::size_t k, double beta, const row_sums<T>&);
  sums_function softmax_rows;
  sums_function softmax_cols;
  sums_function simplex_rows;
  sums_function simplex_cols;
  tempered_function tempered_rows;
  tempered_function tempered_cols;
  void (*exp_row)(const T*, std::size_t k, T beta, T max, T scale, T* out);
  void (*add_row)(const T*, std::size_t k, double* sums);
  std::size_t (*select_row)(const T*, std::size_t k, T bound, std::uint32_t* index);
  std::size_t (*find_row)(const T*, std::size_t k, T x);
  void (*turn)(const T*, std::ptrdiff_t stride, std::size_t rows, std::size_t k, T* out,
               std::size_t out_stride);
  void (*count_below)(const T*, std::size_t k, const T* bounds, std::size_t n, T* count);
};

}  // namespace calibra::detail

#define CALIBRA_DETAIL_ISA portable
#include "calibra/detail/kernels/row_kernels.inl.hpp"
#undef CALIBRA_DETAIL_ISA

#if CALIBRA_DETAIL_X86

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of its own AVX-512 intrinsics: of the deliberately undefined operand, and of masks
// whose sign changes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
#include "calibra/detail/kernels/lanes_avx2.inl.hpp"
#define CALIBRA_DETAIL_ISA avx2
#include "calibra/detail/kernels/row_kernels.inl.hpp"
#undef CALIBRA_DETAIL_ISA
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(                                                    \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c"))), \
    apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c")
#endif
#include "calibra/detail/kernels/lanes_avx512.inl.hpp"
#define CALIBRA_DETAIL_ISA avx512
#include "calibra/detail/kernels/row_kernels.inl.hpp"
#undef CALIBRA_DETAIL_ISA
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#pragma GCC diagnostic pop
#endif

#endif  // CALIBRA_DETAIL_X86

namespace calibra::detail {

/// The instruction sets that kernels exist for, ascending.
enum class isa { portable, avx2, avx512 };

inline bool machine_has(isa set) {
#if CALIBRA_DETAIL_X86
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

inline isa best_isa() {
  static const isa best = machine_has(isa::avx512) ? isa::avx512
                          : machine_has(isa::avx2) ? isa::avx2
                                                   : isa::portable;
  return best;
}

template<class T>
const row_kernels<T>& kernels_for(isa set) {
  constexpr bool is_float = std::is_same_v<T, float>;
#if CALIBRA_DETAIL_X86
  if (set == isa::avx512)
    return avx512::kernels<std::conditional_t<is_float, avx512::f32, avx512::f64>>::table;
  if (set == isa::avx2)
    return avx2::kernels<std::conditional_t<is_float, avx2::f32, avx2::f64>>::table;
#endif
  static_cast<void>(set);
  return portable::kernels<std::conditional_t<is_float, portable::f32, portable::f64>>::table;
}

/// n contiguous 16-bit floats to float.
template<class Half>
void widen(isa set, const Half* in, std::size_t n, float* out) {
#if CALIBRA_DETAIL_X86
  if (set == isa::avx512) return avx512::widen(in, n, out);
  if (set == isa::avx2) return avx2::widen(in, n, out);
#endif
  static_cast<void>(set);
  portable::widen(in, n, out);
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_KERNELS)

}  // namespace calibra::detail
