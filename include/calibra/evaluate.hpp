// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/evaluate/detail/make_evidence.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_of.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/evaluate/multilabel.hpp"
#include "calibra/evaluate/tabulate.hpp"

namespace calibra {

/// Measures scores and labels: every metric of a list, from as few passes as they need.
/// Shapes:  scores N x K (N for the binary kinds) + labels N; multi-label scores N x L + targets
///          N x L of 0 and 1.
/// Metrics: the library's own and yours, in one list: `evaluate(s, y, {ece, my_gap{}})`; all of the
///          library's by default. Those that are undefined on the input (no samples, no
///          proximities, no classes, a sweep of weighted samples) are NaN.
/// Cost:    one pass over the scores; one more walk down the columns for equal-mass metrics of
///          classes, and for more than 2^20 rows a pass for every few classes instead. Memory: 4
///          bytes a sample (8 for double scores) where a metric needs the pairs, 24 to 36 more
///          where metrics of classes have equal mass; 24 K B bytes a thread for tables of classes;
///          the scores are never copied whole.
/// Throws:  shape_error, value_error (with the row), option_error, before there is a result.
/// Source:  the metric of each name, with the choices of options::like; docs/metrics.md.
template<detail::single_label_scores S, class L>
[[nodiscard]] evaluation evaluate(const S& scores, const L& labels, const metric_list& metrics,
                                  const options& o = {}) {
  const detail::wanted wanted(metrics, o);
  return detail::measured(
      detail::make_evidence<detail::everything>("evaluate()", scores, labels,
                                                wanted.plan("evaluate()", detail::kind_of<S>)),
      wanted);
}
template<class C, class H>
[[nodiscard]] evaluation evaluate(const confidence_pairs<C, H>& pairs, const metric_list& metrics,
                                  const options& o = {}) {
  const detail::wanted wanted(metrics, o);
  return detail::measured(
      detail::make_evidence("evaluate()", pairs,
                            wanted.plan("evaluate()", evidence_kind::confidences)),
      wanted);
}
template<detail::multilabel_scores S, class Y>
[[nodiscard]] evaluation evaluate(const S& scores, const Y& targets, const metric_list& metrics,
                                  const options& o = {}) {
  return detail::evaluate_labels(scores, targets, metrics, o);
}

/// All of the library's metrics.
template<wrapped_scores S, class L>
[[nodiscard]] evaluation evaluate(const S& scores, const L& labels, const options& o = {}) {
  if constexpr (detail::is_multilabel<S>)
    return evaluate(scores, labels, detail::metrics_of_labels(o), o);
  else
    return evaluate(scores, labels, all_metrics(), o);
}
template<class C, class H>
[[nodiscard]] evaluation evaluate(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return evaluate(pairs, all_metrics(), o);
}

/// Arrays that are not wrapped: does not compile, and says why.
template<detail::bare_scores X, class L>
evaluation evaluate(const X&, const L&, const options& = {}) {
  detail::require_wrapped_scores<X>();
  return {};
}
template<detail::bare_scores X, class L>
evaluation evaluate(const X&, const L&, const metric_list&, const options& = {}) {
  detail::require_wrapped_scores<X>();
  return {};
}

/// The summands of classwise_ece: ece of every class, on fixed bins.
template<wrapped_scores S, class L>
[[nodiscard]] std::vector<double> ece_per_class(const S& scores, const L& labels,
                                                const options& o = {}) {
  return ece_per_class(tabulate_classes(scores, labels, o));
}

namespace detail {

/// What the direct call of a metric compiles.
template<class F>
inline constexpr within_reach reach_of{.classes = of_classes<F> || of_view<F>,
                                       .means = of_summary<F> || of_view<F>};
/// The same under a convention, which may define the metric otherwise: a mean by the probabilities
/// of whole rows, and what the metric says by `conventions_use_classes` by tables of classes.
template<class F>
inline constexpr within_reach reach_by_convention{
    .classes = reach_of<F>.classes || reach_of<F>.means || classes_by_convention<F>, .means = true};

template<wrapped_scores S>
struct measurer<S> {
  template<class F, class L>
  static double one(const F& f, const S& scores, const L& labels, const options& o) {
    static_assert(has_one_table<S>());
    if constexpr (has_one_table<S>()) {
      const wanted_one wanted(f, o);
      const evidence_plan plan = wanted.plan(kind_of<S>);
      return wanted.value(
          o.like ? make_evidence<reach_by_convention<F>>(wanted.where(), scores, labels, plan)
                 : make_evidence<reach_of<F>>(wanted.where(), scores, labels, plan));
    }
  }
};

template<class C, class H>
struct measurer<confidence_pairs<C, H>> {
  template<class F>
  static double one(const F& f, const confidence_pairs<C, H>& pairs, const options& o) {
    const wanted_one wanted(f, o);
    return wanted.value(
        make_evidence(wanted.where(), pairs, wanted.plan(evidence_kind::confidences)));
  }
};

}  // namespace detail
}  // namespace calibra
