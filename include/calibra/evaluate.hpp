// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/conventions/convention.hpp"
#include "calibra/detail/peer_forms.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ace.hpp"
#include "calibra/metrics/brier.hpp"
#include "calibra/metrics/classwise_ace.hpp"
#include "calibra/metrics/classwise_ece.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/ks_error.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/mean_gap.hpp"
#include "calibra/metrics/mmce.hpp"
#include "calibra/metrics/piece.hpp"
#include "calibra/metrics/rmsce.hpp"
#include "calibra/metrics/smooth_ece.hpp"
#include "calibra/metrics/sweep_ece.hpp"
#include "calibra/table/classwise_table.hpp"
#include "calibra/table/summary.hpp"

namespace calibra {

/// The metrics that evaluate() knows, in the order in which it gives them.
inline constexpr std::array<std::string_view, 29> metric_names = {"accuracy",
                                                                  "confidence",
                                                                  "nll",
                                                                  "brier",
                                                                  "brier_top",
                                                                  "brier_reliability",
                                                                  "brier_resolution",
                                                                  "brier_uncertainty",
                                                                  "ece",
                                                                  "overconfidence",
                                                                  "underconfidence",
                                                                  "mce",
                                                                  "weighted_mce",
                                                                  "rmsce",
                                                                  "debiased_l2",
                                                                  "mean_gap",
                                                                  "ace",
                                                                  "classwise_ece",
                                                                  "classwise_mce",
                                                                  "classwise_rmsce",
                                                                  "classwise_debiased_l2",
                                                                  "classwise_ace",
                                                                  "tace",
                                                                  "pooled_ece",
                                                                  "sweep_ece",
                                                                  "smooth_ece",
                                                                  "ks_error",
                                                                  "mmce",
                                                                  "piece"};

/// What evaluate() is told besides scores and labels.
struct evaluate_options {
  /// Bins, weights, masks, threads: as for every metric. `scheme` decides which bins ece, mce,
  /// rmsce, debiased_l2, mean_gap, the table and the classwise metrics are measured on.
  options rows = {};
  /// Whose definitions are used. calibra's own by default.
  convention like = conventions::calibra;
  /// Names from metric_names; empty: all of them.
  std::vector<std::string> metrics = {};
  /// One number a sample, for piece.
  optional_column<double> proximity = {};
  std::size_t proximity_bins = 10;
  double tace_threshold = 0.01;
  /// Also give ece of every class.
  bool per_class = false;
};

struct metric_value {
  std::string_view name;
  double value;  ///< NaN where the metric is undefined on the input
};

/// What evaluate() gives.
struct evaluation {
  std::uint64_t samples = 0;  ///< those that counted
  std::uint64_t skipped = 0;  ///< left out by nan_policy::count
  std::size_t classes = 0;
  std::vector<metric_value> metrics;
  reliability_table table;  ///< the bins that ece was measured on
  std::vector<double> ece_per_class;

  /// The value of a metric, NaN if it was not asked for.
  double operator[](std::string_view name) const {
    for (const metric_value& m : metrics)
      if (m.name == name) return m.value;
    return std::numeric_limits<double>::quiet_NaN();
  }
};

namespace detail {

template<class C>
struct evaluation_state {
  reliability_table table;
  std::uint64_t rows = 0;
  summary means;
  sample<C> pairs;
  sample<C> predictions;  ///< (p, the prediction is right) of binary scores:
                          ///< convention::mmce_of_prediction
  std::vector<double> proximity;
  evaluation_state& operator+=(const evaluation_state& other) {
    table += other.table;
    rows += other.rows;
    means += other.means;
    pairs.append(other.pairs);
    predictions.append(other.predictions);
    proximity.insert(proximity.end(), other.proximity.begin(), other.proximity.end());
    return *this;
  }
};

/// Metrics over classes by the convention's own bins: a mean of roots or a root of means.
class class_mean {
 public:
  class_mean(const convention& like, std::size_t classes) : like_(like), classes_(classes) {}

