// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "calibra/error.hpp"

namespace calibra {

/// Which end of a bin belongs to it.
enum class edge_side {
  right_closed,  ///< (lower, upper], as in Guo et al. 2017
  left_closed,   ///< [lower, upper), as numpy.histogram and torch.bucketize(right=True)
};

/// What bins that are more than edges and a side need: a value with these members, copied into a
/// `binning`. `index` gives 0, ..., size() - 1, or binning::none or binning::removed; a member
/// `second(c)` may name one more bin that holds c too. `describe()` tells two rules apart: equal
/// texts, equal bins.
template<class R>
concept bin_rule = requires(const R& r, double c, std::size_t b) {
  { r.size() } -> std::convertible_to<std::size_t>;
  { r.index(c) } -> std::convertible_to<std::ptrdiff_t>;
  { r.lower(b) } -> std::convertible_to<double>;
  { r.upper(b) } -> std::convertible_to<double>;
  { r.describe() } -> std::convertible_to<std::string>;
};

/// Maps a confidence in [0, 1] to a bin. An immutable value: two tables can be merged when their
/// binnings are equal. Finding a bin costs O(1) for equal widths, O(log B) for given edges, and
/// whatever a rule costs.
class binning {
 public:
  static constexpr std::ptrdiff_t none = -1;     ///< no bin, still part of the total
  static constexpr std::ptrdiff_t removed = -2;  ///< not part of the total either

  /// B bins of equal width with edges fl(k/B), correctly rounded.
  /// Throws option_error for B = 0 or B > 10^6.
  [[nodiscard]] static binning equal_width(std::size_t bins,
                                           edge_side side = edge_side::right_closed) {
    check_count(bins);
    std::vector<double> edges(bins + 1);
    for (std::size_t k = 0; k <= bins; ++k)
      edges[k] = static_cast<double>(k) / static_cast<double>(bins);
    return binning(std::move(edges), side);
  }

  /// Bins between given edges, which ascend (equal neighbours make a bin that stays empty), start
  /// at or below 0 and end at or above 1. Throws option_error otherwise.
  [[nodiscard]] static binning from_edges(std::vector<double> edges,
                                          edge_side side = edge_side::right_closed) {
    if (edges.size() < 2)
      throw option_error(detail::concat("binning: expected at least 2 edges, got ", edges.size()));
    check_count(edges.size() - 1);
    for (std::size_t k = 0; k < edges.size(); ++k) {
      if (!(std::abs(edges[k]) < 1e300) || (k > 0 && edges[k] < edges[k - 1]))
        throw option_error(
            detail::concat("binning: expected ascending edges, got ", edges[k], " as edge ", k));
    }
    if (edges.front() > 0 || edges.back() < 1)
      throw option_error(detail::concat("binning: expected edges that cover [0, 1], got [",
                                        edges.front(), ", ", edges.back(), "]"));
    return binning(std::move(edges), side);
  }

  /// Bins by a rule. Throws option_error for a rule of no bins.
  template<class R>
  requires(!std::same_as<R, binning> && bin_rule<R>)
      binning(const R& rule)  // NOLINT(google-explicit-constructor): a rule is a binning
      : rule_(std::make_shared<const rule_of<R>>(rule)) {
    check_count(rule_->size());
  }

  /// The number of bins.
  [[nodiscard]] std::size_t size() const { return rule_ ? rule_->size() : edges_.size() - 1; }
  [[nodiscard]] double lower(std::size_t bin) const {
    return rule_ ? rule_->lower(bin) : edges_[bin];
  }
  [[nodiscard]] double upper(std::size_t bin) const {
    return rule_ ? rule_->upper(bin) : edges_[bin + 1];
  }
  /// Whether comparison with edges() and side() is all that there is.
  [[nodiscard]] bool by_edges() const noexcept { return rule_ == nullptr; }
  /// Whether inner edge k is k / size() to within 1e-9 bins. False for bins by a rule.
  [[nodiscard]] bool even() const noexcept { return even_; }
  /// The edges; empty for bins by a rule.
  [[nodiscard]] const std::vector<double>& edges() const noexcept { return edges_; }
  /// Which end of a bin belongs to it. A rule says so itself by side(), or is asked where it puts
  /// the edges between bins.
  [[nodiscard]] edge_side side() const { return rule_ ? rule_->side() : side_; }
  /// What tells the rule from others; empty for bins by edges.
  [[nodiscard]] std::string describe() const { return rule_ ? rule_->describe() : std::string(); }

  /// The bin of confidence c, or `none`, or `removed`. Throws option_error where a rule gives
  /// another number.
  [[nodiscard]] std::ptrdiff_t index(double c) const {
    return rule_ ? checked(c, rule_->index(c)) : index_by_edges(c);
  }

