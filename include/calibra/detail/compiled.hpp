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

/// LIST(TEMPLATE, C, KIND) of both types that scores are computed in and every kind of scores.
#define CALIBRA_DETAIL_EACH_KIND(LIST, TEMPLATE)     \
  CALIBRA_DETAIL_EACH_KIND_OF(LIST, TEMPLATE, float) \
  CALIBRA_DETAIL_EACH_KIND_OF(LIST, TEMPLATE, double)
#define CALIBRA_DETAIL_EACH_KIND_OF(LIST, TEMPLATE, C) \
  LIST(TEMPLATE, C, logits)                            \
  LIST(TEMPLATE, C, probabilities)                     \
  LIST(TEMPLATE, C, binary_logits)                     \
  LIST(TEMPLATE, C, binary_probabilities)

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
#define CALIBRA_DETAIL_COMPILED_MAPS(TEMPLATE) \
  CALIBRA_DETAIL_EACH_KIND(CALIBRA_DETAIL_COMPILED_MAPS_FOR, TEMPLATE)
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

/// interval/intervals.hpp, compare/compare.hpp: intervals, and models beside one another.
#define CALIBRA_DETAIL_COMPILED_INTERVALS(TEMPLATE)                                                \
  TEMPLATE interval_report measured_intervals<>(evidence, const wanted&, const interval_options&,  \
                                                unsigned);                                         \
  TEMPLATE interval_report all_intervals<>(const options&, const wanted&, const interval_options&, \
                                           std::size_t, const evidence_maker&);
#define CALIBRA_DETAIL_COMPILED_COMPARED(TEMPLATE)                              \
  TEMPLATE comparison compared<>(compared_model, compared_model, const wanted&, \
                                 const interval_options&, unsigned, std::size_t);

/// recalibration/temperature.hpp: fits of one temperature.
#define CALIBRA_DETAIL_COMPILED_TEMPERATURES(TEMPLATE) \
  CALIBRA_DETAIL_EACH_KIND(CALIBRA_DETAIL_COMPILED_TEMPERATURES_FOR, TEMPLATE)
#define CALIBRA_DETAIL_COMPILED_TEMPERATURES_FOR(TEMPLATE, C, KIND)                            \
  TEMPLATE temperature_fit fit_temperature_to<score_kind::KIND, C>(                            \
      std::string_view, const score_rows<C>&, const column<std::int64_t>&, const row_options&, \
      std::size_t, bool);

/// recalibration/methods.hpp, choose.hpp, proximity_methods.hpp: recalibrators by name.
#define CALIBRA_DETAIL_COMPILED_METHODS(TEMPLATE)                                        \
  TEMPLATE void check_method<>(std::string_view, score_kind, const named_options&);      \
  TEMPLATE std::unique_ptr<const recalibrator> fit_named<>(std::string_view, score_kind, \
                                                           labelled_rows, const named_options&);
#define CALIBRA_DETAIL_COMPILED_READ_METHODS(TEMPLATE) \
  TEMPLATE std::unique_ptr<const recalibrator> read_recalibrator<>(const parameter_reader&);
#define CALIBRA_DETAIL_COMPILED_CHOICE(TEMPLATE)                          \
  TEMPLATE method_choice choose_among<>(score_kind, const labelled_rows&, \
                                        const choose_method_options&);
#define CALIBRA_DETAIL_COMPILED_PROXIMITY_METHODS(TEMPLATE)                               \
  TEMPLATE std::unique_ptr<const proximity_recalibrator> fit_proximity_named<>(           \
      std::string_view, score_kind, const labelled_rows&, const optional_column<double>&, \
      const named_options&);
#define CALIBRA_DETAIL_COMPILED_READ_PROXIMITY_METHODS(TEMPLATE)                        \
  TEMPLATE std::unique_ptr<const proximity_recalibrator> read_proximity_recalibrator<>( \
      const parameter_reader&);