  void add(const reliability_table& t) {
    if (!(t.total_weight() > 0)) return;
    seen_ = true;
    ece_ += ece(t);
    mce_ += mce(t);
    const double l2 = rmsce(t);
    const double debiased = debiased_l2(t, like_.lone);
    rmsce_ += rooted() ? l2 * l2 : l2;
    debiased_ += rooted() ? debiased * debiased : debiased;
  }
  double ece_mean() const { return over(ece_); }
  double mce_mean() const { return over(mce_); }
  double rmsce_mean() const { return rooted() ? std::sqrt(over(rmsce_)) : over(rmsce_); }
  double debiased_mean() const { return rooted() ? std::sqrt(over(debiased_)) : over(debiased_); }

 private:
  bool rooted() const { return like_.classes == class_reduction::root_of_mean; }
  double over(double sum) const {
    return seen_ ? sum / static_cast<double>(classes_) : std::numeric_limits<double>::quiet_NaN();
  }
  const convention& like_;
  std::size_t classes_;
  bool seen_ = false;
  double ece_ = 0, mce_ = 0, rmsce_ = 0, debiased_ = 0;
};

/// One call of evaluate(): what was asked for and what has been found.
template<class S, class L>
class evaluator {
 public:
  using T = typename decltype(score_view(std::declval<const S&>()))::value_type;
  using C = compute_type<T>;
  static constexpr bool single = std::is_same_v<C, float>;
  static constexpr bool multiclass =
      S::kind == score_kind::logits || S::kind == score_kind::probabilities;
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  evaluator(const S& scores, const L& labels, const evaluate_options& e)
      : scores_(scores), labels_(labels), e_(e), o_(e.rows), like_(e.like) {
    for (const std::string& name : e.metrics)
      if (std::find(metric_names.begin(), metric_names.end(), name) == metric_names.end())
        throw option_error(concat("evaluate(): unknown metric \"", name, "\""));
    if (e.like.name != conventions::calibra.name && !o_.edges.empty())
      throw option_error(concat("evaluate(): convention ", e.like.name,
                                " makes its own edges; explicit edges go with calibra's"));
    const bool mass = o_.scheme == bin_scheme::equal_mass && o_.edges.empty();
    o_.binary = mass ? like_.binary_equal_mass : like_.binary;
    if (is_default()) {  // whose choices are the caller's
      o_.binary = e.rows.binary;
      like_.side = e.rows.side;
    }
    if (e.proximity && e.proximity.size() != score_view(scores).rows())
      throw shape_error(concat("evaluate(): expected ", score_view(scores).rows(),
                               " proximities, got ", e.proximity.size()));
  }

  evaluation run() {
    evaluation result{0, 0, 0, {}, reliability_table(width_bins()), {}};
    result.classes = multiclass ? score_view(scores_).cols() : 2;
    first_pass(result);
    by_sample(result);
    state_.reset();  // the samples: by_class() collects others
    if constexpr (multiclass) by_class(result);
    for (const std::string_view name : metric_names)
      if (wanted(name)) result.metrics.push_back({name, found(name)});
    return result;
  }

 private:
  bool is_default() const { return like_.name == conventions::calibra.name; }
  bool wanted(std::string_view name) const {
    return e_.metrics.empty() ||
           std::find(e_.metrics.begin(), e_.metrics.end(), name) != e_.metrics.end();
  }
  template<class... Names>
  bool any_wanted(Names... names) const {
    return (wanted(names) || ...);
  }
  void put(std::string_view name, double value) { found_.push_back({name, value}); }
  double found(std::string_view name) const {
    for (const metric_value& m : found_)
      if (m.name == name) return m.value;
    return nan;
  }

  bool mass() const { return o_.scheme == bin_scheme::equal_mass && o_.edges.empty(); }
  binning width_bins() const {
    return is_default() ? o_.fixed_bins() : like_.fixed_bins(o_.bins, single);
  }
  bool needs_sample() const {
    const bool own_table =
        mass() || (!is_default() && (like_.clip_confidence || like_.one == one_rule::weight_only));
    return own_table || like_.drop_absent_classes ||
           (!multiclass && like_.nll == nll_rule::clip_eps) ||
           any_wanted("ace", "sweep_ece", "smooth_ece", "ks_error", "mmce", "piece");
  }

