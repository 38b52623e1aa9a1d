// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/metrics/class_tables.hpp"
#include "calibra/metrics/needs.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/equal_mass.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"
#include "calibra/table/summary.hpp"

/// \file
/// What a metric is. A formula is a type with
///
///     static constexpr metric_info info{.name = "my_gap", .formula = "...", ...};
///     double of(const reliability_table& table) const;     // or of one of the others below
///
/// and its own options as members. It is a function of one of
///
///     const summary&             sums without bins
///     const reliability_table&   the bins of the options; those of equal mass if it has
///                                `static constexpr bool equal_mass = true`
///     const sample&              every (confidence, hit) pair, ascending; it may take a second
///                                argument `const bin_options&`
///     const class_tables&        a table a class: the bins of the options, or, if it has
///                                `class_cut cut() const`, equal-mass bins of each class
///     const evidence_view&       anything of these: it says what by `evidence_needs needs() const`
///
/// Optional members: `void check() const` throws option_error for options that make no sense;
/// `std::string undefined(const sample&) const` says where the metric is not defined;
/// `operator==` compares options (without it formulas are equal by type); `static constexpr bool
/// pooled = true` asks for tables of classes on fixed bins, whatever the scheme; `static constexpr
/// bool conventions_use_classes = true` lets the direct call serve conventions that define a metric
/// of a table or of pairs by tables of classes (evaluate() serves all).
///
/// `metric<F>` gives it the calls that all metrics have; evaluate() takes F itself as well.

namespace calibra {

class evidence_view;  // calibra/evaluate/evidence_view.hpp

/// On which side a metric's better values lie.
enum class better_side { lower, higher, neither };

/// What is known of a metric beside its value: help, tables and pages are made of it.
struct metric_info {
  std::string_view name;          ///< its key everywhere
  std::string_view formula = {};  ///< in one line
  std::string_view range = "[0, 1]";
  std::string_view weights = "take the place of counts";
  std::string_view source = {};  ///< paper or origin
  std::string_view note = {};    ///< what to look out for, in a sentence
  std::string_view python = {};  ///< who computes it in Python
  better_side better = better_side::lower;
};

namespace detail {

template<class F>
concept has_info = requires {
  { F::info } -> std::convertible_to<const metric_info&>;
};
template<class F>
concept of_summary = requires(const F& f, const summary& x) {
  { f.of(x) } -> std::convertible_to<double>;
};
template<class F>
concept of_table = requires(const F& f, const reliability_table& x) {
  { f.of(x) } -> std::convertible_to<double>;
};
template<class F>
concept of_plain_sample = requires(const F& f, const sample& x) {
  { f.of(x) } -> std::convertible_to<double>;
};
template<class F>
concept of_binned_sample = requires(const F& f, const sample& x, const bin_options& bins) {
  { f.of(x, bins) } -> std::convertible_to<double>;
};
template<class F>
concept of_sample = of_plain_sample<F> || of_binned_sample<F>;
template<class F>
concept of_classes = requires(const F& f, const class_tables& x) {
  { f.of(x) } -> std::convertible_to<double>;
};
template<class F>
concept of_view = requires(const F& f, const evidence_view& x) {
  { f.of(x) } -> std::convertible_to<double>;
  { f.needs() } -> std::convertible_to<evidence_needs>;
};

template<class F>
concept cuts_classes = requires(const F& f) {
  f.cut();
};

/// Measured by tables of classes under some convention.
template<class F>
concept classes_by_convention = requires {
  F::conventions_use_classes;
};

template<class F>
constexpr bool on_equal_mass() {
  if constexpr (requires { F::equal_mass; })
    return F::equal_mass;
  else
    return false;
}

/// A sentence where the metric is not defined on the pairs, else empty.
template<class F>
std::string undefined_on(const F& f, const sample& x) {
  if constexpr (requires { f.undefined(x); }) return f.undefined(x);
  static_cast<void>(f);
  static_cast<void>(x);
  return {};
}

template<class F>
double value_of_sample(const F& f, const sample& sorted, const bin_options& bins) {
  if constexpr (of_binned_sample<F>)
    return f.of(sorted, bins);
  else
    return f.of(sorted);
}

/// What a metric asks of the evidence, for bins of the options.
template<class F>
evidence_needs needs_of(const F& f) {
  evidence_needs n;
  if constexpr (of_view<F>) {
    n = f.needs();
  } else if constexpr (of_summary<F>) {
    n.means = true;
  } else if constexpr (of_table<F>) {
    (on_equal_mass<F>() ? n.mass_table : n.table) = true;
  } else if constexpr (of_sample<F>) {
    n.pairs = true;
  } else if constexpr (requires { f.cut(); }) {
    n.class_cuts.push_back(f.cut());
  } else if constexpr (requires { F::pooled; }) {
    n.fixed_classes = true;
  } else {
    n.classes = true;
  }
  return n;
}

/// Measures scores. Defined by calibra/evaluate.hpp: the headers of the metrics do without it.
template<class S>
struct measurer;

template<class T>
concept complete = requires {
  sizeof(T);
};

}  // namespace detail

/// A type that can be measured: it has `info` and `of()`.
template<class F>
concept formula = detail::has_info<F> &&
    (detail::of_summary<F> || detail::of_table<F> || detail::of_sample<F> ||
     detail::of_classes<F> || detail::of_view<F>);

/// Calls of a formula, the same for every metric. An immutable value; cheap to copy.
template<class F>
class metric : public F {
  static_assert(
      formula<F>,
      "calibra: a metric has `static constexpr metric_info info` and `double of(...) const` "
      "of what calibra/metrics/metric.hpp lists; of an evidence_view `needs() const` too");

