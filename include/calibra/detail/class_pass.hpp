// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/row_pass.hpp"
#include "calibra/table/tabulate.hpp"

namespace calibra::detail {

/// The probabilities of the classes [first_class, first_class + out.size()) of one row of a block.
template<class T>
class class_row {
 public:
  using C = compute_type<T>;

  class_row(score_kind kind, bool renormalise, isa set)
      : kind_(kind), renormalise_(renormalise), kernels_(&kernels_for<C>(set)) {}

  /// `row` counts in the input. The pointer is good until the next call or block.
  const C* get(const row_worker<T>& worker, std::size_t row, std::size_t row_in_tile,
               std::size_t first_class, std::size_t classes) {
    const tile<C>& z = worker.current();
    const C* in;
    if (z.by_rows) {
      in = z.data + static_cast<std::ptrdiff_t>(row_in_tile) * z.stride + first_class;
    } else {
      raw_.resize(classes);
      for (std::size_t j = 0; j < classes; ++j) raw_[j] = z.at(row_in_tile, first_class + j);
      in = raw_.data();
    }
    if (kind_ == score_kind::probabilities && !renormalise_) return in;
    out_.resize(classes);
    const double sum = worker.sum_of(row);
    if (kind_ == score_kind::logits) {
      kernels_->exp_row(in, classes, C{1}, worker.max_of(row), static_cast<C>(1.0 / sum),
                        out_.data());
    } else {
      for (std::size_t j = 0; j < classes; ++j)
        out_[j] = static_cast<C>(static_cast<double>(in[j]) / sum);
    }
    return out_.data();
  }

 private:
  score_kind kind_;
  bool renormalise_;
  const row_kernels<C>* kernels_;
  std::vector<C> raw_, out_;
};

/// One pass that gives consume(state, probabilities, label, weight) for every row.
template<class S, class L, class State, class Consume>
State class_pass(std::string_view where, const S& scores, L&& labels, const options& o,
                 const State& state, Consume consume, std::size_t first_class = 0,
                 std::size_t classes = 0) {
  static_assert(S::kind == score_kind::logits || S::kind == score_kind::probabilities,
                "calibra: per-class results need logits or probabilities, samples x classes");
  static_assert(usable_labels<L>());
  const auto view = score_view(scores);
  using T = typename decltype(view)::value_type;
  const optional_column<std::int64_t> held(std::forward<L>(labels));
  const column<std::int64_t>& label_column = held.get();
  check_shapes(where, view, label_column.size(), o);
  if (classes == 0) classes = view.cols();
  constexpr std::size_t worth_a_thread = 65536;
  const std::size_t parts = part_count(view.rows(), o.threads.n, worth_a_thread / view.cols() + 1);
  std::vector<State> states(parts, state);
  for_each_part(view.rows(), parts, [&](std::size_t part, std::size_t first, std::size_t last) {
    row_worker<T> worker(where, S::kind, view, label_column, o, {}, best_isa());
    class_row<T> row(S::kind, o.renormalise, best_isa());
    while (first < last) {
      const std::size_t n = std::min(worker.block_rows(), last - first);
      const row_block block = worker.next(first, n);
      for (std::size_t i = 0; i < block.size; ++i)
        consume(states[part],
                row.get(worker, block.row[i], block.row[i] - first, first_class, classes),
                static_cast<std::size_t>(block.label[i]),
                block.weight == nullptr ? 1.0 : block.weight[i]);
      first += n;
      if (o.progress) o.progress(n);
    }
  });
  for (std::size_t part = 1; part < parts; ++part) states[0] += states[part];
  return std::move(states[0]);
}

/// One pass over multi-label scores: consume(state, label, p, present, weight) for every entry that
/// counts, then row(state) for every sample that does.
template<class S, class Y, class State, class Consume, class Row>
State label_pass(std::string_view where, const S& scores, const Y& targets, const options& o,
                 const State& state, Consume consume, Row row) {
  const auto view = score_view(scores);
  using T = typename decltype(view)::value_type;
  const auto held = hold<as_matrix>(targets);
  const auto y = held.view();
  using target = typename std::remove_cvref_t<decltype(y)>::value_type;
  static_assert(label_scalar<target>,
                "calibra: multi-label targets are a samples x labels array of integers 0 and 1");
  check_shapes(where, view, y.rows(), o);
  if (y.cols() != view.cols())
    throw shape_error(concat(where, ": expected targets of ", view.rows(), " x ", view.cols(),
                             ", got ", y.rows(), " x ", y.cols()));
  constexpr bool is_logit = S::kind == score_kind::multilabel_logits;
  State sums = state;
  std::vector<std::int64_t> entries(view.cols());
  for (std::size_t i = 0; i < view.rows(); ++i) {
    if (o.progress) o.progress(1);
    if (o.valid && o.valid.get()[i] == 0) continue;
    const double weight = o.weights ? o.weights.get()[i] : 1.0;
    if (!(weight >= 0) || !is_finite(weight))
      throw value_error(concat(where, ": weight ", weight, " at row ", i, " is not in [0, inf)"));
    column<std::int64_t>(y.row(i)).load(0, y.cols(), entries.data());
    for (std::size_t l = 0; l < view.cols(); ++l) {
      if (o.ignore_label && entries[l] == *o.ignore_label) continue;
      if (entries[l] != 0 && entries[l] != 1)
        throw value_error(concat(where, ": target ", entries[l], " at row ", i, ", column ", l,
                                 " is not 0 or 1"));
      const auto x = static_cast<double>(scalar_traits<T>::load(view(i, l)));
      if (is_logit ? !is_finite(x) : is_nan(x) || !(x >= 0 && x <= 1))
        throw value_error(concat(where, is_logit ? ": logit " : ": probability ", x, " at row ", i,
                                 ", column ", l,
                                 is_logit ? " is not finite" : " is not in [0, 1]"));
      double p = x;
      if constexpr (is_logit) {
        const double e = std::exp(-std::abs(x));
        p = x >= 0 ? 1 / (1 + e) : e / (1 + e);
      }
      consume(sums, l, p, entries[l] == 1, weight);
    }
    row(sums);
  }
  return sums;
}

}  // namespace calibra::detail
