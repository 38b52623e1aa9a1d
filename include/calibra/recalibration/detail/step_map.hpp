// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/recalibration/detail/closed_form.hpp"
#include "calibra/recalibration/detail/pool_adjacent.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/table/binning.hpp"

namespace calibra::detail {

/// A map of P(y = 1) that is constant in each bin (lower, upper], 0 in the first: what histograms
/// share.
template<class D>
class step_map : public binary_map<D, row_form::probabilities> {
 public:
  /// From edges that ascend and cover [0, 1], and the value of each bin between them. Throws
  /// option_error for other edges, value_error for another number of values and values outside
  /// [0, 1].
  step_map(std::vector<double> edges, std::vector<double> values, fit_report report = {})
      : binary_map<D, row_form::probabilities>(std::move(report)),
        bins_(binning::from_edges(std::move(edges))),
        values_(std::move(values)) {
    if (values_.size() != bins_.size())
      throw value_error(concat(D::kind, "(): expected ", bins_.size(), " values to match ",
                               bins_.size(), " bins, got ", values_.size()));
    for (std::size_t b = 0; b < values_.size(); ++b)
      if (!(values_[b] >= 0 && values_[b] <= 1))
        throw value_error(
            concat(D::kind, "(): value ", values_[b], " of bin ", b, " is not in [0, 1]"));
  }

  [[nodiscard]] const std::vector<double>& edges() const noexcept { return bins_.edges(); }
  [[nodiscard]] const std::vector<double>& values() const noexcept { return values_; }
  /// The map itself.
  [[nodiscard]] double operator()(double p) const {
    return values_[static_cast<std::size_t>(bins_.index(p))];
  }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"edges", edges()}, {"values", values_}};
  }
  static D from_parameters(const parameter_reader& p) {
    return D(p.list("edges"), p.list("values"), p.report());
  }

 protected:
  static D with_report(const binary_samples& samples, D made) {
    return with_report(samples, tied_blocks(samples.pairs), std::move(made));
  }
  static D with_report(const binary_samples& samples, const std::vector<pooled_block>& tied,
                       D made) {
    made.set_report(
        closed_form_report(samples, tied, [&](std::size_t i) { return made(tied[i].first); }));
    return made;
  }

 private:
  binning bins_;
  std::vector<double> values_;
};

/// The hit rate of each bin; of an empty one its middle.
inline std::vector<double> bin_values(const reliability_table& table) {
  std::vector<double> values;
  for (const reliability_bin& b : table)
    values.push_back(b.weight > 0 ? b.accuracy : (b.lower + b.upper) / 2);
  return values;
}

/// Without the samples of weight 0.
inline sample weighted_pairs(const sample& pairs) {
  sample kept(pairs.precision());
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (pairs.weight(i) > 0)
      kept.push_back(pairs.confidence(i), pairs.hit(i), pairs.weight_if_any(i));
  return kept;
}

inline void check_bins(std::string_view where, std::size_t bins) {
  constexpr std::size_t most = 1000000;
  if (bins < 1) throw option_error(concat(where, ": expected at least 1 bin, got 0"));
  if (bins > most)
    throw option_error(concat(where, ": expected at most ", most, " bins, got ", bins));
}

}  // namespace calibra::detail
