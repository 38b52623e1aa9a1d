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
#include "calibra/recalibration/detail/remote_sums.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/fit_kernels.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_kernels.hpp"

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

  /// Rows of logits into rows of log p'; `out` may be `rows`.
  template<class T>
  void map_rows(const T* rows, std::size_t n, std::size_t k, T* out) const {
    const fit_kernels<T>& kernels = fit_kernels_for<T>(best_isa());
    const double least = share_ / static_cast<double>(k);
    for (std::size_t i = 0; i < n; ++i, rows += k, out += k) {
      const T max = kernels.max_row(rows, k);
      const double sum = kernels.exp_sum_row(rows, k, static_cast<T>(beta_), max, out);
      kernels.log_row(out, k, static_cast<T>((1 - share_) / sum), static_cast<T>(least),
                      static_cast<T>(least_probability), out);
    }
  }

 private:
  double beta_, share_;
};

/// Mean NLL of softmax(beta z) with its slope and curvature in beta.
class tempered_nll {
 public:
  explicit tempered_nll(const class_samples& samples) : samples_(samples) {}

  slope at(double beta, bool single) const {
    if (const remote_sums* remote = samples_.remote()) {
      const std::vector<double> s = remote->tempered(beta, single);
      return means(beta, s[0], s[1], s[2]);
    }
    std::vector<sums> parts(samples_.parts());
    if (single)
      samples_.walk_single(row_form::logits,
                           [&](std::size_t part, const class_block_of<float>& block) {
                             parts[part].add(block, beta);
                           });
    else
      samples_.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
        parts[part].add(block, beta);
      });
    for (std::size_t part = 1; part < parts.size(); ++part) parts[0] += parts[part];
    return means(beta, parts[0].nll.value(), parts[0].slope.value(), parts[0].curvature.value());
  }

 private:
  slope means(double beta, double nll, double slope, double curvature) const {
    const double n = samples_.weight();
    return {.at = beta,
            .value = nll / n,
            .gradient = slope / n,
            .curvature = curvature / n,
            .noise = 0};
  }

  struct alignas(interference_size) sums {
    compensated_sum nll, slope, curvature;
    std::vector<double> sum, first, second;

    template<class T>
    void add(const class_block_of<T>& block, double beta) {
      std::vector<T> max(block.size);
      for (auto* v : {&sum, &first, &second}) v->resize(std::max(v->size(), block.size));
      row_sums<T> out;
      out.max = max.data();
      out.sum = sum.data();
      out.second = first.data();
      out.third = second.data();
      const auto k = static_cast<std::ptrdiff_t>(block.classes);
      kernels_for<T>(best_isa())
          .tempered({block.rows, k, true, block.size, block.classes}, beta, out);
      for (std::size_t i = 0; i < block.size; ++i) {
        const double w = block.weight_of(i);
        if (w == 0) continue;
        const double label =  // below the largest
            static_cast<double>(block.row(i)[block.label[i]]) - static_cast<double>(max[i]);
        const double mean = first[i] / sum[i];
        nll += w * (std::log(sum[i]) - beta * label);
        slope += w * (mean - label);
        curvature += w * std::max(0.0, second[i] / sum[i] - mean * mean);
      }
    }
    void operator+=(const sums& other) {
      nll += other.nll;
      slope += other.slope;
      curvature += other.curvature;
    }
  };

  const class_samples& samples_;
};

/// The beta of maximum likelihood, as temperature scaling's 1 / T, and the share of n samples.
/// Fills the objective before: the mean NLL of the logits as they came.
inline mixed_temperature fit_mixed_temperature(const class_samples& samples, fit_report& report) {
  const tempered_nll nll(samples);
  constexpr double farthest = 8886110.5;  // e^16
  newton_rules rules{.lower = 1 / farthest, .upper = farthest};
  const auto search = [&](double start, bool single, double tolerance) {
    const auto at = [&](double beta) {
      ++report.passes;
      ++report.iterations;
      const slope found = nll.at(beta, single);
      if (beta == 1 && is_nan(report.objective_before)) report.objective_before = found.value;
      return found;
    };
    rules.tolerance = tolerance;
    return bracketed_newton(at, rules).run(start).x;
  };
  const bool single = samples.single_will_do(1);
  const double beta = search(1, single, single ? 1e-6 : 1e-9);
  ++report.passes;  // that which checked the input
  return {"mixed_temperature()", beta, 1 / (samples.weight() + 1)};
}

}  // namespace calibra::detail
