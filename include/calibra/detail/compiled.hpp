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

/// detail/row_kernels.hpp: 16-bit scores to float.
#define CALIBRA_DETAIL_COMPILED_KERNELS(TEMPLATE)                   \
  TEMPLATE void widen<half>(isa, const half*, std::size_t, float*); \
  TEMPLATE void widen<bfloat16>(isa, const bfloat16*, std::size_t, float*);

/// evaluate/host_evidence.hpp: the passes over rows behind every metric.
#define CALIBRA_DETAIL_COMPILED_PASSES(TEMPLATE)     \
  CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, float) \
  CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, double)
#define CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, T)                                       \
  TEMPLATE evidence gather_rows<T>(worker_team&, const row_source<T>&, const evidence_plan&, \
                                   evidence_kind, std::size_t);                              \
  TEMPLATE evidence gather_classes<T>(worker_team&, const row_source<T>&, const evidence_plan&);
