// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/class_pass.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/tabulate.hpp"

namespace calibra {

/// One reliability table a class: the pairs (p_ik, [y_i = k]) of class k over the same bins, one
/// against the rest; for multi-label scores the pairs (p_il, y_il) of label l. A commutative monoid
/// like reliability_table. Memory: 24 bytes a class and bin (40 if weighted).
class classwise_table {
 public:
  classwise_table(binning bins, std::size_t classes)
      : binning_(std::move(bins)),
        classes_(classes),
        slots_(binning_.size() + (leaves_out(binning_) ? 1 : 0)),
        count_(classes * slots_),
        confidence_(classes * slots_),
        hits_(classes * slots_) {}

  std::size_t classes() const { return classes_; }
  const binning& bins() const { return binning_; }
  /// Samples seen.
  std::uint64_t samples() const { return samples_; }

  /// The table of class k. k < classes() is not checked.
  reliability_table operator[](std::size_t k) const {
    reliability_table table(binning_);
    add_class(table, k);
    return table;
  }

  /// All classes' pairs in one table: the pooled table of multi-class scores, the micro form of
  /// multi-label ones. The same as merging the tables of all classes.
  reliability_table micro() const {
    reliability_table table(binning_);
    for (std::size_t k = 0; k < classes_; ++k) add_class(table, k);
    return table;
  }

  /// Mean over classes of metric(table of the class), the macro form: e.g.
  /// `tables.macro([](const auto& t) { return ece(t); })`. A class without samples (or weight)
  /// counts as 0; NaN if all are.
  template<class Metric>
  double macro(Metric metric) const {
    if (classes_ == 0 || samples_ == 0) return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    bool any = false;
    for (std::size_t k = 0; k < classes_; ++k) {
      const double value = metric((*this)[k]);
      if (detail::is_nan(value)) continue;
      sum += value;
      any = true;
    }
    return any ? sum / static_cast<double>(classes_) : std::numeric_limits<double>::quiet_NaN();
  }

  classwise_table& operator+=(const classwise_table& other) {
    if (!(binning_ == other.binning_) || classes_ != other.classes_)
      throw option_error(detail::concat("classwise_table: cannot merge ", other.classes_,
                                        " classes of ", other.binning_.size(), " bins into ",
                                        classes_, " classes of ", binning_.size(), " bins"));
    if (!other.weight_.empty()) make_weighted();
    for (std::size_t i = 0; i < count_.size(); ++i) {
      count_[i] += other.count_[i];
      confidence_[i] += other.confidence_[i];
      hits_[i] += other.hits_[i];
      if (weight_.empty()) continue;
      weight_[i] += other.weight_of(i);
      squares_[i] += other.squares_of(i);
    }
    samples_ += other.samples_;
    return *this;
  }

