// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/radix_sort.hpp"
#include "calibra/error.hpp"

namespace calibra {

namespace detail {

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_SAMPLE)

/// The i-th weight of a column that may be null.
inline std::optional<double> weight_if_any(const double* weight, std::size_t i) {
  return weight == nullptr ? std::nullopt : std::optional(weight[i]);
}

}  // namespace detail

/// The type that a sample keeps confidences in.
enum class precision {
  float32,  ///< for scores of float and 16-bit types: 4 bytes a pair
  float64,  ///< for scores of double: 8 bytes a pair
};

/// (confidence, hit) pairs, with a weight and a proximity where given: what is left of scores and
/// labels for the metrics that need every sample.
///
/// A pair takes 4 or 8 bytes: confidences are not negative, so the sign bit holds the hit. Weights
/// and proximities take 8 more each, and are given for all pairs or for none. Confidences are
/// finite and >= 0 (that they are at most 1 is for whoever made them to see to); weights are finite
/// and >= 0.
///
/// The memory is that of std::pmr::get_default_resource() where the sample is made, which must
/// outlive it: with io::file_memory there, pairs that are too many for memory lie in files.
class sample {
 public:
  sample() = default;
  explicit sample(calibra::precision p) : single_(p == calibra::precision::float32) {}

  [[nodiscard]] calibra::precision precision() const noexcept {
    return single_ ? calibra::precision::float32 : calibra::precision::float64;
  }

  /// Makes room for n pairs in all, and for their weights where `weighted`.
  void reserve(std::size_t n, bool weighted = false) {
    if (single_)
      floats_.reserve(n);
    else
      doubles_.reserve(n);
    if (weighted) weights_.reserve(n);
  }

  /// Adds a pair, with its weight where the pairs have weights: all of them or none. Amortised
  /// O(1). Throws value_error if the confidence (in the sample's precision) or the weight is
  /// negative, NaN or infinite, and shape_error for a weight where pairs have none, or none where
  /// they have.
  void push_back(double confidence, bool hit, std::optional<double> weight = {}) {
    check_confidence(confidence);
    if (weight && !(*weight >= 0 && *weight <= std::numeric_limits<double>::max()))
      throw value_error(detail::concat("sample::push_back(): weight ", *weight, " at position ",
                                       size(), " is not a finite number >= 0"));
    if (weight && !weighted() && !empty()) mixed("push_back", "with a weight", "unweighted");
    if (!weight && weighted()) mixed("push_back", "without a weight", "weighted");
    if (weight) weights_.push_back(*weight);
    add(confidence, hit);
  }

  /// Adds n pairs that were checked before. `weight` may be null, for all blocks or for none.
  void add_block(const double* confidence, const unsigned char* hit, const double* weight,
                 std::size_t n) {
    if (weight != nullptr) weights_.insert(weights_.end(), weight, weight + n);
    for (std::size_t i = 0; i < n; ++i) add(confidence[i], hit[i] != 0);
  }

  /// Gives every pair a proximity, in the order in which the pairs lie. Throws shape_error where
  /// there are not as many, value_error where one is not finite.
  void set_proximities(std::span<const double> proximity) {
    if (proximity.size() != size())
      throw shape_error(detail::concat("sample::set_proximities(): expected ", size(),
                                       " proximities, got ", proximity.size()));
    proximity_.clear();
    for (std::size_t i = 0; i < proximity.size(); ++i) add_proximity(proximity[i], i);
  }
  void set_proximities(const std::vector<double>& proximity) {
    set_proximities(std::span<const double>(proximity));
  }
  /// Adds the proximity of the next pair that has none; `row` is what errors call it. Throws
  /// value_error where it is not finite.
  void add_proximity(double x, std::size_t row) {
    if (!detail::is_finite(x))
      throw value_error(detail::concat("sample: proximity ", x, " at row ", row, " is not finite"));
    proximity_.push_back(x);
  }

