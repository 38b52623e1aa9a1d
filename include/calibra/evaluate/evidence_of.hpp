// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>

#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/evaluate/detail/make_evidence.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/evaluate/evidence.hpp"

namespace calibra {

/// Measures evidence that was kept, merged or loaded. Throws option_error, naming the metric, where
/// a part that it needs is not there.
[[nodiscard]] inline evaluation evaluate(evidence e, const metric_list& metrics = all_metrics()) {
  const detail::wanted wanted(metrics, detail::options_of(e));
  detail::check_parts(e, wanted);
  return detail::measured(std::move(e), wanted);
}

/// Those of the metrics that evidence has the parts for.
[[nodiscard]] inline metric_list measurable(const evidence& e,
                                            const metric_list& metrics = all_metrics()) {
  metric_list found({});
  for (const any_metric& m : metrics)
    if (detail::has_parts(e, m, detail::options_of(e))) found.push_back(m);
  return found;
}

namespace detail {

/// evidence_of() for the function that messages begin with.
template<single_label_scores S, class L>
evidence kept_evidence(std::string_view where, const S& scores, const L& labels,
                       const metric_list& metrics, const options& o) {
  const wanted all(metrics, o);
  return make_evidence<everything>(where, scores, labels, all.plan(where, kind_of<S>, true));
}
template<class C, class H>
evidence kept_evidence(std::string_view where, const confidence_pairs<C, H>& pairs,
                       const metric_list& metrics, const options& o) {
  const wanted all(metrics, o);
  return make_evidence(where, pairs, all.plan(where, evidence_kind::confidences, true));
}

}  // namespace detail

/// What metrics need of scores and labels, to be merged with more, kept in a file, or measured.
/// Metrics of classes on equal-mass bins keep the pairs of every class: as much memory as the
/// scores. Arguments and errors as evaluate().
template<detail::single_label_scores S, class L>
[[nodiscard]] evidence evidence_of(const S& scores, const L& labels,
                                   const metric_list& metrics = all_metrics(),
                                   const options& o = {}) {
  return detail::kept_evidence("evidence_of()", scores, labels, metrics, o);
}
template<class C, class H>
[[nodiscard]] evidence evidence_of(const confidence_pairs<C, H>& pairs,
                                   const metric_list& metrics = all_metrics(),
                                   const options& o = {}) {
  return detail::kept_evidence("evidence_of()", pairs, metrics, o);
}

}  // namespace calibra
