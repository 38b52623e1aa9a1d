// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/detail/radix_sort.hpp"
#include "calibra/error.hpp"

namespace calibra {

/// (confidence, hit) pairs, and a weight where given: what is left of scores and labels for the
/// metrics that need every sample. C is float or double: the scalar the confidences are kept in.
///
/// A pair takes sizeof(C) bytes: confidences are not negative, so the sign bit holds the hit.
/// Weights, where given, take 8 more. Confidences are finite and >= 0 (that they are at most 1 is
/// for whoever made them to see to); weights are finite and >= 0 and are given for all pairs or
/// for none.
template<class C>
class sample {
  static_assert(std::is_same_v<C, float> || std::is_same_v<C, double>,
                "calibra: sample<C> keeps confidences as float or double");

 public:
  using value_type = C;

  /// Makes room for n pairs in all, and for their weights where `weighted`.
  void reserve(std::size_t n, bool weighted = false) {
    pairs_.reserve(n);
    if (weighted) weights_.reserve(n);
  }

  /// Adds a pair to an unweighted sample. Amortised O(1).
  /// Throws value_error if the confidence is negative, NaN or infinite as a C, and shape_error if
  /// the sample is weighted.
  void push_back(double confidence, bool hit) {
    const bits packed = pack(confidence, hit);
    if (weighted()) mixed("push_back", "without a weight", "weighted");
    add(packed);
  }

  /// Adds a pair and its weight to a weighted (or empty) sample. Amortised O(1).
  /// Throws value_error if the confidence or the weight is negative, NaN or infinite, and
  /// shape_error if the sample has pairs without weights.
  void push_back(double confidence, bool hit, double weight) {
    const bits packed = pack(confidence, hit);
    if (!(weight >= 0 && weight <= std::numeric_limits<double>::max()))
      throw value_error(detail::concat("sample::push_back(): weight ", weight, " at position ",
                                       size(), " is not a finite number >= 0"));
    if (!weighted() && !empty()) mixed("push_back", "with a weight", "unweighted");
    weights_.push_back(weight);
    add(packed);
  }

  std::size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }
  /// Whether the pairs have weights; false for an empty sample.
  bool weighted() const { return !weights_.empty(); }

  /// The i-th pair; i < size() is not checked.
  double confidence(std::size_t i) const {
    return static_cast<double>(std::bit_cast<C>(static_cast<bits>(pairs_[i] & magnitude)));
  }
  bool hit(std::size_t i) const { return (pairs_[i] & ~magnitude) != 0; }
  /// The i-th weight, 1 in an unweighted sample.
  double weight(std::size_t i) const { return weights_.empty() ? 1.0 : weights_[i]; }
  /// Sum of the weights, which is size() in an unweighted sample. O(n) if weighted.
  double total_weight() const {
    return weighted() ? std::accumulate(weights_.begin(), weights_.end(), 0.0)
                      : static_cast<double>(size());
  }

  /// Adds all pairs of `other` behind these, in their order: how parts that threads or processes
  /// collected are merged. Throws shape_error if one of the two is weighted and the other has
  /// pairs without weights.
  void append(const sample& other) {
    const std::size_t n = size(), m = other.size();
    if (m == 0) return;
    if (n != 0 && weighted() != other.weighted())
      mixed("append", other.weighted() ? "with weights" : "without weights",
            weighted() ? "weighted" : "unweighted");
    const bool in_order =
        sorted_ && other.sorted_ && (n == 0 || key(pairs_[n - 1]) <= key(other.pairs_[0]));
    const bool with_weights = other.weighted();
    pairs_.resize(n + m);  // other may be this sample: its data are looked up after the resize
    std::copy_n(other.pairs_.data(), m, pairs_.data() + n);
    if (with_weights) {
      weights_.resize(n + m);
      std::copy_n(other.weights_.data(), m, weights_.data() + n);
    }
    sorted_ = in_order;
  }

  /// Sorts ascending by confidence; pairs of equal confidence keep their order. O(n): a radix sort
  /// that needs one scratch copy; nothing is done if the sample is sorted.
  void sort() {
    if (sorted_) return;
    if (weighted())
      detail::radix_sort(pairs_, magnitude, weights_);
    else
      detail::radix_sort(pairs_, magnitude);
    sorted_ = true;
  }
  /// Whether the confidences ascend, whoever put them in order.
  bool sorted() const { return sorted_; }

 private:
  using bits = std::conditional_t<std::is_same_v<C, float>, std::uint32_t, std::uint64_t>;
  static constexpr bits magnitude = static_cast<bits>(~bits{0}) >> 1;

  // Non-negative numbers are ordered as their bits are.
  static bits key(bits pair) { return pair & magnitude; }

  bits pack(double confidence, bool hit) const {
    if (!(confidence >= 0 && confidence <= static_cast<double>(std::numeric_limits<C>::max())))
      throw value_error(detail::concat("sample::push_back(): confidence ", confidence,
                                       " at position ", size(), " is not a finite number >= 0"));
    return key(std::bit_cast<bits>(static_cast<C>(confidence))) |
           (hit ? static_cast<bits>(~magnitude) : bits{0});
  }

  void add(bits packed) {
    sorted_ = sorted_ && (empty() || key(pairs_.back()) <= key(packed));
    pairs_.push_back(packed);
  }

  [[noreturn]] void mixed(const char* function, const char* got, const char* have) const {
    throw shape_error(detail::concat("sample::", function, "(): pairs ", got, " for a sample of ",
                                     size(), " ", have, " pairs; weights are for all or for none"));
  }

  std::vector<bits> pairs_;
  std::vector<double> weights_;  // empty if unweighted
  bool sorted_ = true;
};

namespace detail {

/// Calls f with the sample if it is sorted, else with a sorted copy of it.
template<class C, class F>
auto with_sorted(const sample<C>& s, F&& f) {
  if (s.sorted()) return f(s);
  sample<C> copy = s;
  copy.sort();
  return f(std::as_const(copy));
}

}  // namespace detail
}  // namespace calibra