  /// Calls f(bin) for every bin that c lies in: one, save for rules whose bins overlap.
  template<class F>
  void for_each_bin(double c, F f) const {
    const std::ptrdiff_t first = index(c);
    if (first < 0) return;
    f(static_cast<std::size_t>(first));
    if (!rule_) return;
    const std::ptrdiff_t second = checked(c, rule_->second(c));
    if (second >= 0) f(static_cast<std::size_t>(second));
  }

  friend bool operator==(const binning& a, const binning& b) {
    if (a.by_edges() != b.by_edges()) return false;
    if (a.by_edges()) return a.side_ == b.side_ && a.edges_ == b.edges_;
    if (a.rule_ == b.rule_) return true;
    if (a.size() != b.size() || a.describe() != b.describe()) return false;
    for (std::size_t k = 0; k < a.size(); ++k)
      if (a.lower(k) != b.lower(k) || a.upper(k) != b.upper(k)) return false;
    return true;
  }

 private:
  struct any_rule {
    virtual ~any_rule() = default;
    virtual std::size_t size() const = 0;
    virtual std::ptrdiff_t index(double c) const = 0;
    virtual std::ptrdiff_t second(double c) const = 0;
    virtual double lower(std::size_t bin) const = 0;
    virtual double upper(std::size_t bin) const = 0;
    virtual std::string describe() const = 0;
    virtual edge_side side() const = 0;
  };
  template<class R>
  struct rule_of final : any_rule {
    explicit rule_of(const R& r) : rule(r) {}
    std::size_t size() const override { return rule.size(); }
    std::ptrdiff_t index(double c) const override { return rule.index(c); }
    std::ptrdiff_t second(double c) const override {
      if constexpr (requires { rule.second(c); }) return rule.second(c);
      static_cast<void>(c);
      return none;
    }
    double lower(std::size_t bin) const override { return rule.lower(bin); }
    double upper(std::size_t bin) const override { return rule.upper(bin); }
    std::string describe() const override { return rule.describe(); }
    edge_side side() const override {
      if constexpr (requires { rule.side(); }) {
        return rule.side();
      } else {
        std::size_t below = 0, above = 0;
        for (std::size_t b = 0; b + 1 < size(); ++b) {
          const std::ptrdiff_t at = index(upper(b));
          below += at == static_cast<std::ptrdiff_t>(b) ? 1U : 0U;
          above += at == static_cast<std::ptrdiff_t>(b + 1) ? 1U : 0U;
        }
        return above > below ? edge_side::left_closed : edge_side::right_closed;
      }
    }
    R rule;
  };

  binning(std::vector<double> edges, edge_side side) : edges_(std::move(edges)), side_(side) {
    const auto bins = static_cast<double>(size());
    const auto off = [&](std::size_t k) {
      return std::abs(edges_[k] * bins - static_cast<double>(k));
    };
    double inner = 0;
    for (std::size_t k = 1; k < size(); ++k) inner = std::max(inner, off(k));
    even_ = inner < 1e-9;
    uniform_ = inner < 0.25 && off(0) < 0.25 && off(size()) < 0.25;
  }

  static void check_count(std::size_t bins) {
    if (bins < 1 || bins > 1'000'000)
      throw option_error(detail::concat("binning: expected 1 to 1000000 bins, got ", bins));
  }

  std::ptrdiff_t checked(double c, std::ptrdiff_t bin) const {
    if (bin < removed || bin >= static_cast<std::ptrdiff_t>(rule_->size()))
      throw option_error(detail::concat("binning: the rule '", rule_->describe(), "' puts ", c,
                                        " into bin ", bin, "; expected 0 to ", rule_->size() - 1,
                                        ", binning::none or binning::removed"));
    return bin;
  }

  std::ptrdiff_t index_by_edges(double c) const {
    const auto last = static_cast<std::ptrdiff_t>(edges_.size()) - 2;
    std::ptrdiff_t bin;
    if (uniform_) {  // a guess that is at most one bin off, put right by comparison
      bin = std::clamp(static_cast<std::ptrdiff_t>(c * static_cast<double>(last + 1)),
                       std::ptrdiff_t{0}, last);
      const double* e = edges_.data() + bin;
      if (side_ == edge_side::right_closed)
        bin += static_cast<std::ptrdiff_t>(c > e[1]) - static_cast<std::ptrdiff_t>(c <= e[0]);
      else
        bin += static_cast<std::ptrdiff_t>(c >= e[1]) - static_cast<std::ptrdiff_t>(c < e[0]);
    } else if (side_ == edge_side::right_closed) {
      bin = std::lower_bound(edges_.begin() + 1, edges_.end() - 1, c) - edges_.begin() - 1;
    } else {
      bin = std::upper_bound(edges_.begin() + 1, edges_.end() - 1, c) - edges_.begin() - 1;
    }
    return std::clamp(bin, std::ptrdiff_t{0}, last);
  }

  std::vector<double> edges_;
  edge_side side_ = edge_side::right_closed;
  bool uniform_ = false;  // near enough for a guess
  bool even_ = false;
  std::shared_ptr<const any_rule> rule_;
};

}  // namespace calibra
