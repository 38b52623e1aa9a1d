// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/remote_sums.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/detail/simplex_quadratic.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// Ensemble temperature scaling: w_0 softmax(z / T) + w_1 softmax(z) + w_2 / K, with w >= 0 that
/// sum to 1. T in [0.05, 5] minimises the Brier score of softmax(z / T), then w that of the
/// mixture.
///
/// Scores: N x K; of probabilities z = log p, clipped at that of the least normal float; a masked
/// class (-inf) is taken as 700 below its row's largest.
/// Certificate: the objective is the Brier score. The weights are its exact optimum given T, a
/// quadratic programme of three variables. The Brier score is not convex in T: 33 temperatures,
/// evenly spaced in log T, are tried, and the best is refined to where its slope is 0; `gradient`
/// is that slope, in log T, or 0 at an end of the range.
/// No samples: nothing is changed.
/// Cost: O(N K) a pass, some ten passes, the first of 33 exponentials a number. Keeps: the order of
/// the classes, so the prediction. Fits of two data sets cannot be merged.
/// Source: Zhang, Kailkhura and Han, "Mix-n-Match", ICML 2020, section 3.2.
class ets final : public detail::recalibrator_of<ets> {
 public:
  static constexpr recalibrator_info info{
      .name = "ets",
      .map = "w_0 softmax(z / T) + w_1 softmax(z) + w_2 / K",
      .objective = "brier",
      .keeps = "the order of the classes, so the prediction",
      .source = "Zhang, Kailkhura and Han, ICML 2020",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::probabilities;
  struct options {};

  /// Throws value_error unless T is finite and positive and the weights are not negative and sum to
  /// 1 within 1e-9.
  ets(double temperature, std::array<double, 3> weights, std::size_t classes,
      fit_report report = {})
      : recalibrator_of(classes, std::move(report)), temperature_(temperature), weights_(weights) {
    const double sum = weights[0] + weights[1] + weights[2];
    if (!(temperature > 0) || !detail::is_finite(temperature) || !(weights[0] >= 0) ||
        !(weights[1] >= 0) || !(weights[2] >= 0) || !(std::abs(sum - 1) <= 1e-9))
      throw value_error(detail::concat(
          "ets(): expected a finite temperature > 0 and weights >= 0 that sum to 1, got ",
          temperature, " and ", weights[0], ", ", weights[1], ", ", weights[2]));
  }

  static ets fit(const class_samples& samples, const options&) {
    const std::size_t k = samples.classes();
    fit_report report;
    report.fitted_on = samples.kind();
    if (!(samples.weight() > 0)) {
      report.note = detail::nothing_to_fit;
      return {1, {0, 1, 0}, k, std::move(report)};
    }
    const double t = best_temperature(samples, report);
    const moments m = moments_at(samples, t);
    report.passes += 2;
    const std::array<double, 3> w = detail::minimise_on_simplex(m.gram, m.hit);
    report.objective_before = 1 - 2 * m.hit[1] + m.gram[1][1];
    report.objective_after = m.brier(w);
    report.converged = true;
    report.note.clear();
    return {t, w, k, std::move(report)};
  }

  [[nodiscard]] double temperature() const noexcept { return temperature_; }
  [[nodiscard]] const std::array<double, 3>& weights() const noexcept { return weights_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    std::vector<double> scaled(k);
    const double least = weights_[2] / static_cast<double>(k);
    for (std::size_t i = 0; i < n; ++i, rows += k) {
      for (std::size_t j = 0; j < k; ++j) scaled[j] = rows[j] / temperature_;
      detail::softmax_row(scaled.data(), k);
      detail::softmax_row(rows, k);
      for (std::size_t j = 0; j < k; ++j)
        rows[j] = weights_[0] * scaled[j] + weights_[1] * rows[j] + least;
    }
  }
  [[nodiscard]] std::optional<detail::row_formula> formula() const override {
    return detail::row_formula{.mixed = {{temperature_, weights_}}};
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"temperature", {temperature_}, true},
            {"weights", {weights_[0], weights_[1], weights_[2]}},
            {"classes", {static_cast<double>(classes())}, true}};
  }
  /// Throws value_error for another number of weights.
  static ets from_parameters(const parameter_reader& p) {
    const std::vector<double> w = p.list("weights");
    const double k = p.number("classes");
    if (w.size() != 3 || !(k >= 0 && k <= 1e9) || k != std::floor(k))
      throw value_error(detail::concat("ets: expected 3 weights and a number of classes, got ",
                                       w.size(), " weights and ", k));
    return {p.number("temperature"), {w[0], w[1], w[2]}, static_cast<std::size_t>(k), p.report()};
  }

 private:
  static constexpr double coldest = 0.05, hottest = 5;

  /// Means over the samples of products of softmax(z / T), softmax(z) and 1 / K, and of what each
  /// gives the label.
  struct moments {
    std::array<std::array<double, 3>, 3> gram{};
    std::array<double, 3> hit{};

    double brier(const std::array<double, 3>& w) const {
      double b = 1;
      for (std::size_t i = 0; i < 3; ++i) {
        b -= 2 * w[i] * hit[i];
        for (std::size_t j = 0; j < 3; ++j) b += w[i] * w[j] * gram[i][j];
      }
      return b;
    }
  };

  static moments moments_at(const class_samples& samples, double t) {
    const detail::remote_sums* remote = samples.remote();
    const std::vector<double> s = remote != nullptr ? remote->mixture(t) : mixture_sums(samples, t);
    moments m;
    const double n = samples.weight(), even = 1 / static_cast<double>(samples.classes());
    m.gram[0] = {s[0] / n, s[1] / n, even};
    m.gram[1] = {s[1] / n, s[2] / n, even};
    m.gram[2] = {even, even, even};
    m.hit = {s[3] / n, s[4] / n, even};
    return m;
  }
  /// Of q = softmax(z / T) and p = softmax(z): sums of q q, q p, p p, q_y and p_y.
  static std::vector<double> mixture_sums(const class_samples& samples, double t) {
    const std::size_t k = samples.classes();
    constexpr std::size_t count = 5;
    std::vector<double> parts(samples.parts() * count);
    std::vector<std::vector<double>> scratch(samples.parts());
    samples.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
      double* sums = parts.data() + part * count;
      scratch[part].resize(2 * k);
      double* hot = scratch[part].data();
      double* plain = hot + k;
      for (std::size_t i = 0; i < block.size; ++i) {
        const double w = block.weight_of(i);
        if (w == 0) continue;
        const double* z = block.row(i);
        for (std::size_t j = 0; j < k; ++j) hot[j] = z[j] / t;
        std::copy_n(z, k, plain);
        detail::softmax_row(hot, k);
        detail::softmax_row(plain, k);
        double hh = 0, hp = 0, pp = 0;
        for (std::size_t j = 0; j < k; ++j) {
          hh += hot[j] * hot[j];
          hp += hot[j] * plain[j];
          pp += plain[j] * plain[j];
        }
        const auto y = static_cast<std::size_t>(block.label[i]);
        const double of_row[count] = {hh, hp, pp, hot[y], plain[y]};
        for (std::size_t j = 0; j < count; ++j) sums[j] += w * of_row[j];
      }
    });
    for (std::size_t i = count; i < parts.size(); ++i) parts[i % count] += parts[i];
    parts.resize(count);
    return parts;
  }

  struct brier_slope {
    double value = 0, slope = 0;  ///< in log T
  };
  /// The Brier score of softmax(z / T) and its slope, at several temperatures in one pass.
  static std::vector<brier_slope> brier_at(const class_samples& samples,
                                           const std::vector<double>& temperatures) {
    const detail::remote_sums* remote = samples.remote();
    const std::vector<double> s =
        remote != nullptr ? remote->brier(temperatures) : brier_sums(samples, temperatures);
    const double n = samples.weight();
    std::vector<brier_slope> all;
    for (std::size_t i = 0; i < s.size(); i += 2) all.push_back({s[i] / n, s[i + 1] / n});
    return all;
  }
  static std::vector<double> brier_sums(const class_samples& samples,
                                        const std::vector<double>& temperatures) {
    const std::size_t k = samples.classes(), count = 2 * temperatures.size();
    std::vector<std::vector<double>> parts(samples.parts(), std::vector<double>(count));
    std::vector<std::vector<double>> scratch(samples.parts());
    samples.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
      scratch[part].resize(k);
      double* q = scratch[part].data();
      for (std::size_t i = 0; i < block.size; ++i) {
        const double w = block.weight_of(i);
        if (w == 0) continue;
        const double* z = block.row(i);
        const auto y = static_cast<std::size_t>(block.label[i]);
        for (std::size_t m = 0; m < temperatures.size(); ++m) {
          const double t = temperatures[m];
          for (std::size_t j = 0; j < k; ++j) q[j] = z[j] / t;
          detail::softmax_row(q, k);
          double square = 0, mean = 0, moved = 0;  // sums of q^2, q u and q^2 u, u = z / T
          for (std::size_t j = 0; j < k; ++j) {
            const double qu = q[j] * z[j] / t;
            square += q[j] * q[j];
            mean += qu;
            moved += q[j] * qu;
          }
          // dq_j / dlog T = -q_j (u_j - mean)
          parts[part][2 * m] += w * (square - 2 * q[y] + 1);
          parts[part][2 * m + 1] += w * 2 * (q[y] * (z[y] / t - mean) - (moved - square * mean));
        }
      }
    });
    for (std::size_t part = 1; part < parts.size(); ++part)
      for (std::size_t i = 0; i < count; ++i) parts[0][i] += parts[part][i];
    return std::move(parts[0]);
  }

  static double best_temperature(const class_samples& samples, fit_report& report) {
    constexpr std::size_t tried = 33;
    std::vector<double> t(tried);
    for (std::size_t m = 0; m < tried; ++m)
      t[m] = coldest * std::pow(hottest / coldest, static_cast<double>(m) / (tried - 1));
    const std::vector<brier_slope> at = brier_at(samples, t);
    std::size_t best = 0;
    for (std::size_t m = 1; m < tried; ++m)
      if (at[m].value < at[best].value) best = m;
    report.passes = 1;
    report.iterations = tried;
    // The slope changes its sign between the best and its neighbour downhill.
    const bool falls = at[best].slope < 0;
    const bool at_end = falls ? best + 1 == tried : best == 0;
    report.gradient = 0;
    if (at_end || at[best].slope == 0) return t[best];
    std::size_t other = falls ? best + 1 : best - 1;
    double a = std::log(t[best]), b = std::log(t[other]);
    double slope_a = at[best].slope, slope_b = at[other].slope;
    report.gradient = std::abs(slope_a);
    if ((slope_a < 0) == (slope_b < 0)) return t[best];
    // The method of false position, Illinois' form.
    int side = 0;
    double x = a;
    for (int step = 0; step < 60; ++step) {
      x = (slope_a * b - slope_b * a) / (slope_a - slope_b);
      const double slope = brier_at(samples, {std::exp(x)})[0].slope;
      ++report.passes;
      ++report.iterations;
      report.gradient = std::abs(slope);
      if (std::abs(slope) <= 1e-13 || std::abs(a - b) <= 1e-12) break;
      if ((slope < 0) == (slope_b < 0)) {
        b = x;
        slope_b = slope;
        if (side == -1) slope_a /= 2;
        side = -1;
      } else {
        a = x;
        slope_a = slope;
        if (side == 1) slope_b /= 2;
        side = 1;
      }
    }
    return std::exp(x);
  }

  double temperature_;
  std::array<double, 3> weights_;
};

}  // namespace calibra