  /// Adds one pair of class k, checked before; the sample itself is counted by add_samples().
  void add_pair(std::size_t k, double confidence, bool hit, double weight) {
    make_weighted();
    const auto add = [&](std::size_t b) {
      const std::size_t i = k * slots_ + b;
      ++count_[i];
      confidence_[i] += weight * confidence;
      hits_[i] += hit ? weight : 0.0;
      weight_[i] += weight;
      squares_[i] += weight * weight;
    };
    if (binning_.index(confidence) == binning::none)
      add(binning_.size());
    else
      binning_.for_each_bin(confidence, add);
  }
  /// Adds `count` pairs of weight 1 to bin b of class k, given the sum of their confidences.
  void add_count(std::size_t k, std::size_t b, std::uint64_t count, double confidence) {
    const std::size_t i = k * slots_ + b;
    count_[i] += count;
    confidence_[i] += confidence;
  }
  /// Adds `count` pairs to bin b of class k, given the weighted sums of their confidences and hits,
  /// and the sums of their weights and squared weights.
  void add_sums(std::size_t k, std::size_t b, std::uint64_t count, double confidence, double hits,
                double weight, double squares) {
    const std::size_t i = k * slots_ + b;
    if (weight != static_cast<double>(count) || squares != weight) make_weighted();
    count_[i] += count;
    confidence_[i] += confidence;
    hits_[i] += hits;
    if (weight_.empty()) return;
    weight_[i] += weight;
    squares_[i] += squares;
  }
  /// Adds a hit of weight 1 to bin b of class k.
  void add_hit(std::size_t k, std::size_t b) { hits_[k * slots_ + b] += 1; }
  /// Adds to the number of samples that pairs were made of.
  void add_samples(std::uint64_t n) { samples_ += n; }
  /// Puts the pairs of class k that are in no other bin into the first one: `n` pairs in all, whose
  /// confidences sum to `confidence`.
  void complete_first_bin(std::size_t k, std::uint64_t n, double confidence) {
    const std::size_t first = k * slots_;
    for (std::size_t i = first + 1; i < first + binning_.size(); ++i) {
      n -= count_[i];
      confidence -= confidence_[i];
    }
    count_[first] += n;
    confidence_[first] += n == 0 ? 0.0 : std::max(0.0, confidence);
  }

 private:
  /// Whether some pairs are in no bin and still in the total: they get a slot behind the bins.
  static bool leaves_out(const binning& bins) {
    return bins.zero() == zero_rule::no_bin || bins.one() == one_rule::weight_only ||
           bins.rule() == bin_rule::intervals;
  }
  void make_weighted() {
    if (!weight_.empty()) return;
    weight_.assign(count_.begin(), count_.end());  // whatever came unweighted weighs 1
    squares_ = weight_;
  }
  double weight_of(std::size_t i) const {
    return weight_.empty() ? static_cast<double>(count_[i]) : weight_[i];
  }
  double squares_of(std::size_t i) const {
    return weight_.empty() ? static_cast<double>(count_[i]) : squares_[i];
  }

  void add_class(reliability_table& table, std::size_t k) const {
    for (std::size_t b = 0; b < binning_.size(); ++b) {
      const std::size_t i = k * slots_ + b;
      table.add_sums(b, count_[i], confidence_[i], hits_[i], weight_of(i), squares_of(i));
    }
    if (slots_ == binning_.size()) return;
    const std::size_t i = k * slots_ + binning_.size();
    table.add_outside_sums(count_[i], confidence_[i], hits_[i], weight_of(i));
  }

  binning binning_;
  std::size_t classes_;
  std::size_t slots_;  // a class: its bins, and one more where pairs may be in none
  std::uint64_t samples_ = 0;
  std::vector<std::uint64_t> count_;
  std::vector<double> confidence_, hits_;
  std::vector<double> weight_, squares_;  // empty if unweighted
};

namespace detail {

/// Fills a classwise_table with rows of class probabilities. Nearly all of a softmax row lies in
/// the first bin: those elements are only added up, by column and in registers; the few others are
/// looked up, and the first bin is what is left over.
template<class C>
class class_filler {
 public:
  class_filler(const binning& bins, std::size_t classes, bool weighted, isa set = best_isa())
      : table_(bins, classes),
        kernels_(&kernels_for<C>(set)),
        quick_(!weighted && bins.rule() == bin_rule::edges && bins.zero() == zero_rule::first_bin &&
               bins.one() != one_rule::weight_only && bins.upper(0) < 1) {
    if (!quick_) return;
    totals_.resize(classes);
    selected_.resize(classes);
    const double edge = bins.upper(0);
    const bool closed = bins.side() == edge_side::right_closed;
    beyond_ = static_cast<C>(edge);
    while (static_cast<double>(beyond_) < edge || (closed && static_cast<double>(beyond_) <= edge))
      beyond_ = std::nextafter(beyond_, std::numeric_limits<C>::infinity());
  }

