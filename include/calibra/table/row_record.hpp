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

#include "calibra/error.hpp"

namespace calibra {

/// What every row that counted adds to sums and tables, in the order of the rows: of it replicates
/// are drawn and standard errors computed. 8 bytes a row for the confidence with its hit, 8 more
/// with losses, which are kept in float32, and 8 more each for a weight, a cluster and a stratum.
/// Mergeable: append() gives what one pass over both inputs gives.
class row_record {
 public:
  row_record() = default;
  /// `losses`: rows have log-likelihoods and Brier scores.
  explicit row_record(bool losses) : losses_(losses) {}

  [[nodiscard]] std::size_t size() const noexcept { return confidence_.size(); }
  [[nodiscard]] bool has_losses() const noexcept { return losses_; }
  [[nodiscard]] bool weighted() const noexcept { return !weight_.empty(); }
  [[nodiscard]] bool clustered() const noexcept { return !cluster_.empty(); }
  [[nodiscard]] bool stratified() const noexcept { return !stratum_.empty(); }

  [[nodiscard]] double confidence(std::size_t i) const noexcept { return std::abs(confidence_[i]); }
  [[nodiscard]] bool hit(std::size_t i) const noexcept { return std::signbit(confidence_[i]); }
  /// Whether the predicted class is the label; of binary scores it need not be the hit.
  [[nodiscard]] bool correct(std::size_t i) const noexcept {
    return losses_ ? std::signbit(brier_[i]) : hit(i);
  }
  /// -log p of the label; infinite where p is 0, NaN where there is none. With losses.
  [[nodiscard]] float nll(std::size_t i) const noexcept { return nll_[i]; }
  /// Brier score; NaN where there is none. With losses.
  [[nodiscard]] float brier(std::size_t i) const noexcept { return std::abs(brier_[i]); }
  [[nodiscard]] double weight(std::size_t i) const noexcept {
    return weight_.empty() ? 1.0 : weight_[i];
  }
  [[nodiscard]] std::int64_t cluster(std::size_t i) const noexcept { return cluster_[i]; }
  [[nodiscard]] std::int64_t stratum(std::size_t i) const noexcept {
    return stratum_.empty() ? 0 : stratum_[i];
  }

  /// Gives up the confidences, negative with a hit; losses and weights stay.
  [[nodiscard]] std::vector<double> release_confidences() { return std::exchange(confidence_, {}); }

  void reserve(std::size_t n) {
    confidence_.reserve(n);
    if (!losses_) return;
    nll_.reserve(n);
    brier_.reserve(n);
  }
  /// Adds a row; weights, clusters and strata are added for all rows or for none.
  void add(double confidence, bool hit) { confidence_.push_back(signed_if(confidence, hit)); }
  void add_losses(double nll, double brier, bool correct) {
    constexpr auto most = static_cast<double>(std::numeric_limits<float>::max());
    // A finite loss stays finite.
    nll_.push_back(
        static_cast<float>(nll <= std::numeric_limits<double>::max() ? std::min(nll, most) : nll));
    brier_.push_back(signed_if(static_cast<float>(brier), correct));
  }
  void add_weight(double w) { weight_.push_back(w); }
  void add_cluster(std::int64_t id) { cluster_.push_back(id); }
  void add_stratum(std::int64_t id) { stratum_.push_back(id); }

  /// Throws option_error unless both have the same of losses, weights, clusters and strata.
  void check_alike(const row_record& other) const {
    const auto require = [](bool same, std::string_view what) {
      if (!same)
        throw option_error(
            detail::concat("row_record: cannot merge: expected ", what, " in both or in neither"));
    };
    require(losses_ == other.losses_, "losses");
    if (size() == 0 || other.size() == 0) return;
    require(weighted() == other.weighted(), "weights");
    require(clustered() == other.clustered(), "clusters");
    require(stratified() == other.stratified(), "strata");
  }
  /// Adds the rows of another behind these.
  void append(const row_record& other) {
    check_alike(other);
    extend(confidence_, other.confidence_);
    extend(nll_, other.nll_);
    extend(brier_, other.brier_);
    extend(weight_, other.weight_);
    extend(cluster_, other.cluster_);
    extend(stratum_, other.stratum_);
  }

 private:
  template<class T>
  static T signed_if(T x, bool sign) noexcept {
    return std::copysign(x, sign ? T{-1} : T{1});
  }
  template<class V>
  static void extend(V& to, const V& from) {
    const std::size_t n = to.size(), m = from.size();
    to.resize(n + m);  // `from` may be `to`
    std::copy_n(from.data(), m, to.data() + n);
  }

  bool losses_ = false;
  std::vector<double> confidence_;  // the sign is the hit
  std::vector<float> nll_, brier_;  // the sign of a Brier score: correct
  std::vector<double> weight_;
  std::vector<std::int64_t> cluster_, stratum_;
};

}  // namespace calibra