  void first_pass(evaluation& result) {
    const bool keep = needs_sample();
    const bool piece_wanted = wanted("piece") && e_.proximity;
    const bool proper = any_wanted("nll", "brier", "brier_top", "accuracy", "confidence");
    std::size_t skipped = 0;
    evaluation_state<C> state{reliability_table(width_bins()), 0, {}, {}, {}, {}};
    state_ = scores_pass(
        "evaluate()", scores_, labels_, o_, {.proper_scores = proper}, state,
        [&](evaluation_state<C>& s, const row_block& block) {
          s.table.add_block(block.confidence, block.hit, block.weight, block.size);
          s.rows += block.size;
          if (proper) s.means.add(block);
          if (!keep) return;
          if (s.pairs.empty()) s.pairs.reserve(score_view(scores_).rows(), block.weight != nullptr);
          for (std::size_t i = 0; i < block.size; ++i) {
            if (block.weight == nullptr)
              s.pairs.push_back(block.confidence[i], block.hit[i] != 0);
            else
              s.pairs.push_back(block.confidence[i], block.hit[i] != 0, block.weight[i]);
            if (!multiclass && like_.mmce_of_prediction)
              s.predictions.push_back(block.confidence[i], block.correct[i] != 0);
            if (piece_wanted) s.proximity.push_back(e_.proximity.get()[block.row[i]]);
          }
        },
        &skipped);
    result.skipped = skipped;
    result.samples = state_->rows;
    put("accuracy", state_->means.accuracy());
    put("confidence", state_->means.confidence());
    put("brier", state_->means.brier());
    put("brier_top", state_->means.brier_top());
    if (wanted("nll")) {
      put("nll", state_->means.nll());
      if constexpr (multiclass) {
        if (like_.nll != nll_rule::exact)
          found_.back().value = nll_by_rule(scores_, labels_, o_, like_.nll);
      } else if (like_.nll == nll_rule::clip_eps) {
        found_.back().value = clipped_binary_nll(state_->pairs);
      }
    }
  }

  void by_sample(evaluation& result) {
    sample<C>& pairs = state_->pairs;
    if (wanted("piece") && e_.proximity)
      put("piece",
          pairs.empty()
              ? nan
              : piece(pairs,
                      vector_view<const double>(state_->proximity.data(), state_->proximity.size()),
                      {.confidence_bins = o_.bins, .proximity_bins = e_.proximity_bins}));
    if constexpr (multiclass) {
      if (like_.drop_absent_classes) {
        sample<float> present = present_class_sample(scores_, labels_, o_);
        present.sort();
        tables(result, present);
        if (wanted("ace"))
          put("ace", ece(equal_mass_table(present, o_.bins, like_.mass, like_.side)));
        pairs.sort();
        unbinned();
        return;
      }
    }
    pairs.sort();
    unbinned();
    if (like_.clip_confidence) pairs = clipped_sample(pairs, like_, single);
    tables(result, pairs);
    if (wanted("ace")) put_ace(result);
  }

  /// What is measured without bins, or with bins of the metric's own.
  void unbinned() {
    const sample<C>& x = state_->pairs;
    if (wanted("sweep_ece"))
      put("sweep_ece",
          x.weighted() ? nan : sweep_ece(x, {.own_bin_for_largest = like_.sweep_own_last_bin}));
    if (wanted("smooth_ece"))
      put("smooth_ece",
          smooth_ece(x, {.kernel = like_.smooth_logit_kernel ? smooth_kernel::logit
                                                             : smooth_kernel::reflected,
                         .float_positions = like_.smooth_float_positions}));
    if (wanted("ks_error")) put("ks_error", ks_error(x));
    if (wanted("mmce"))
      put("mmce", mmce(!multiclass && like_.mmce_of_prediction ? state_->predictions : x));
  }

  template<class D>
  void tables(evaluation& result, const sample<D>& x) {
    constexpr bool is_float = std::is_same_v<D, float>;
    counts_and_means t =
        is_default() && !mass()    ? counts_and_means{state_->table, state_->table, true}
        : needs_sample() || mass() ? convention_tables(x, like_, o_.scheme, o_.bins, is_float)
                                   : counts_and_means{state_->table, state_->table, true};
    put("ece", t.ece());
    put("rmsce", t.rmsce());
    put("mean_gap", t.mean_gap());
    if (like_.mce == mce_kind::largest_weighted_gap) {
      const double most = weighted_mce(t.counts);  // its own bins: 1 belongs to the last one
      put("mce", most);
      put("weighted_mce", most);
    } else {
      put("mce", t.mce());
      put("weighted_mce", t.weighted_mce());
    }
    put("debiased_l2", debiased_l2(t.means, like_.lone));
    put("overconfidence", overconfidence(t.means));
    put("underconfidence", underconfidence(t.means));
    const brier_parts parts = brier_decomposition(t.means);
    put("brier_reliability", parts.reliability);
    put("brier_resolution", parts.resolution);
    put("brier_uncertainty", parts.uncertainty);
    result.table = std::move(t.counts);
  }

