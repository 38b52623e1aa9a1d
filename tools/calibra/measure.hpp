// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/classwise_table.hpp"

namespace calibra::cli {

// The library's calls for the element types that files have. Each type is compiled in a file of
// its own, measure_*.cpp.

/// evaluate(). View: matrix_view, or vector_view for the binary kinds.
template<class View>
evaluation measure(score_kind kind, View scores, const io::label_column& labels,
                   const evaluate_options& e);

/// fit_temperature().
template<class View>
temperature_scaling fit(score_kind kind, View scores, const io::label_column& labels,
                        const options& o);

/// transform(), or transform_logits(), of the model into a file of the kind that its ending says.
template<class View>
void transform(const temperature_scaling& model, score_kind kind, View scores, bool as_logits,
               const options& o, const std::string& path);

/// The one-against-rest tables of multi-label scores; throws where an entry is bad.
template<class T>
classwise_table label_tables(score_kind kind, matrix_view<const T> scores,
                             matrix_view<const std::int64_t> targets, const options& o);

#define CALIBRA_CLI_MEASURE_VIEW(prefix, view)                                       \
  prefix template evaluation measure(score_kind, view, const io::label_column&,      \
                                     const evaluate_options&);                       \
  prefix template temperature_scaling fit(score_kind, view, const io::label_column&, \
                                          const options&);                           \
  prefix template void transform(const temperature_scaling&, score_kind, view, bool, \
                                 const options&, const std::string&);
#define CALIBRA_CLI_MEASURE_TYPE(prefix, T)                                      \
  CALIBRA_CLI_MEASURE_VIEW(prefix, matrix_view<const T>)                         \
  CALIBRA_CLI_MEASURE_VIEW(prefix, vector_view<const T>)                         \
  prefix template classwise_table label_tables(score_kind, matrix_view<const T>, \
                                               matrix_view<const std::int64_t>, const options&);
#define CALIBRA_CLI_MEASURE(prefix, T) \
  CALIBRA_CLI_MEASURE_TYPE(prefix, T)  \
  CALIBRA_CLI_MEASURE_TYPE(prefix, byte_swapped<T>)

CALIBRA_CLI_MEASURE(extern, half)
CALIBRA_CLI_MEASURE(extern, bfloat16)
CALIBRA_CLI_MEASURE(extern, float)
CALIBRA_CLI_MEASURE(extern, double)

}  // namespace calibra::cli
