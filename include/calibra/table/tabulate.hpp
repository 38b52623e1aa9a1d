// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/detail/row_pass.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/equal_mass.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace detail {

template<class S>
inline constexpr bool is_multilabel =
    std::remove_cvref_t<S>::kind == score_kind::multilabel_logits ||
    std::remove_cvref_t<S>::kind == score_kind::multilabel_probabilities;

template<class S>
concept multilabel_scores = wrapped_scores<S> && is_multilabel<S>;
template<class S>
concept single_label_scores = wrapped_scores<S> && !is_multilabel<S>;

/// Checks the types of a (scores, labels) call and runs the pass over them.
template<class S, class L, class State, class Consume>
State scores_pass(std::string_view where, const S& scores, L&& labels, const options& o,
                  row_needs needs, const State& state, Consume consume,
                  std::size_t* skipped = nullptr) {
  static_assert(!is_multilabel<S>,
                "calibra: multi-label scores give one table a label; use tabulate_classes() and "
                "its micro() or macro()");
  static_assert(usable_labels<L>());
  const auto view = score_view(scores);
  const optional_column<std::int64_t> column(std::forward<L>(labels));
  return row_pass<typename decltype(view)::value_type>(where, S::kind, view, column.get(), o, needs,
                                                       state, consume, skipped);
}

template<class S>
using sample_of = sample<compute_type<typename decltype(score_view(
    std::declval<const std::remove_cvref_t<S>&>()))::value_type>>;

/// What the threads of collect() add up. Consumers of a pass are named types, so that the engine is
/// compiled once for each scalar and kind and not again for every array that brings them.
template<class C>
struct sample_state {
  sample<C> pairs;
  sample_state& operator+=(const sample_state& other) {
    pairs.append(other.pairs);
    return *this;
  }
  void add(const row_block& block, std::size_t rows) {
    // Room for all at once; pages that stay empty are never touched.
    if (pairs.empty()) pairs.reserve(rows, block.weight != nullptr);
    for (std::size_t i = 0; i < block.size; ++i) {
      if (block.weight == nullptr)
        pairs.push_back(block.confidence[i], block.hit[i] != 0);
      else
        pairs.push_back(block.confidence[i], block.hit[i] != 0, block.weight[i]);
    }
  }
};

struct add_to_sample {
  std::size_t rows;
  template<class C>
  void operator()(sample_state<C>& s, const row_block& block) const {
    s.add(block, rows);
  }
};

struct add_to_table {
  void operator()(reliability_table& t, const row_block& block) const {
    t.add_block(block.confidence, block.hit, block.weight, block.size);
  }
};

/// Walks over confidences(c, hit) as over rows.
template<class C, class H, class State, class Consume>
State pairs_pass(std::string_view where, const confidence_pairs<C, H>& pairs, const options& o,
                 State state, Consume consume) {
  const auto confidence = pairs.confidence();
  const auto hits = pairs.hit();
  if (hits.size() != confidence.size())
    throw shape_error(concat(where, ": expected ", confidence.size(), " hits to match ",
                             confidence.size(), " confidences, got ", hits.size()));
  using value = typename decltype(confidence)::value_type;
  // The pairs are P(event) with the event: a column of binary probabilities.
  options as_binary = o;
  as_binary.binary = binary_target::positive_class;
  as_binary.ignore_label.reset();
  const matrix_view<const value> column_view(confidence.data(), confidence.size(), 1,
                                             confidence.stride(), 1);
  const column<std::int64_t> labels(hits);
  return row_pass<value>(where, score_kind::binary_probabilities, column_view, labels, as_binary,
                         row_needs{}, state, consume);
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_PASSES)

}  // namespace detail

/// The (confidence, hit) pair of every sample, in the order of the rows: what metrics that need the
/// whole sample work on. Memory: 4 bytes a sample for float scores, 8 for double (8 more if
/// weighted). Shapes: scores N x K (N for the binary kinds), labels N. One pass over the scores,
/// O(N K). The confidence is the largest probability of the row and the hit whether its first index
/// is the label; for binary kinds see options::binary. Throws shape_error, value_error (NaN or +inf
/// score, a row of -inf, label not in [0, K), row of probabilities that does not sum to 1), with
/// the row.
template<wrapped_scores S, class L>
auto collect(const S& scores, L&& labels, const options& o = {}) {
  using C = typename detail::sample_of<S>::value_type;
  detail::sample_state<C> state;
  return detail::scores_pass("collect()", scores, std::forward<L>(labels), o, {}, state,
                             detail::add_to_sample{detail::score_view(scores).rows()})
      .pairs;
}

/// As above for confidences(c, hit).
template<class C, class H>
auto collect(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  using value = compute_type<typename decltype(pairs.confidence())::value_type>;
  return detail::pairs_pass("collect()", pairs, o, detail::sample_state<value>{},
                            detail::add_to_sample{pairs.confidence().size()})
      .pairs;
}

/// The reliability table of scores and labels: one pass for equal widths or given edges (O(B)
/// memory, such tables merge), a collected sample for equal mass. Arguments and errors as
/// collect().
template<wrapped_scores S, class L>
reliability_table tabulate(const S& scores, L&& labels, const options& o = {}) {
  if (o.scheme == bin_scheme::equal_mass && o.edges.empty())
    return equal_mass_table(collect(scores, std::forward<L>(labels), o), o.bins,
                            mass_rule::midpoint, o.side);
  return detail::scores_pass("tabulate()", scores, std::forward<L>(labels), o, {},
                             reliability_table(o.fixed_bins()), detail::add_to_table{});
}

/// As above for confidences(c, hit).
template<class C, class H>
reliability_table tabulate(const confidence_pairs<C, H>& pairs, const options& o = {}) {
  if (o.scheme == bin_scheme::equal_mass && o.edges.empty())
    return equal_mass_table(collect(pairs, o), o.bins, mass_rule::midpoint, o.side);
  return detail::pairs_pass("tabulate()", pairs, o, reliability_table(o.fixed_bins()),
                            detail::add_to_table{});
}

/// The reliability table of a collected sample.
template<class C>
reliability_table tabulate(const sample<C>& x, const binning& bins) {
  reliability_table table(bins);
  for (std::size_t i = 0; i < x.size(); ++i)
    table.add_unchecked(x.confidence(i), x.hit(i), x.weight(i));
  return table;
}

/// Things a reliability table can be made of, besides a table itself.
template<class X>
concept tabulatable = requires(const X& x) {
  tabulate(x, options{});
};

}  // namespace calibra