  void put_ace(const evaluation& result) {
    switch (like_.ace) {
      case ace_kind::equal_mass_top_label:
        put("ace", mass() ? ece(result.table)
                          : convention_tables(state_->pairs, like_, bin_scheme::equal_mass, o_.bins,
                                              single)
                                .ece());
        break;
      case ace_kind::mean_gap:
        put("ace", found("mean_gap"));
        break;
      case ace_kind::classwise_equal_mass:
        break;  // by_class() puts it
    }
  }

  void by_class(evaluation& result) {
    const std::size_t classes = result.classes;
    const bool any = any_wanted("classwise_ece", "classwise_mce", "classwise_rmsce",
                                "classwise_debiased_l2", "pooled_ece") ||
                     e_.per_class;
    class_mean means(like_, classes);
    const auto per_class = [&](const reliability_table& t) {
      means.add(t);
      if (e_.per_class) result.ece_per_class.push_back(ece(t));
    };
    const one_rule one = like_.one == one_rule::weight_only ? one_rule::last_bin : like_.one;
    if (any) {
      const classwise_table fixed = calibra::detail::tabulate_classes(
          "evaluate()", scores_, labels_, o_, width_bins().with_one(one));
      put("pooled_ece", pooled_ece(fixed));
      if (!mass())
        for (std::size_t k = 0; k < classes; ++k) per_class(fixed[k]);
    }
    if (any && mass())
      for_each_class_sample("evaluate()", scores_, labels_, o_, 0.0,
                            !like_.positive_probabilities_only, [&](std::size_t, const auto& x) {
                              per_class(equal_mass_table(x, o_.bins, like_.mass, like_.side, one));
                            });
    put("classwise_ece", means.ece_mean());
    put("classwise_mce", means.mce_mean());
    put("classwise_rmsce", means.rmsce_mean());
    put("classwise_debiased_l2", means.debiased_mean());

    const auto adaptive = [&](double threshold, bool keep_equal) {
      return mean_over_class_masses("evaluate()", scores_, labels_, o_, threshold, keep_equal,
                                    like_.mass, like_.side, one,
                                    [](const reliability_table& t) { return ece(t); });
    };
    const bool named_ace = like_.ace == ace_kind::classwise_equal_mass && wanted("ace");
    if (wanted("classwise_ace") || named_ace) {
      put("classwise_ace",
          mass() && any ? means.ece_mean() : adaptive(0.0, !like_.positive_probabilities_only));
      if (named_ace) put("ace", found("classwise_ace"));
    }
    if (wanted("tace")) put("tace", adaptive(e_.tace_threshold, false));
  }

  const S& scores_;
  const L& labels_;
  const evaluate_options& e_;
  options o_;
  convention like_;
  std::optional<evaluation_state<C>> state_;
  std::vector<metric_value> found_;
};

}  // namespace detail

/// Everything that calibra measures, or what was asked for, on one set of scores and labels.
/// Shapes:  scores N x K (N for the binary kinds) + labels N. Metrics that are undefined on the
/// input
///          (no samples, no proximities, no classes, sweep of weighted samples) are NaN.
/// Cost:    one pass for what tables and means give; one more for classwise tables; a few for
///          classwise_ace and tace. Memory: 4 bytes a sample (8 for double scores) where a metric
///          needs the sample, plus 24 K B bytes for the classwise tables; the scores are never
///          copied whole.
/// Throws:  as collect(), and option_error for unknown metrics or explicit edges under a convention
///          that makes its own.
/// Source:  the metric of each name, with the choices of the convention; docs/metrics.md.
template<wrapped_scores S, class L>
evaluation evaluate(const S& scores, const L& labels, const evaluate_options& e = {}) {
  return detail::evaluator<S, L>(scores, labels, e).run();
}

}  // namespace calibra