 public:
  constexpr metric() = default;
  constexpr explicit metric(const F& f) : F(f) {}

  /// The metric with other options: `tace.with({.threshold = 0.05})`.
  [[nodiscard]] constexpr metric with(const F& f) const { return metric(f); }
  [[nodiscard]] constexpr const F& form() const noexcept { return *this; }
  [[nodiscard]] static constexpr std::string_view name() noexcept { return F::info.name; }

  /// Of scores and labels: what evaluate() gives under its name, from one pass over the rows.
  /// Shapes: scores N x K (N for the binary kinds), labels N. Throws shape_error, value_error (with
  /// the row) or option_error before there is a result. Needs calibra/evaluate.hpp.
  template<wrapped_scores S, class L>
  [[nodiscard]] double operator()(const S& scores, L&& labels, const options& o = {}) const {
    static_assert(detail::complete<detail::measurer<S>>,
                  "calibra: a metric of scores needs #include <calibra/evaluate.hpp> (or "
                  "<calibra/calibra.hpp>)");
    if constexpr (detail::complete<detail::measurer<S>>)
      return detail::measurer<S>::one(form(), scores, std::forward<L>(labels), o);
  }
  /// Of arrays that are not wrapped: does not compile, and says why.
  template<detail::bare_scores X, class L>
  double operator()(const X&, const L&, const options& = {}) const {
    detail::require_wrapped_scores<X>();
    return 0;
  }
  /// Of confidences(c, hit).
  template<class C, class H>
  [[nodiscard]] double operator()(const confidence_pairs<C, H>& pairs,
                                  const options& o = {}) const {
    using P = confidence_pairs<C, H>;
    static_assert(detail::complete<detail::measurer<P>>,
                  "calibra: a metric of confidences needs #include <calibra/evaluate.hpp> (or "
                  "<calibra/calibra.hpp>)");
    if constexpr (detail::complete<detail::measurer<P>>)
      return detail::measurer<P>::one(form(), pairs, o);
  }
  /// Of a filled table. Metrics of equal-mass bins take scores or pairs instead.
  [[nodiscard]] double operator()(
      const reliability_table& table) const requires detail::of_table<F> {
    static_assert(!detail::on_equal_mass<F>(),
                  "calibra: this metric cuts bins of equal mass; give it scores or pairs: a table "
                  "does not say how it was cut");
    return F::of(table);
  }
  /// Of sums.
  [[nodiscard]] double operator()(const summary& sums) const requires detail::of_summary<F> {
    return F::of(sums);
  }
  /// Of pairs, which are sorted in a copy if they are not. Throws option_error where the metric is
  /// not defined on them.
  [[nodiscard]] double operator()(const sample& pairs, const bin_options& bins = {}) const
      requires(detail::of_sample<F> || detail::of_table<F>) {
    if constexpr (detail::of_table<F>) {
      if (detail::on_equal_mass<F>() || bins.equal_mass())
        return F::of(equal_mass_table(pairs, bins.bins, bins.side));
      return F::of(tabulate(pairs, bins.fixed()));
    } else {
      const std::string why = detail::undefined_on(form(), pairs);
      if (!why.empty()) throw option_error(detail::concat(name(), "(): ", why));
      return detail::with_sorted(
          pairs, [&](const sample& x) { return detail::value_of_sample(form(), x, bins); });
    }
  }
  /// Of a table a class. Metrics that choose the pairs of each class take scores instead.
  [[nodiscard]] double operator()(
      const classwise_table& tables) const requires detail::of_classes<F> {
    static_assert(!detail::cuts_classes<F>,
                  "calibra: this metric cuts bins of equal mass in each class; give it scores");
    return F::of(class_tables(tables));
  }
};

}  // namespace calibra
