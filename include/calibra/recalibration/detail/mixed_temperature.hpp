// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/bracketed_newton.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra::detail {

/// log p' of p' = (1 - share) softmax(beta z) + share / K.
class mixed_temperature {
 public:
  /// Throws value_error unless beta is finite and positive and 0 <= share <= 1.
  mixed_temperature(std::string_view where, double beta, double share)
      : beta_(beta), share_(share) {
    if (!(beta > 0) || !is_finite(beta) || !(share >= 0 && share <= 1))
      throw value_error(concat(where, ": expected a finite beta > 0 and a share in [0, 1], got ",
                               beta, " and ", share));
  }

  double beta() const noexcept { return beta_; }
  double share() const noexcept { return share_; }

  /// Rows of logits into rows of log p', in place.
  void map_rows(double* rows, std::size_t n, std::size_t k) const {
    const double least = share_ / static_cast<double>(k);
    for (std::size_t i = 0; i < n; ++i, rows += k) {
      for (std::size_t j = 0; j < k; ++j) rows[j] *= beta_;
      softmax_row(rows, k);
      for (std::size_t j = 0; j < k; ++j) rows[j] = clipped_log((1 - share_) * rows[j] + least);
    }
  }

 private:
  double beta_, share_;
};

/// The beta of maximum likelihood, as temperature scaling's 1 / T, and the share of n samples.
/// Fills the objective before: the mean NLL of the logits as they came.
inline mixed_temperature fit_mixed_temperature(const class_samples& samples, fit_report& report) {
  struct sums {
    compensated_sum nll, slope, curvature;
  };
  const double n = samples.weight();
  const auto at = [&](double beta) {
    std::vector<sums> parts(samples.parts());
    std::vector<std::vector<double>> rows(samples.parts());
    samples.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
      std::vector<double>& p = rows[part];
      p.resize(block.classes);
      for (std::size_t i = 0; i < block.size; ++i) {
        const double w = block.weight_of(i);
        if (w == 0) continue;
        const double* z = block.row(i);
        for (std::size_t j = 0; j < block.classes; ++j) p[j] = beta * z[j];
        const double lse = softmax_row(p.data(), block.classes);
        const double label = z[static_cast<std::size_t>(block.label[i])];
        double mean = 0, square = 0;  // of z - z_y
        for (std::size_t j = 0; j < block.classes; ++j) {
          mean += p[j] * (z[j] - label);
          square += p[j] * (z[j] - label) * (z[j] - label);
        }
        parts[part].nll += w * (lse - beta * label);
        parts[part].slope += w * mean;
        parts[part].curvature += w * std::max(0.0, square - mean * mean);
      }
    });
    for (std::size_t part = 1; part < parts.size(); ++part) {
      parts[0].nll += parts[part].nll;
      parts[0].slope += parts[part].slope;
      parts[0].curvature += parts[part].curvature;
    }
    ++report.passes;
    return slope{.at = beta,
                 .value = parts[0].nll.value() / n,
                 .gradient = parts[0].slope.value() / n,
                 .curvature = parts[0].curvature.value() / n,
                 .noise = 0};
  };
  const slope one = at(1.0);
  report.objective_before = one.value;
  constexpr double farthest = 8886110.5;  // e^16
  newton_rules rules{.lower = 1 / farthest, .upper = farthest};
  rules.tolerance = 1e-9;
  bracketed_newton search(at, rules);
  const newton_result found = search.run(1.0, one);
  report.iterations += found.evaluations + 1;
  ++report.passes;  // that which checked the input
  return {"mixed_temperature()", found.x, 1 / (n + 1)};
}

}  // namespace calibra::detail