  [[nodiscard]] std::size_t size() const noexcept {
    return single_ ? floats_.size() : doubles_.size();
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Whether the pairs have weights; false for an empty sample.
  [[nodiscard]] bool weighted() const noexcept { return !weights_.empty(); }
  /// One number a pair, or empty.
  [[nodiscard]] std::span<const double> proximities() const noexcept { return proximity_; }

  /// The i-th pair; i < size() is not checked.
  [[nodiscard]] double confidence(std::size_t i) const noexcept {
    return single_ ? static_cast<double>(std::bit_cast<float>(floats_[i] & float_mask))
                   : std::bit_cast<double>(doubles_[i] & double_mask);
  }
  [[nodiscard]] bool hit(std::size_t i) const noexcept {
    return single_ ? (floats_[i] & ~float_mask) != 0 : (doubles_[i] & ~double_mask) != 0;
  }
  /// The i-th weight, 1 in an unweighted sample.
  [[nodiscard]] double weight(std::size_t i) const noexcept {
    return weights_.empty() ? 1.0 : weights_[i];
  }
  /// The i-th weight, or none in an unweighted sample: what push_back() takes.
  [[nodiscard]] std::optional<double> weight_if_any(std::size_t i) const noexcept {
    return weights_.empty() ? std::nullopt : std::optional(weights_[i]);
  }
  /// Sum of the weights, which is size() in an unweighted sample. O(n) if weighted.
  [[nodiscard]] double total_weight() const {
    return weighted() ? std::accumulate(weights_.begin(), weights_.end(), 0.0)
                      : static_cast<double>(size());
  }

  /// Adds all pairs of `other` behind these, in their order: how parts that threads or processes
  /// collected are merged. Throws shape_error if one of the two is weighted, or has proximities,
  /// and the other has pairs without, or if they keep confidences in different precisions.
  void append(const sample& other) {
    const std::size_t n = size(), m = other.size();
    if (m == 0) return;
    if (n == 0) {
      *this = sample(other);
      return;
    }
    if (single_ != other.single_)
      throw shape_error("sample::append(): cannot append float32 and float64 confidences");
    if (weighted() != other.weighted())
      mixed("append", other.weighted() ? "with weights" : "without weights",
            weighted() ? "weighted" : "unweighted");
    if (proximity_.empty() != other.proximity_.empty())
      throw shape_error("sample::append(): proximities are for all pairs or for none");
    sorted_ = sorted_ && other.sorted_ && confidence(n - 1) <= other.confidence(0);
    extend(floats_, other.floats_);
    extend(doubles_, other.doubles_);
    extend(weights_, other.weights_);
    extend(proximity_, other.proximity_);
  }

  /// Sorts ascending by confidence; pairs of equal confidence keep their order. O(n): a radix sort
  /// that needs one scratch copy; nothing is done if the sample is sorted.
  void sort() {
    if (sorted_) return;
    if (single_)
      sort_keys(floats_, float_mask);
    else
      sort_keys(doubles_, double_mask);
    sorted_ = true;
  }
  /// Whether the confidences ascend, whoever put them in order.
  [[nodiscard]] bool sorted() const noexcept { return sorted_; }

 private:
  static constexpr std::uint32_t float_mask = 0x7fffffffu;
  static constexpr std::uint64_t double_mask = 0x7fffffffffffffffu;

  void check_confidence(double confidence) const {
    const double most = single_ ? static_cast<double>(std::numeric_limits<float>::max())
                                : std::numeric_limits<double>::max();
    if (!(confidence >= 0 && confidence <= most))
      throw value_error(detail::concat("sample::push_back(): confidence ", confidence,
                                       " at position ", size(), " is not a finite number >= 0"));
  }

  // Non-negative numbers are ordered as their bits are.
  void add(double confidence, bool hit) {
    if (single_)
      add_key(floats_, std::bit_cast<std::uint32_t>(static_cast<float>(confidence)), float_mask,
              hit);
    else
      add_key(doubles_, std::bit_cast<std::uint64_t>(confidence), double_mask, hit);
  }
  template<class Bits>
  void add_key(std::pmr::vector<Bits>& pairs, Bits key, Bits mask, bool hit) {
    key &= mask;  // -0 is 0
    sorted_ = sorted_ && (pairs.empty() || (pairs.back() & mask) <= key);
    pairs.push_back(hit ? static_cast<Bits>(key | ~mask) : key);
  }

  template<class Bits>
  void sort_keys(std::pmr::vector<Bits>& pairs, Bits mask) {
    detail::radix_sort(pairs, mask, {&weights_, &proximity_});
  }

  template<class V>
  static void extend(V& to, const V& from) {
    const std::size_t n = to.size(), m = from.size();
    to.resize(n + m);  // `from` may be `to`
    std::copy_n(from.data(), m, to.data() + n);
  }

  [[noreturn]] void mixed(const char* function, const char* got, const char* have) const {
    throw shape_error(detail::concat("sample::", function, "(): pairs ", got, " for a sample of ",
                                     size(), " ", have, " pairs; weights are for all or for none"));
  }

  std::pmr::vector<std::uint32_t> floats_;
  std::pmr::vector<std::uint64_t> doubles_;
  std::pmr::vector<double> weights_;    // empty if unweighted
  std::pmr::vector<double> proximity_;  // empty if there are none
  bool single_ = false;
  bool sorted_ = true;
};

namespace detail {

/// Calls f with the sample if it is sorted, else with a sorted copy of it.
template<class F>
auto with_sorted(const sample& s, F&& f) {
  if (s.sorted()) return f(s);
  sample copy = s;
  copy.sort();
  return f(std::as_const(copy));
}

}  // namespace detail
}  // namespace calibra
