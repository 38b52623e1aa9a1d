// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/metrics/metric_list.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/scores.hpp"

namespace calibra::cli {

// The library's calls for the element types that files have. Each type is compiled in a file of
// its own, measure_*.cpp.

/// evaluate(). View: matrix_view, or vector_view for the binary kinds. `confidences`: the scores
/// are confidences, the labels their hits.
template<class View>
evaluation measure(score_kind kind, bool confidences, View scores, const io::label_column& labels,
                   const metric_list& metrics, const options& o);

/// evaluate() of multi-label scores. `metrics`: null for those that are defined for labels.
template<class T>
evaluation measure_labels(score_kind kind, matrix_view<const T> scores,
                          matrix_view<const std::int64_t> targets, const metric_list* metrics,
                          const options& o);

/// fit_temperature().
template<class View>
temperature_scaling fit(score_kind kind, View scores, const io::label_column& labels,
                        const options& o);

/// transform(), or transform_logits(), of the model into a file of the kind that its ending says.
template<class View>
void transform(const temperature_scaling& model, score_kind kind, View scores, bool as_logits,
               const options& o, const std::string& path);

#define CALIBRA_CLI_MEASURE_VIEW(prefix, view)                                        \
  prefix template evaluation measure(score_kind, bool, view, const io::label_column&, \
                                     const metric_list&, const options&);             \
  prefix template temperature_scaling fit(score_kind, view, const io::label_column&,  \
                                          const options&);                            \
  prefix template void transform(const temperature_scaling&, score_kind, view, bool,  \
                                 const options&, const std::string&);
#define CALIBRA_CLI_MEASURE_TYPE(prefix, T)                                                      \
  CALIBRA_CLI_MEASURE_VIEW(prefix, matrix_view<const T>)                                         \
  CALIBRA_CLI_MEASURE_VIEW(prefix, vector_view<const T>)                                         \
  prefix template evaluation measure_labels(score_kind, matrix_view<const T>,                    \
                                            matrix_view<const std::int64_t>, const metric_list*, \
                                            const options&);
#define CALIBRA_CLI_MEASURE(prefix, T) \
  CALIBRA_CLI_MEASURE_TYPE(prefix, T)  \
  CALIBRA_CLI_MEASURE_TYPE(prefix, byte_swapped<T>)

CALIBRA_CLI_MEASURE(extern, half)
CALIBRA_CLI_MEASURE(extern, bfloat16)
CALIBRA_CLI_MEASURE(extern, float)
CALIBRA_CLI_MEASURE(extern, double)

}  // namespace calibra::cli