  /// A row of probabilities with its label.
  void add(const C* p, std::size_t label, double weight) {
    const std::size_t k = table_.classes();
    table_.add_samples(1);
    if (!quick_) {
      for (std::size_t j = 0; j < k; ++j) table_.add_pair(j, confidence(p[j]), j == label, weight);
      return;
    }
    ++rows_;
    kernels_->add_row(p, k, totals_.data());
    const std::size_t n = kernels_->select_row(p, k, beyond_, selected_.data());
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t j = selected_[i];
      const double c = confidence(p[j]);
      totals_[j] += c - static_cast<double>(p[j]);  // not 0 where rounding made p exceed 1
      table_.add_count(j, static_cast<std::size_t>(table_.bins().index(c)), 1, c);
    }
    table_.add_hit(label, static_cast<std::size_t>(table_.bins().index(confidence(p[label]))));
  }

  class_filler& operator+=(class_filler& other) {
    finish();
    table_ += other.finish();
    return *this;
  }

  /// The table, with the first bins filled in. Nothing may be added afterwards.
  classwise_table& finish() {
    if (quick_) {
      for (std::size_t j = 0; j < table_.classes(); ++j)
        table_.complete_first_bin(j, rows_, totals_[j]);
      quick_ = false;
    }
    return table_;
  }

 private:
  static double confidence(C p) { return std::min(1.0, static_cast<double>(p)); }

  classwise_table table_;
  const row_kernels<C>* kernels_;
  std::vector<double> totals_;
  std::vector<std::uint32_t> selected_;
  C beyond_ = 0;
  bool quick_;
  std::uint64_t rows_ = 0;
};

struct add_to_filler {
  template<class C>
  void operator()(class_filler<C>& s, const C* p, std::size_t label, double weight) const {
    s.add(p, label, weight);
  }
};

template<class S, class L>
classwise_table tabulate_classes(std::string_view where, const S& scores, L&& labels,
                                 const options& o, const binning& bins) {
  const auto view = score_view(scores);
  using C = compute_type<typename decltype(view)::value_type>;
  class_filler<C> state(bins, view.cols(), static_cast<bool>(o.weights));
  return class_pass(where, scores, std::forward<L>(labels), o, state, add_to_filler{}).finish();
}

template<class S, class Y>
classwise_table tabulate_labels(std::string_view where, const S& scores, const Y& targets,
                                const options& o, const binning& bins) {
  const auto view = score_view(scores);
  struct state {
    classwise_table table;
    state& operator+=(const state& other) {
      table += other.table;
      return *this;
    }
  };
  return label_pass(
             where, scores, targets, o, state{classwise_table(bins, view.cols())},
             [](state& s, std::size_t label, double p, bool present, double weight) {
               s.table.add_pair(label, p, present, weight);
             },
             [](state& s) { s.table.add_samples(1); })
      .table;
}

}  // namespace detail

/// The one-against-rest tables of all classes on fixed bins, in one pass: O(N K). Arguments and
/// errors as collect(). options::scheme must be equal_width (equal-mass bins differ by class: see
/// classwise_ace()).
template<detail::single_label_scores S, class L>
classwise_table tabulate_classes(const S& scores, L&& labels, const options& o = {}) {
  return detail::tabulate_classes("tabulate_classes()", scores, std::forward<L>(labels), o,
                                  o.fixed_bins());
}

/// The tables of all labels of multi-label scores. `targets`: samples x labels of 0 and 1,
/// integers. options::ignore_label leaves single entries of `targets` out; weights and `valid` are
/// of samples. Throws shape_error where targets and scores differ in shape, value_error for a
/// target that is not 0 or 1 (row, column), a NaN score, or a probability outside [0, 1].
template<detail::multilabel_scores S, class Y>
classwise_table tabulate_classes(const S& scores, const Y& targets, const options& o = {}) {
  return detail::tabulate_labels("tabulate_classes()", scores, targets, o, o.fixed_bins());
}

}  // namespace calibra
