// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/version.hpp"

// What calibra::compiled holds. Each list below is named in a file of calibra/compiled/, as
// list(template), and at the end of the header whose templates it lists, as
// CALIBRA_DETAIL_COMPILED(list): so they are declared as instantiated. The kernels and the passes
// are not: with CALIBRA_COMPILED their definitions are not included at all. Only function templates
// that are not inline gain by a list; members that are defined inside their class are inline. A
// long function that has no types to vary is made a template for it, by CALIBRA_DETAIL_ONCE.

/// Declares what a list instantiates, where the macro CALIBRA_COMPILED (which linking
/// calibra::compiled defines) says that the library has it.
#ifdef CALIBRA_COMPILED
#define CALIBRA_DETAIL_COMPILED(list) list(extern template)
#else
#define CALIBRA_DETAIL_COMPILED(list)
#endif

#define CALIBRA_DETAIL_ONCE template<class = void>

/// rows/row_checks.hpp: the shapes of the input.
#define CALIBRA_DETAIL_COMPILED_CHECKS(TEMPLATE)                                        \
  TEMPLATE void check_shapes<>(std::string_view, std::size_t, std::size_t, std::size_t, \
                               const row_options&);

/// table/sample.hpp: order.
#define CALIBRA_DETAIL_COMPILED_SAMPLE(TEMPLATE)                                             \
  TEMPLATE void radix_sort<std::uint32_t>(std::pmr::vector<std::uint32_t>&, std::uint32_t,   \
                                          std::initializer_list<std::pmr::vector<double>*>); \
  TEMPLATE void radix_sort<std::uint64_t>(std::pmr::vector<std::uint64_t>&, std::uint64_t,   \
                                          std::initializer_list<std::pmr::vector<double>*>);

/// evaluate/all_metrics.hpp: every metric of the list.
#define CALIBRA_DETAIL_COMPILED_METRICS(TEMPLATE) TEMPLATE metric_list make_all_metrics<>();

/// evaluate/evidence_view.hpp, evaluate/detail/measure.hpp: evidence to numbers.
#define CALIBRA_DETAIL_COMPILED_VIEW(TEMPLATE) \
  TEMPLATE void evidence_view::prepare<void>(const evidence_needs&);
#define CALIBRA_DETAIL_COMPILED_MEASURE(TEMPLATE)                      \
  TEMPLATE evaluation measured<>(const evidence_view&, const wanted&); \
  TEMPLATE void check_parts<>(const evidence&, const wanted&);

/// rows/kernels/dispatch.hpp: the kernels. Not included by programs.
#define CALIBRA_DETAIL_COMPILED_KERNELS(TEMPLATE)                                                 \
  TEMPLATE class row_kernels<float>;                                                              \
  TEMPLATE class row_kernels<double>;                                                             \
  TEMPLATE void row_kernels<float>::softmax<false>(const tile<float>&, const row_sums<float>&)    \
      const;                                                                                      \
  TEMPLATE void row_kernels<float>::softmax<true>(const tile<float>&, const row_sums<float>&)     \
      const;                                                                                      \
  TEMPLATE void row_kernels<double>::softmax<false>(const tile<double>&, const row_sums<double>&) \
      const;                                                                                      \
  TEMPLATE void row_kernels<double>::softmax<true>(const tile<double>&, const row_sums<double>&)  \
      const;                                                                                      \
  TEMPLATE class fit_kernels<float>;                                                              \
  TEMPLATE class fit_kernels<double>;                                                             \
  TEMPLATE void widen<half>(isa, const half*, std::size_t, float*);                               \
  TEMPLATE void widen<bfloat16>(isa, const bfloat16*, std::size_t, float*);

/// rows/row_worker.hpp: tiles of every kind of scores to confidences.
#define CALIBRA_DETAIL_COMPILED_MAPS(TEMPLATE)     \
  CALIBRA_DETAIL_COMPILED_MAPS_OF(TEMPLATE, float) \
  CALIBRA_DETAIL_COMPILED_MAPS_OF(TEMPLATE, double)
#define CALIBRA_DETAIL_COMPILED_MAPS_OF(TEMPLATE, T)           \
  CALIBRA_DETAIL_COMPILED_MAPS_FOR(TEMPLATE, T, logits)        \
  CALIBRA_DETAIL_COMPILED_MAPS_FOR(TEMPLATE, T, probabilities) \
  CALIBRA_DETAIL_COMPILED_MAPS_FOR(TEMPLATE, T, binary_logits) \
  CALIBRA_DETAIL_COMPILED_MAPS_FOR(TEMPLATE, T, binary_probabilities)
#define CALIBRA_DETAIL_COMPILED_MAPS_FOR(TEMPLATE, T, KIND)           \
  TEMPLATE void map_rows<T, score_kind::KIND, false>(row_worker<T>&); \
  TEMPLATE void map_rows<T, score_kind::KIND, true>(row_worker<T>&);

/// evaluate/detail/plan.hpp: what passes are to fill.
#define CALIBRA_DETAIL_COMPILED_PLAN(TEMPLATE)                                               \
  TEMPLATE evidence_plan plan_for<>(std::string_view, const evidence_needs&, const options&, \
                                    evidence_kind, bool);                                    \
  TEMPLATE evidence empty_evidence<>(const evidence_plan&, evidence_kind, precision, std::size_t);

/// evaluate/detail/host_evidence.hpp: the passes over rows. Not included by programs.
#define CALIBRA_DETAIL_COMPILED_PASSES(TEMPLATE)     \
  CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, float) \
  CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, double)
#define CALIBRA_DETAIL_COMPILED_PASSES_OF(TEMPLATE, C)                                        \
  TEMPLATE evidence gather_rows<C>(const row_source<C>&, const evidence_plan&, evidence_kind, \
                                   std::size_t);                                              \
  TEMPLATE evidence gather_classes<C>(const row_source<C>&, const evidence_plan&);
