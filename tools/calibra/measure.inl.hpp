// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/io/save.hpp"
#include "measure.hpp"

namespace calibra::cli {

/// Calls f with the scores wrapped as what they are.
template<class T, class F>
auto wrapped(score_kind kind, matrix_view<const T> scores, F f) {
  return kind == score_kind::logits ? f(logits(scores)) : f(probabilities(scores));
}
template<class T, class F>
auto wrapped(score_kind kind, vector_view<const T> scores, F f) {
  return kind == score_kind::binary_logits ? f(binary_logits(scores))
                                           : f(binary_probabilities(scores));
}

template<class View>
evaluation measure(score_kind kind, bool confidences, View scores, const io::label_column& labels,
                   const metric_list& metrics, const options& o) {
  if constexpr (std::is_same_v<View, vector_view<typename View::element_type>>) {
    if (confidences) return evaluate(calibra::confidences(scores, labels), metrics, o);
  }
  return wrapped(kind, scores, [&](const auto& s) { return evaluate(s, labels, metrics, o); });
}
template<class T>
evaluation measure_labels(score_kind kind, matrix_view<const T> scores,
                          matrix_view<const std::int64_t> targets, const metric_list* metrics,
                          const options& o) {
  const auto of = [&](const auto& s) {
    return metrics == nullptr ? evaluate(s, targets, o) : evaluate(s, targets, *metrics, o);
  };
  return kind == score_kind::multilabel_logits ? of(multilabel_logits(scores))
                                               : of(multilabel_probabilities(scores));
}
template<class View>
temperature_scaling fit(score_kind kind, View scores, const io::label_column& labels,
                        const options& o) {
  return wrapped(kind, scores, [&](const auto& s) { return fit_temperature(s, labels, o); });
}

template<class C>
void save(const std::string& path, const matrix<C>& m, const char* name) {
  io::save(path, m.view(), name);
}
template<class C>
void save(const std::string& path, const std::vector<C>& v, const char* name) {
  io::save(path, vector_view<const C>(v.data(), v.size()), name);
}

template<class View>
void transform(const temperature_scaling& model, score_kind kind, View scores, bool as_logits,
               const options& o, const std::string& path) {
  wrapped(kind, scores, [&](const auto& s) {
    save(path, as_logits ? model.transform_logits(s, o) : model.transform(s, o),
         as_logits ? "logits" : "probabilities");
  });
}

}  // namespace calibra::cli
