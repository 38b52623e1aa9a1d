// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/affine.hpp"
#include "calibra/recalibration/detail/equal_weight.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/step_map.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Scaling-binning: a scaling g is fitted, here Platt's (see affine), the samples are cut into B
/// bins of equal weight by g, and P(y = 1) is the mean of g in the score's bin. As g is monotone,
/// bins of g are bins of the logit x: (lower, upper], cut half way between neighbouring samples.
///
/// The paper fits g, cuts the bins and takes the means on three parts of the samples. Here each of
/// the three takes all of them.
/// Scores: binary; of probabilities x = log(p / (1 - p)), clipped as for affine. For N x K:
/// one_against_rest<scaling_binning>. Equal scores are one block; a block lies in the bin in which
/// the middle of its weight lies, and bins without one are left out.
/// Options: bins, B; smooth_targets, affine's. Certificate: the mean squared error before and
/// after, which is not what it minimises; whether g converged, its slope and iterations are those
/// of affine. No samples: 1/2. Cost: that of affine, and O(n log n) to sort, 16 bytes a sample;
/// O(log B) a number to map. Weights count as repetition. Keeps: the order, up to ties, where the
/// slope of g is positive. Throws option_error for 0 bins. Source: Kumar, Liang and Ma, "Verified
/// uncertainty calibration", NeurIPS 2019, section 4.
class scaling_binning final : public detail::recalibrator_of<scaling_binning> {
 public:
  static constexpr recalibrator_info info{
      .name = "scaling_binning",
      .map = "the mean of Platt's scaling in the bin, bins of equally many samples",
      .objective = "squared error",
      .keeps = "the order of the scores, up to ties, where the slope is positive",
      .source = "Kumar, Liang and Ma, NeurIPS 2019",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::binary;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::probabilities;
  struct options {
    std::size_t bins = 10;
    bool smooth_targets = true;  ///< of g
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("bins", o.bins);
      f("smooth_targets", o.smooth_targets);
    }
  };

  /// From the logits at which bins end, and the value of each bin: one more. Throws value_error
  /// unless the cuts are finite and ascend strictly and the values are in [0, 1].
  scaling_binning(std::vector<double> cuts, std::vector<double> values, fit_report report = {})
      : recalibrator_of(1, std::move(report)), cuts_(std::move(cuts)), values_(std::move(values)) {
    if (values_.size() != cuts_.size() + 1)
      throw value_error(detail::concat("scaling_binning(): expected ", cuts_.size() + 1,
                                       " values to match ", cuts_.size(), " cuts, got ",
                                       values_.size()));
    for (std::size_t b = 0; b < values_.size(); ++b) {
      if (!(values_[b] >= 0 && values_[b] <= 1))
        throw value_error(detail::concat("scaling_binning(): value ", values_[b], " of bin ", b,
                                         " is not in [0, 1]"));
      if (b < cuts_.size() &&
          (!detail::is_finite(cuts_[b]) || (b != 0 && !(cuts_[b - 1] < cuts_[b]))))
        throw value_error(detail::concat("scaling_binning(): cut ", cuts_[b], " number ", b,
                                         " is not finite, or not above the one before"));
    }
  }

  static scaling_binning fit(const binary_samples& samples, const options& o) {
    detail::check_bins("scaling_binning::fit()", o.bins);
    const affine g = affine::fit(samples, {.smooth_targets = o.smooth_targets});
    const std::vector<block> blocks = tied(samples);
    std::vector<double> cuts, values;
    if (!blocks.empty()) {
      std::vector<double> before{0};
      for (const block& b : blocks) before.push_back(before.back() + b.weight);
      const std::vector<std::size_t> starts = detail::equal_weight_starts(before, o.bins);
      for (std::size_t b = 0; b < starts.size(); ++b) {
        const std::size_t end = b + 1 < starts.size() ? starts[b + 1] : blocks.size();
        if (b != 0)
          cuts.push_back(detail::cut_between(blocks[starts[b] - 1].x, blocks[starts[b]].x));
        double sum = 0, weight = 0;
        for (std::size_t i = starts[b]; i < end; ++i) {
          sum += blocks[i].weight * detail::sigmoid(g(blocks[i].x));
          weight += blocks[i].weight;
        }
        values.push_back(std::min(sum / weight, 1.0));
      }
    } else {
      values.push_back(0.5);
    }
    scaling_binning made(std::move(cuts), std::move(values));
    made.set_report(report_of(samples, g.report(), made));
    return made;
  }

  [[nodiscard]] const std::vector<double>& cuts() const noexcept { return cuts_; }
  [[nodiscard]] const std::vector<double>& values() const noexcept { return values_; }

  /// The map itself: the probability of a logit.
  [[nodiscard]] double operator()(double x) const {
    const auto at = std::lower_bound(cuts_.begin(), cuts_.end(), x);
    return values_[static_cast<std::size_t>(at - cuts_.begin())];
  }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (std::size_t i = 0; i < n * k; ++i) rows[i] = (*this)(rows[i]);
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"cuts", cuts_}, {"values", values_}};
  }
  static scaling_binning from_parameters(const parameter_reader& p) {
    return {p.list("cuts"), p.list("values"), p.report()};
  }

 private:
  struct block {
    double x, weight;
  };
  /// Samples of equal logit as one block each, ascending.
  static std::vector<block> tied(const binary_samples& samples) {
    std::vector<block> all, blocks;
    for (std::size_t i = 0; i < samples.size(); ++i)
      if (samples.pairs.weight(i) > 0) all.push_back({samples.logit(i), samples.pairs.weight(i)});
    std::sort(all.begin(), all.end(), [](const block& a, const block& b) {
      return a.x < b.x || (a.x == b.x && a.weight < b.weight);
    });
    for (const block& b : all) {
      if (!blocks.empty() && blocks.back().x == b.x)
        blocks.back().weight += b.weight;
      else
        blocks.push_back(b);
    }
    return blocks;
  }

  static fit_report report_of(const binary_samples& samples, fit_report report,
                              const scaling_binning& map) {
    detail::compensated_sum before, after, weight;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double w = samples.pairs.weight(i), y = samples.pairs.hit(i) ? 1 : 0;
      const double p = samples.pairs.confidence(i) - y, q = map(samples.logit(i)) - y;
      before += w * p * p;
      after += w * q * q;
      weight += w;
    }
    report.passes = 1;
    if (!(weight.value() > 0)) {
      report.note = "no samples with a weight";
      return report;
    }
    report.objective_before = before.value() / weight.value();
    report.objective_after = after.value() / weight.value();
    return report;
  }

  std::vector<double> cuts_, values_;
};

}  // namespace calibra
