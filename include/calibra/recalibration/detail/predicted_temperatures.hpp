// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/recalibration/detail/bracketed_newton.hpp"
#include "calibra/recalibration/detail/temperature_fit.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/tile.hpp"

namespace calibra::detail {

/// The class that a row of logits predicts: the first of its largest.
inline std::size_t predicted_class(const double* z, std::size_t k) {
  return static_cast<std::size_t>(std::max_element(z, z + k) - z);
}

/// The NLL of softmax(beta z) and its derivatives, summed over the samples that predict a class.
struct predicted_sums {
  compensated_sum nll, gradient, curvature, weight;
  bool beaten = false;  ///< a label has not the largest logit: there is an optimum above T = 0

  predicted_sums& operator+=(const predicted_sums& more) {
    nll += more.nll;
    gradient += more.gradient;
    curvature += more.curvature;
    weight += more.weight;
    beaten = beaten || more.beaten;
    return *this;
  }
  slope means(double beta) const {
    const double n = weight.value();
    return {.at = beta,
            .value = nll.value() / n,
            .gradient = gradient.value() / n,
            .curvature = curvature.value() / n,
            .noise = 0};
  }
};

/// One pass: the sums of each predicted class c at beta[c]; classes of beta 0 are left out.
inline std::vector<predicted_sums> predicted_nll(const class_samples& samples,
                                                 const std::vector<double>& beta) {
  struct alignas(interference_size) work {
    std::vector<predicted_sums> sums;
    std::vector<double> scaled, max, sum, first, second;
    std::vector<std::size_t> row, predicted;
  };
  const std::size_t k = samples.classes();
  const row_kernels<double>& kernels = kernels_for<double>(best_isa());
  std::vector<work> parts(samples.parts());
  parts[0].sums.resize(k);
  samples.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
    work& s = parts[part];
    s.sums.resize(k);
    s.row.clear();
    s.predicted.clear();
    s.scaled.clear();
    for (std::size_t i = 0; i < block.size; ++i) {
      const double* z = block.row(i);
      const std::size_t c = predicted_class(z, k);
      if (block.weight_of(i) == 0 || beta[c] == 0) continue;
      s.row.push_back(i);
      s.predicted.push_back(c);
      const std::size_t at = s.scaled.size();
      s.scaled.resize(at + k);
      for (std::size_t j = 0; j < k; ++j) s.scaled[at + j] = beta[c] * (z[j] - z[c]);
    }
    const std::size_t n = s.row.size();
    for (std::vector<double>* of : {&s.max, &s.sum, &s.first, &s.second}) of->resize(n);
    row_sums<double> out;  // sums of e, e u and e u^2, u = beta (z - max), e = exp(u)
    out.max = s.max.data();
    out.sum = s.sum.data();
    out.second = s.first.data();
    out.third = s.second.data();
    if (n != 0)
      kernels.tempered({s.scaled.data(), static_cast<std::ptrdiff_t>(k), true, n, k}, 1, out);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t c = s.predicted[i], row = s.row[i];
      const double w = block.weight_of(row), b = beta[c];
      const double label = s.scaled[i * k + static_cast<std::size_t>(block.label[row])];
      const double mean = s.first[i] / s.sum[i];
      predicted_sums& of = s.sums[c];
      of.nll += w * (std::log(s.sum[i]) - label);
      of.gradient += w * ((mean - label) / b);
      of.curvature += w * std::max(0.0, (s.second[i] / s.sum[i] - mean * mean) / (b * b));
      of.weight += w;
      of.beaten = of.beaten || label < 0;
    }
  });
  for (std::size_t part = 1; part < parts.size(); ++part)
    for (std::size_t c = 0; c < parts[part].sums.size(); ++c)
      parts[0].sums[c] += parts[part].sums[c];
  return std::move(parts[0].sums);
}

/// What became of the search for each class.
struct predicted_betas {
  std::vector<double> beta;  ///< 1 / T
  std::size_t unpredicted = 0;
  std::size_t without_optimum = 0;
  std::size_t at_bound = 0;  ///< T = 1024
  std::size_t unfinished = 0;
};

/// The 1 / T of maximum likelihood for all samples, then, from there, that of the samples that
/// predict each class, all classes in the same passes. Classes without an optimum, or without
/// samples, take that of all. Fills the counts, objectives and gradient of the report.
inline predicted_betas fit_predicted_betas(const class_samples& samples, std::size_t max_iterations,
                                           fit_report& report) {
  const std::size_t k = samples.classes();
  newton_rules rules{.lower = 1 / hottest, .upper = hottest};
  rules.evaluations = max_iterations;

  std::vector<predicted_sums> sums;
  double at = 1;
  const auto everywhere = [&](double beta) {
    at = beta;
    sums = predicted_nll(samples, std::vector<double>(k, beta));
    ++report.iterations;
    predicted_sums all;
    for (const predicted_sums& of : sums) all += of;
    return all.means(beta);
  };
  const slope one = everywhere(1);
  report.objective_before = one.value;
  const bool beaten =
      std::any_of(sums.begin(), sums.end(), [](const predicted_sums& of) { return of.beaten; });
  const bracketed_newton search(everywhere, rules);
  const newton_result global = beaten ? search.run(1, one) : search.plateau(1);
  const double shared = global.end == newton_end::flat ? 1 : global.x;

  predicted_betas found;
  std::vector<stepwise_newton> searches;
  for (const predicted_sums& of : sums) {
    const bool any = of.weight.value() > 0;
    searches.push_back(of.beaten ? stepwise_newton(rules, shared, of.means(at))
                                 : stepwise_newton::plateau(rules, shared));
    if (!any) ++found.unpredicted;
  }
  const auto predicted = [&](std::size_t c) { return sums[c].weight.value() > 0; };
  for (;;) {
    std::vector<double> beta(k, 0.0);
    bool any = false;
    for (std::size_t c = 0; c < k; ++c) {
      if (!predicted(c) || searches[c].ended()) continue;
      beta[c] = searches[c].at();
      any = true;
    }
    if (!any) break;
    const std::vector<predicted_sums> now = predicted_nll(samples, beta);
    ++report.iterations;
    for (std::size_t c = 0; c < k; ++c)
      if (beta[c] != 0) searches[c].take(now[c].means(beta[c]));
  }
  found.beta.assign(k, shared);
  std::vector<bool> own(k, false);
  for (std::size_t c = 0; c < k; ++c) {
    if (!predicted(c)) continue;
    const newton_result& r = searches[c].result();
    if (r.end == newton_end::at_upper || r.end == newton_end::flat) {
      ++found.without_optimum;
      continue;
    }
    found.beta[c] = r.x;
    own[c] = r.end == newton_end::converged || r.end == newton_end::gave_up;
    if (r.end == newton_end::at_lower) ++found.at_bound;
    if (r.end == newton_end::gave_up) ++found.unfinished;
  }
  const std::vector<predicted_sums> last = predicted_nll(samples, found.beta);
  ++report.iterations;
  compensated_sum nll;
  report.gradient = 0;
  for (std::size_t c = 0; c < k; ++c) {
    nll += last[c].nll;
    if (own[c])
      report.gradient =
          std::max(report.gradient, std::abs(last[c].gradient.value()) / samples.weight());
  }
  report.objective_after = nll.value() / samples.weight();
  report.passes = report.iterations + 1;  // and that which checked the input
  return found;
}

}  // namespace calibra::detail
