// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/counter_random.hpp"
#include "calibra/detail/feature_rows.hpp"
#include "calibra/error.hpp"
#include "calibra/outlier/bank.hpp"
#include "calibra/outlier/name.hpp"

namespace calibra {

/// Which candidates become outliers, by mean cosine similarity to the base classes.
enum class outlier_rule {
  nearest,   ///< The most similar: the method of the paper.
  farthest,  ///< The least similar: an ablation of the paper.
  random     ///< Any, by the seed: an ablation of the paper.
};

/// Options of outlier_selector.
struct selector_options {
  std::size_t count = 5000;                   ///< Outliers to keep, K; at least 1.
  outlier_rule rule = outlier_rule::nearest;  ///< Which.
  std::uint64_t seed = 0;                     ///< Of outlier_rule::random.
};

/// Chooses the outliers of a bank from candidates that arrive chunk by chunk: WordNet's nouns with
/// the zero-shot text features of each, of which only the K best so far are kept.
///
/// Score of a candidate u: (1/C) sum_c cos(u, v_c) over the C base classes' features v_c.
/// Left out: candidates whose normalised_name is empty, excluded, or that of an earlier candidate.
/// Order and ties: best first by the rule, equal scores by normalised name, so that the bank
/// depends neither on the chunks nor, as long as no name comes twice, on the order of the
/// candidates. outlier_rule::random ranks by a hash of the seed and the normalised name. Cost: O(D)
/// a candidate, O(K D) memory and the names seen. Scores in double; a kept feature is rounded to
/// float.
class outlier_selector {
 public:
  /// `base_features`: C x D zero-shot text features of the base classes, any norm but 0.
  /// `excluded`: the names of the base classes, and of the new ones where they are known.
  /// Throws: shape_error for C = 0 or D = 0; value_error with the row (and column) for a NaN, an
  /// infinity, a row of zeros; option_error for count = 0.
  template<score_matrix BaseFeatures>
  outlier_selector(const BaseFeatures& base_features, excluded_names excluded,
                   selector_options options = {})
      : excluded_(std::move(excluded)), options_(options) {
    const auto held = detail::hold<detail::as_matrix>(base_features);
    const auto base = held.view();
    if (base.rows() == 0 || base.cols() == 0)
      throw shape_error(detail::concat("outlier_selector(): the base features are ", base.rows(),
                                       " x ", base.cols(),
                                       "; expected at least one row and one column"));
    if (options_.count == 0) throw option_error("outlier_selector(): expected count >= 1, got 0");
    mean_direction_.resize(base.cols());
    for (std::size_t c = 0; c < base.rows(); ++c) {
      const double norm =
          detail::direction_norm("outlier_selector()", "the base features", base, c);
      for (std::size_t j = 0; j < base.cols(); ++j)
        mean_direction_[j] += detail::feature(base, c, j) / norm;
    }
    for (double& x : mean_direction_) x /= static_cast<double>(base.rows());
  }

  /// A chunk of candidates: names and their features, a row a name. Nothing is taken from a chunk
  /// that throws: shape_error where names and rows differ in number or D is not that of the base
  /// features; value_error with the row in the chunk for a NaN, an infinity, a row of zeros.
  template<score_matrix Features>
  void add(std::span<const std::string> names, const Features& features) {
    const auto held = detail::hold<detail::as_matrix>(features);
    const auto view = held.view();
    if (view.rows() != names.size() || view.cols() != mean_direction_.size())
      throw shape_error(detail::concat(where, ": ", names.size(), " names with features of ",
                                       view.rows(), " x ", view.cols(), "; expected ", names.size(),
                                       " x ", mean_direction_.size(), " as the base features"));
    std::vector<double> norms(names.size());
    for (std::size_t i = 0; i < names.size(); ++i)
      norms[i] = detail::direction_norm(where, "the candidates", view, i);
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::string normal = normalised_name(names[i]);
      if (normal.empty() || excluded_.contains_normalised(normal) || !seen_.insert(normal).second)
        continue;
      double score = 0;
      for (std::size_t j = 0; j < view.cols(); ++j)
        score += detail::feature(view, i, j) * mean_direction_[j];
      score /= norms[i];
      keep({rank(score, normal), std::move(normal), score, kept_.size()}, names[i], view.row(i));
    }
    names_seen_ += names.size();
  }

  /// Names so far, left out or not: how far a long run of add() has come.
  [[nodiscard]] std::size_t names_seen() const noexcept { return names_seen_; }
  /// Candidates so far, without those left out.
  [[nodiscard]] std::size_t candidates() const noexcept { return seen_.size(); }

  /// The bank of the K chosen outliers, best first, with their scores and their features, names as
  /// they were given. Throws option_error where there were fewer than K candidates.
  [[nodiscard]] outlier_bank<matrix<float>> select() const {
    if (kept_.size() < options_.count)
      throw option_error(detail::concat("outlier_selector::select(): expected at least ",
                                        options_.count, " candidates, the count of outliers, got ",
                                        candidates()));
    std::vector<entry> order = kept_;
    std::sort(order.begin(), order.end(), better);
    const std::size_t width = mean_direction_.size();
    outlier_bank<matrix<float>> bank{{}, matrix<float>(order.size(), width), {}};
    for (std::size_t i = 0; i < order.size(); ++i) {
      bank.names.push_back(names_[order[i].slot]);
      bank.scores.push_back(order[i].score);
      std::copy_n(features_.begin() + static_cast<std::ptrdiff_t>(order[i].slot * width), width,
                  &bank.features(i, 0));
    }
    return bank;
  }

 private:
  static constexpr std::string_view where = "outlier_selector::add()";

  /// Small ranks are kept. By score they are doubles, at random 64 bits: one of the two is zero.
  struct rank_type {
    double score = 0;
    std::uint64_t drawn = 0;
  };
  struct entry {
    rank_type rank;
    std::string normal;
    double score;
    std::size_t slot;  // of its name and its features
  };
  static bool better(const entry& a, const entry& b) {
    return std::tie(a.rank.score, a.rank.drawn, a.normal) <
           std::tie(b.rank.score, b.rank.drawn, b.normal);
  }

  rank_type rank(double score, std::string_view normal) const {
    switch (options_.rule) {
      case outlier_rule::nearest:
        return {-score, 0};
      case outlier_rule::farthest:
        return {score, 0};
      case outlier_rule::random:
        break;
    }
    return {0, detail::counter_random(options_.seed, detail::fnv1a(normal))()};
  }

  /// kept_ is a heap whose first entry is the worst of those kept.
  template<class Row>
  void keep(entry candidate, const std::string& name, const Row& row) {
    if (kept_.size() == options_.count) {
      if (!better(candidate, kept_.front())) return;
      std::pop_heap(kept_.begin(), kept_.end(), better);
      candidate.slot = kept_.back().slot;
      kept_.pop_back();
    } else {
      names_.emplace_back();
      features_.resize(features_.size() + mean_direction_.size());
    }
    names_[candidate.slot] = name;
    float* const out = features_.data() + candidate.slot * mean_direction_.size();
    for (std::size_t j = 0; j < row.size(); ++j)
      out[j] = static_cast<float>(scalar_traits<typename Row::value_type>::load(row[j]));
    kept_.push_back(std::move(candidate));
    std::push_heap(kept_.begin(), kept_.end(), better);
  }

  excluded_names excluded_;
  selector_options options_;
  std::vector<double> mean_direction_;
  std::unordered_set<std::string> seen_;
  std::size_t names_seen_ = 0;
  std::vector<entry> kept_;
  std::vector<std::string> names_;
  std::vector<float> features_;
};

}  // namespace calibra
