// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>

#include "calibra/evaluate/detail/make_evidence.hpp"
#include "calibra/table/classwise_table.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"
#include "calibra/table/summary.hpp"

namespace calibra {

namespace detail {

inline constexpr within_reach pairs_alone{.classes = false, .means = false};

template<class S>
constexpr bool has_one_table() {
  static_assert(!is_multilabel<S>,
                "calibra: multi-label scores give one table a label; use evaluate(), or "
                "tabulate_classes() and its micro() or macro()");
  return !is_multilabel<S>;
}

template<within_reach Reach, class... Args>
evidence part_of(std::string_view where, const evidence_needs& needs, const options& o,
                 evidence_kind kind, const Args&... scores_and_labels) {
  const evidence_plan plan = plan_for(where, needs, o, kind, false);
  if constexpr (sizeof...(Args) == 1)
    return make_evidence(where, scores_and_labels..., plan);
  else
    return make_evidence<Reach>(where, scores_and_labels..., plan);
}

inline void require_fixed_bins(const options& o) {
  if (o.for_bins().equal_mass())
    throw option_error(
        "tabulate_classes(): expected bins of equal width or given edges, got equal_mass; "
        "evaluate() measures classes on bins of equal mass");
}

}  // namespace detail

/// The (confidence, hit) pair of every sample, in the order of the rows: what metrics that need the
/// whole sample work on. Memory: 4 bytes a sample for float scores, 8 for double (8 more each if
/// weighted or with proximities). Shapes: scores N x K (N for the binary kinds), labels N. One pass
/// over the scores, O(N K). The confidence is the largest probability of the row and the hit
/// whether its first index is the label; for binary kinds see options::binary. Throws shape_error,
/// value_error (NaN or +inf score, a row of -inf, label not in [0, K), row of probabilities that
/// does not sum to 1), with the row.
template<wrapped_scores S, class L>
[[nodiscard]] sample collect(const S& scores, const L& labels, const options& o = {}) {
  static_assert(detail::has_one_table<S>());
  if constexpr (detail::has_one_table<S>())
    return std::move(*detail::part_of<detail::pairs_alone>("collect()", {.pairs = true}, o,
                                                           detail::kind_of<S>, scores, labels)
                          .pairs);
}
/// As above for confidences(c, hit).
template<class C, class H>
[[nodiscard]] sample collect(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  return std::move(*detail::part_of<detail::pairs_alone>("collect()", {.pairs = true}, o,
                                                         evidence_kind::confidences, pairs)
                        .pairs);
}

/// The reliability table of scores and labels: one pass for equal widths, given edges or bins of a
/// rule (O(B) memory, such tables merge), a collected sample for equal mass. Arguments and errors
/// as collect().
template<wrapped_scores S, class L>
[[nodiscard]] reliability_table tabulate(const S& scores, const L& labels, const options& o = {}) {
  static_assert(detail::has_one_table<S>());
  if constexpr (detail::has_one_table<S>())
    return evidence_view(detail::part_of<detail::pairs_alone>("tabulate()", {.table = true}, o,
                                                              detail::kind_of<S>, scores, labels),
                         {.table = true})
        .table();
}
/// As above for confidences(c, hit).
template<class C, class H>
[[nodiscard]] reliability_table tabulate(const confidence_pairs<C, H>& pairs,
                                         const options& o = {}) {
  return evidence_view(detail::part_of<detail::pairs_alone>("tabulate()", {.table = true}, o,
                                                            evidence_kind::confidences, pairs),
                       {.table = true})
      .table();
}

/// One pass for everything that is a mean over rows. Arguments and errors as collect().
template<wrapped_scores S, class L>
[[nodiscard]] summary summarise(const S& scores, const L& labels, const row_options& o = {}) {
  static_assert(detail::has_one_table<S>());
  if constexpr (detail::has_one_table<S>()) {
    detail::evidence_plan plan;
    plan.rows = o;
    plan.means = true;
    return *detail::make_evidence<detail::within_reach{.classes = false}>("summarise()", scores,
                                                                          labels, plan)
                .means;
  }
}

/// The one-against-rest tables of all classes on fixed bins, in one pass: O(N K). Arguments and
/// errors as collect(). Equal-mass bins differ by class: see classwise_ace.
template<detail::single_label_scores S, class L>
[[nodiscard]] classwise_table tabulate_classes(const S& scores, const L& labels,
                                               const options& o = {}) {
  static_assert(detail::is_multiclass<S>,
                "calibra: per-class results need logits or probabilities, samples x classes");
  if constexpr (detail::is_multiclass<S>) {
    detail::require_fixed_bins(o);
    return std::move(
        *detail::part_of<detail::within_reach{.means = false}>(
             "tabulate_classes()", {.fixed_classes = true}, o, detail::kind_of<S>, scores, labels)
             .class_table);
  }
}

}  // namespace calibra
