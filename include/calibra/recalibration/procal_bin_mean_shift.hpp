// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/metrics/piece.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/joined_report.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/detail/pairs_with_proximity.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/isotonic.hpp"
#include "calibra/recalibration/one_against_rest.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/proximity_recalibrator.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// ProCal by bins, "bin-mean-shift": the samples are cut into bins of proximity, and each bin has a
/// recalibrator R of its own: one_against_rest<isotonic>, temperature_scaling, ...
///
/// Bins: as many as options::bins says, [a, b), the outer ones open to infinity, with edges at the
///   quantiles of the proximities of the samples of positive weight, interpolated between order
///   statistics, those of piece. The quantiles do not use the weights. A bin not wider than 1e-8,
///   and one without samples, is joined to its neighbour: equal proximities make one bin.
/// Scores: as R's; a proximity each. Certificate: the objective of R, as the mean over the bins by
///   their weight; converged if all bins are, else the note of the first that is not. No samples:
///   what R does then.
/// Cost: one pass, O(n log n) to sort, and the passes of R for each bin over all rows, of which the
/// others' are left out; one map of R a row to transform. Keeps: what R keeps. Fits of two data
/// sets cannot be merged. Source: Xiong et al., "Proximity-informed calibration for deep neural
/// networks", NeurIPS 2023 (arXiv 2306.04590).
template<class R = one_against_rest<isotonic>>
class procal_bin_mean_shift final : public proximity_recalibrator {
 public:
  static constexpr recalibrator_info info{
      .name = "procal_bin_mean_shift",
      .map = "a recalibrator of its own for each bin of proximity, isotonic regression by default",
      .objective = "that of the recalibrator, over the bins",
      .keeps = "what the recalibrator keeps",
      .source = "Xiong et al., NeurIPS 2023",
  };
  static constexpr std::string_view kind = info.name;
  struct options {
    std::size_t bins = 5;             ///< the number of the authors' experiments
    typename R::options method = {};  ///< of the recalibrator of each bin
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("bins", o.bins);
    }
  };

  /// From the inner edges of the bins, ascending, and the recalibrator of each bin, one more than
  /// edges. Throws option_error for edges that are not finite or do not ascend, shape_error for
  /// another number of recalibrators or where they are of different numbers of classes.
  procal_bin_mean_shift(std::vector<double> edges, std::vector<R> of_bin, fit_report report = {})
      : proximity_recalibrator(std::move(report)),
        edges_(std::move(edges)),
        of_bin_(std::move(of_bin)) {
    for (std::size_t i = 0; i < edges_.size(); ++i)
      if (!detail::is_finite(edges_[i]) || (i > 0 && !(edges_[i] > edges_[i - 1])))
        throw option_error(detail::concat("procal_bin_mean_shift(): edge ", edges_[i],
                                          " at position ", i,
                                          "; expected finite edges that ascend"));
    if (of_bin_.size() != edges_.size() + 1)
      throw shape_error(detail::concat("procal_bin_mean_shift(): expected ", edges_.size() + 1,
                                       " recalibrators for ", edges_.size(), " inner edges, got ",
                                       of_bin_.size()));
    for (const R& r : of_bin_)
      if (r.classes() != of_bin_[0].classes())
        throw shape_error(detail::concat(
            "procal_bin_mean_shift(): expected recalibrators of one number of classes, got ",
            of_bin_[0].classes(), " and ", r.classes()));
  }

  /// Fits it to scores, labels and proximities (calibra/recalibration/proximities.hpp), one a
  /// sample. Options that count: `weights`, `ignore_label`, `valid`, `nan`, `renormalise`,
  /// `threads` and `progress`. Throws as fit<R>(), option_error for 0 bins, shape_error for another
  /// number of proximities, and value_error where one is not finite.
  template<wrapped_scores S, class L>
  [[nodiscard]] static procal_bin_mean_shift fit(const S& scores, const L& labels,
                                                 const optional_column<double>& proximity,
                                                 const row_options& o, const options& method) {
    constexpr bool usable = detail::usable_with_proximity<S, L>();
    if constexpr (usable) {
      if (method.bins == 0)
        throw option_error("procal_bin_mean_shift::fit(): expected at least 1 bin, got 0");
      const sample pairs = detail::pairs_with_proximity("procal_bin_mean_shift::fit()", scores,
                                                        labels, proximity, o);
      std::vector<double> edges = edges_of(pairs, method.bins);
      std::vector<double> weights(edges.size() + 1);
      for (std::size_t i = 0; i < pairs.size(); ++i)
        weights[bin_of(edges, pairs.proximities()[i])] += pairs.weight(i);
      std::vector<R> of_bin;
      std::vector<unsigned char> in_bin(proximity.size());
      for (std::size_t b = 0; b < weights.size(); ++b) {
        for (std::size_t i = 0; i < in_bin.size(); ++i)
          in_bin[i] = (!o.valid || o.valid.get()[i] != 0) && bin_of(edges, proximity.get()[i]) == b;
        row_options own = o;
        own.valid = in_bin;
        of_bin.push_back(calibra::fit<R>(scores, labels, own, method.method));
      }
      const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
      detail::joined_report report(S::kind, 1);  // the pass that collected the proximities
      for (std::size_t b = 0; b < of_bin.size(); ++b)
        report.add_pass(of_bin[b].report(), weights[b] / total, "bin ", b);
      return {std::move(edges), std::move(of_bin), std::move(report).made()};
    }
  }
  /// The same with the options as they are by default.
  template<wrapped_scores S, class L>
  [[nodiscard]] static procal_bin_mean_shift fit(const S& scores, const L& labels,
                                                 const optional_column<double>& proximity,
                                                 const row_options& o = {}) {
    return fit(scores, labels, proximity, o, options{});
  }

  /// Where one bin ends and the next begins.
  [[nodiscard]] const std::vector<double>& edges() const noexcept { return edges_; }
  /// The bin of a proximity.
  [[nodiscard]] std::size_t bin(double proximity) const { return bin_of(edges_, proximity); }
  /// That of bin b.
  [[nodiscard]] const R& of_bin(std::size_t b) const { return of_bin_.at(b); }

  void check_takes(std::string_view where, score_kind given, std::size_t cols) const override {
    of_bin_[0].check_takes(where, given, cols);
  }
  [[nodiscard]] std::string_view name() const noexcept override { return kind; }
  [[nodiscard]] std::vector<parameter> parameters() const override { return {{"edges", edges_}}; }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override {
    std::vector<const recalibrator*> all;
    for (const R& r : of_bin_) all.push_back(&r);
    return all;
  }
  static procal_bin_mean_shift from_parameters(const parameter_reader& p) {
    std::vector<R> of_bin;
    for (const auto& part : p.parts()) of_bin.push_back(detail::read_parameters<R>(*part));
    return {p.list("edges"), std::move(of_bin), p.report()};
  }

 protected:
  [[nodiscard]] row_form reads() const noexcept override { return of_bin_[0].reads(); }
  void map_row(double* row, std::size_t k, bool binary, double proximity) const override {
    const R& r = of_bin_[bin(proximity)];
    r.map_rows(row, 1, k);
    detail::to_form(row, 1, k, r.makes(), row_form::probabilities, binary);
  }

 private:
  static std::size_t bin_of(const std::vector<double>& edges, double proximity) {
    return static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), proximity) -
                                    edges.begin());
  }

  /// The inner edges of bins that all hold samples of positive weight.
  static std::vector<double> edges_of(const sample& pairs, std::size_t bins) {
    std::vector<double> sorted;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      if (pairs.weight(i) > 0) sorted.push_back(pairs.proximities()[i]);
    if (sorted.empty()) return {};
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> edges;
    auto below = sorted.begin();
    for (const double edge : detail::inner_quantile_edges(sorted, bins)) {
      const auto end = std::lower_bound(below, sorted.end(), edge);
      if (end == below) continue;
      edges.push_back(edge);
      below = end;
    }
    return edges;
  }

  std::vector<double> edges_;
  std::vector<R> of_bin_;
};

}  // namespace calibra
