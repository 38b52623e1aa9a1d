// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

// What calibra::compiled holds. Each list below is named twice: at the end of the header whose
// templates it lists, as CALIBRA_DETAIL_COMPILED(list), and in a file of calibra/compiled/, as
// list(template). Only function templates that are not inline gain by it; members that are defined
// inside their class are inline.

/// Declares what a list instantiates, where the macro CALIBRA_COMPILED (which linking
/// calibra::compiled defines) says that the library has it.
#ifdef CALIBRA_COMPILED
#define CALIBRA_DETAIL_COMPILED(list) list(extern template)
#else
#define CALIBRA_DETAIL_COMPILED(list)
#endif

/// detail/row_kernels.hpp: the kernels of every instruction set.
#define CALIBRA_DETAIL_COMPILED_KERNELS(TEMPLATE)                   \
  TEMPLATE const row_kernels<float>& kernels_for<float>(isa);       \
  TEMPLATE const row_kernels<double>& kernels_for<double>(isa);     \
  TEMPLATE void widen<half>(isa, const half*, std::size_t, float*); \
  TEMPLATE void widen<bfloat16>(isa, const bfloat16*, std::size_t, float*);

/// table/tabulate.hpp: the passes of tabulate() and collect().
#define CALIBRA_DETAIL_COMPILED_PASSES(TEMPLATE)     \
  CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, float) \
  CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, double)
#define CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, T)                                       \
  TEMPLATE reliability_table row_pass<T, reliability_table, add_to_table>(                   \
      std::string_view, score_kind, matrix_view<const T>, const column<std::int64_t>&,       \
      const options&, row_needs, const reliability_table&, add_to_table, std::size_t*, isa); \
  TEMPLATE sample_state<T> row_pass<T, sample_state<T>, add_to_sample>(                      \
      std::string_view, score_kind, matrix_view<const T>, const column<std::int64_t>&,       \
      const options&, row_needs, const sample_state<T>&, add_to_sample, std::size_t*, isa);
