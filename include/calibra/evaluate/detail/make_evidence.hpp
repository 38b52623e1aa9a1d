// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/array/column.hpp"
#include "calibra/evaluate/detail/gather.hpp"
#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/tensor_evidence.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

// Which maker of evidence serves which scores.
namespace calibra::detail {

template<class S>
inline constexpr evidence_kind kind_of =
    is_multiclass<S> ? evidence_kind::classes : evidence_kind::binary;

/// What may be asked of evidence, where that is known early: what is not is not compiled.
struct within_reach {
  bool classes = true;  ///< metrics of classes
  bool means = true;    ///< log-likelihoods and Brier terms
};

inline constexpr within_reach everything{};

template<within_reach Reach, class C, score_kind Kind>
row_map<C> row_map_for(bool means) {
  if constexpr (Reach.means)
    if (means) return &map_rows<C, Kind, true>;
  return &map_rows<C, Kind, false>;
}

/// Evidence of single-label scores in host memory.
template<within_reach Reach, class S>
evidence make_host_evidence(std::string_view where, const S& scores,
                            const optional_column<std::int64_t>& column,
                            const evidence_plan& plan) {
  return with_score_rows(where, scores, plan.rows, [&](const auto& rows) {
    using C = typename std::remove_cvref_t<decltype(rows)>::element;
    const row_source<C> source{.where = where,
                               .kind = S::kind,
                               .map = row_map_for<Reach, C, S::kind>(plan.means),
                               .scores = rows,
                               .labels = column.get(),
                               .options = plan.rows};
    if constexpr (is_multiclass<S>) {
      if (plan.class_table || !plan.cuts.empty() || !plan.row_terms.empty()) {
        if constexpr (Reach.classes)
          return gather_classes(source, plan);
        else
          throw option_error(concat(where, ": convention ", plan.like ? plan.like->name : "",
                                    " measures this by the probabilities of all classes; "
                                    "evaluate() does that"));
      }
      return gather_rows(source, plan, evidence_kind::classes, rows.cols());
    } else {
      return gather_rows(source, plan, evidence_kind::binary, 2);
    }
  });
}

template<within_reach Reach, single_label_scores S, class L>
requires(!tensor_scores<S>) evidence
    make_evidence(std::string_view where, const S& scores, L&& labels, const evidence_plan& plan) {
  static_assert(usable_labels<L>());
  return make_host_evidence<Reach>(where, scores,
                                   optional_column<std::int64_t>(std::forward<L>(labels)), plan);
}

/// Evidence of confidences(c, hit) in host memory: P(event) with the event.
template<class C, class H>
requires(!is_tensor_pairs<confidence_pairs<C, H>>::value) evidence
    make_evidence(std::string_view where, const confidence_pairs<C, H>& pairs,
                  const evidence_plan& plan) {
  const auto confidence = pairs.confidence();
  const auto hits = pairs.hit();
  if (hits.size() != confidence.size())
    throw shape_error(concat(where, ": expected ", confidence.size(), " hits to match ",
                             confidence.size(), " confidences, got ", hits.size()));
  using T = typename decltype(confidence)::value_type;
  const matrix_rows<T> rows({confidence.data(), confidence.size(), 1, confidence.stride(), 1});
  const row_source<compute_type<T>> source{
      .where = where,
      .kind = score_kind::binary_probabilities,
      .map = &map_rows<compute_type<T>, score_kind::binary_probabilities, true>,
      .scores = rows,
      .labels = column<std::int64_t>(hits),
      .options = plan.rows};
  return gather_rows(source, plan, evidence_kind::confidences, 0);
}

/// Evidence of single-label tensor scores, wherever they are.
template<within_reach Reach, single_label_scores S, class L>
requires tensor_scores<S> evidence make_evidence(std::string_view where, const S& scores,
                                                 L&& labels, const evidence_plan& plan) {
  using backend = tensor_backend<std::remove_cvref_t<decltype(scores.view())>>;
  static_assert(usable_labels<L>());
  const optional_column<std::int64_t> column(std::forward<L>(labels));
  if (backend::on_host(scores.view()))
    return backend::template with_host_scores<S::kind>(scores.view(), [&](const auto& host) {
      return make_host_evidence<Reach>(where, host, column, plan);
    });
  const std::size_t classes = is_multiclass<S> ? backend::cols(scores.view()) : 2;
  return device_evidence<S::kind>(where, scores.view(), column, plan, kind_of<S>, classes);
}

/// Evidence of confidences(c, hit) of tensors.
template<class H>
evidence make_evidence(std::string_view where,
                       const confidence_pairs<tensor_held<H>, tensor_held<H>>& pairs,
                       const evidence_plan& plan) {
  using backend = tensor_backend<H>;
  if (backend::on_host(pairs.confidence()))
    return backend::with_host_pairs(pairs.confidence(), pairs.hit(), [&](const auto& host) {
      return make_evidence(where, host, plan);
    });
  evidence e = device_evidence<score_kind::binary_probabilities>(
      where, pairs.confidence(), optional_column<std::int64_t>(backend::tensor(pairs.hit())), plan,
      evidence_kind::confidences, 0);
  if (e.means) {  // there are no predicted classes, and the hit is what is right
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    summary::sums s = e.means->totals();
    if (e.table && e.table->bins().by_edges())
      s.correct = e.table->total_hits();
    else
      s.correct = backend::template table<score_kind::binary_probabilities>(
                      where, pairs.confidence(),
                      optional_column<std::int64_t>(backend::tensor(pairs.hit())), plan.rows,
                      binning::equal_width(1), e.skipped)
                      .total_hits();
    s.nll = s.brier = nan;
    const std::uint64_t count = e.means->count();
    e.means = summary();
    e.means->add_sums(count, s);
  }
  return e;
}

}  // namespace calibra::detail
