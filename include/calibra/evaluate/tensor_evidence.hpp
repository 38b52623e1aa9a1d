// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// What a tensor family brings, for tensors of type T with the handle H of its tensor_access.
/// Rows are samples; `labels`, weights and masks come as optional_column, which gives the handle.
/// Errors name `where`. Operations on a device end in one host synchronisation each, and throw for
/// bad input then. A specialisation has
///
///     // What tensors are. A result T is taken as scores or labels again, as a caller's is.
///     static bool on_host(const H&);             // whether host code can read the elements
///     static precision precision_of(const H&);   // float32 for shorter types too
///     static std::size_t rows(const H&);
///     static std::size_t cols(const H&);         // of a matrix
///     static T column(const H&, std::size_t j);  // column j of a matrix, not copied
///     static T tensor(const H&);                 // the tensor of a handle
///     static std::string describe(const H&);     // for messages: shape, type, device
///     // The handle of multi-label targets: throws if they are not a matrix of integers. That they
///     // are where the scores are is for the operations to see to.
///     static H targets(where, const T&);
///
///     // In host memory. f(scores over a view of the elements, of the type they turn out to have):
///     template<score_kind K, class F> static decltype(auto) with_host_scores(const H&, F f);
///     // f(confidences(view, view)); throws value_error if the hits are somewhere else
///     template<class F>
///     static decltype(auto) with_host_pairs(const H& confidence, const H& hit, F f);
///
///     // On a device. The entries of a mask that are not 0:
///     static std::uint64_t valid_rows(const H& scores,
///                                     const optional_column<unsigned char>& valid);
///     // `skipped`: set to the samples that nan_policy::count left out.
///     template<score_kind K>
///     static summary means(where, const H& scores, labels, const row_options&,
///                          std::uint64_t& skipped);
///     template<score_kind K>
///     static reliability_table table(where, scores, labels, row_options,
///                                    const binning& by_edges, skipped);
///     template<score_kind K>  // in the order of the rows, with row_options::proximity
///     static sample pairs(where, scores, labels, row_options, skipped);
///     // Of logits and probabilities alone:
///     template<score_kind K>
///     static classwise_table classes(where, scores, labels, row_options,
///                                    const binning& by_edges, skipped);
///     // visit(std::size_t k, sample pairs) for every class in turn: the pairs (p_ik, [y_i = k])
///     template<score_kind K, class V>
///     static void for_each_class(where, scores, labels, row_options, V visit, skipped);
///
/// See calibra/adapters/torch.hpp for LibTorch's.
template<class H>
struct tensor_backend;  // left undefined: not such a tensor

namespace detail {

template<class S>
struct is_tensor_pairs : std::false_type {};
template<class H>
struct is_tensor_pairs<confidence_pairs<tensor_held<H>, tensor_held<H>>> : std::true_type {};

/// Evidence of scores on a device.
template<score_kind K, class H>
evidence device_evidence(std::string_view where, const H& scores,
                         const optional_column<std::int64_t>& labels, const evidence_plan& plan,
                         evidence_kind kind, std::size_t classes) {
  using backend = tensor_backend<H>;
  if (plan.row_pairs || !plan.row_terms.empty())
    throw option_error(concat(where, ": convention ", plan.like ? plan.like->name : "calibra",
                              " needs the scores in host memory, got ", backend::describe(scores),
                              "; copy them there"));
  if (plan.record)
    throw option_error(concat(where, ": rows are kept of scores in host memory, got ",
                              backend::describe(scores), "; copy them there"));
  const precision p = backend::precision_of(scores);
  evidence e = empty_evidence(plan, kind, p, classes);
  const row_options& o = plan.rows;
  bool counted = false;
  if (e.means) {
    e.means = backend::template means<K>(where, scores, labels, o, e.skipped);
    e.samples = e.means->count();
    counted = true;
  }
  if (e.pairs || (e.table && !e.table->bins().by_edges())) {
    sample pairs = backend::template pairs<K>(where, scores, labels, o, e.skipped);
    e.samples = pairs.size();
    counted = true;
    if (e.table && !e.table->bins().by_edges()) e.table = tabulate(pairs, e.table->bins());
    if (e.pairs) e.pairs = std::move(pairs);
  }
  if (e.table && e.table->bins().by_edges()) {
    e.table = backend::template table<K>(where, scores, labels, o, e.table->bins(), e.skipped);
    e.samples = e.table->count();
    counted = true;
  }
  if constexpr (K == score_kind::logits || K == score_kind::probabilities) {
    const bool by_edges = e.class_table && e.class_table->bins().by_edges();
    if (by_edges) {
      e.class_table =
          backend::template classes<K>(where, scores, labels, o, e.class_table->bins(), e.skipped);
      if (!counted) e.samples = e.class_table->samples();
      counted = true;
    }
    if (!plan.cuts.empty() || (e.class_table && !by_edges)) {
      backend::template for_each_class<K>(
          where, scores, labels, o,
          [&](std::size_t k, sample pairs) {
            if (k == 0) {
              if (!counted) e.samples = pairs.size();
              if (e.class_table && !by_edges) e.class_table->add_samples(pairs.size());
            }
            if (e.class_table && !by_edges)
              for (std::size_t i = 0; i < pairs.size(); ++i)
                e.class_table->add_pair(k, pairs.confidence(i), pairs.hit(i), pairs.weight(i));
            for (class_masses& m : e.masses)
              m.tables[k] =
                  evidence_view::cut(evidence_view::kept_by(pairs, m.cut), plan.bins, plan.like);
            if (!e.class_pairs.empty()) e.class_pairs[k] = std::move(pairs);
          },
          e.skipped);
    }
  }
  return e;
}

}  // namespace detail
}  // namespace calibra
