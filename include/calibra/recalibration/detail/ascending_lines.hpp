// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/recalibration/detail/bounded_newton.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/parallel.hpp"

// A function of how far a logit lies below the largest of its row, 0 at 0, linear between knots.
namespace calibra::detail {

/// f(gap) for the slopes of the segments between 0, the knots and infinity.
class ascending_lines {
 public:
  ascending_lines(const std::vector<double>& knots, const std::vector<double>& slopes)
      : knots_(knots), slopes_(slopes), start_{0}, value_{0} {
    for (std::size_t s = 0; s < knots.size(); ++s) {
      value_.push_back(value_[s] + slopes[s] * (knots[s] - start_[s]));
      start_.push_back(knots[s]);
    }
  }

  /// The segment that holds a gap.
  std::size_t segment(double gap) const {
    std::size_t s = 0;
    for (const double knot : knots_) s += gap > knot ? 1U : 0U;
    return s;
  }
  double start(std::size_t segment) const { return start_[segment]; }
  double at(double gap, std::size_t segment) const {
    return value_[segment] + slopes_[segment] * (gap - start_[segment]);
  }
  double operator()(double gap) const { return at(gap, segment(gap)); }

 private:
  const std::vector<double>& knots_;
  const std::vector<double>& slopes_;
  std::vector<double> start_, value_;  // where each segment starts, and f there
};

/// The mean NLL of softmax(-f(max z - z)) over the samples, a convex function of the slopes of f.
class ascending_lines_nll {
 public:
  ascending_lines_nll(const class_samples& samples, std::vector<double> knots)
      : samples_(samples), knots_(std::move(knots)) {}

  const std::vector<double>& knots() const { return knots_; }

  dense_point operator()(const std::vector<double>& slopes) const {
    bool beaten = false;
    return at(slopes, beaten);
  }
  /// The same; `beaten` says whether a label has not the largest logit of its row.
  dense_point at(const std::vector<double>& slopes, bool& beaten) const {
    const std::size_t n = slopes.size(), k = samples_.classes();
    const ascending_lines f(knots_, slopes);
    std::vector<work> parts(samples_.parts());
    parts[0].prepare(n, k);
    samples_.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
      work& s = parts[part];
      s.prepare(n, k);
      for (std::size_t i = 0; i < block.size; ++i)
        if (block.weight_of(i) != 0)
          add(s, f, block.row(i), static_cast<std::size_t>(block.label[i]), block.weight_of(i), k);
    });
    for (std::size_t part = 1; part < parts.size(); ++part) {
      if (parts[part].gradient.empty()) continue;
      parts[0].value += parts[part].value;
      for (std::size_t j = 0; j < n; ++j) parts[0].gradient[j] += parts[part].gradient[j];
      for (std::size_t j = 0; j < n * n; ++j) parts[0].curvature[j] += parts[part].curvature[j];
    }
    beaten = std::any_of(parts.begin(), parts.end(), [](const work& s) { return s.beaten; });
    const double total = samples_.weight();
    dense_point out{parts[0].value.value() / total, std::vector<double>(n),
                    std::vector<double>(n * n)};
    for (std::size_t j = 0; j < n; ++j) {
      out.gradient[j] = parts[0].gradient[j].value() / total;
      for (std::size_t i = 0; i < n; ++i)
        out.curvature[i * n + j] =
            parts[0].curvature[std::min(i, j) * n + std::max(i, j)].value() / total;
    }
    return out;
  }

 private:
  /// Sums over samples, and over the classes of one.
  struct alignas(interference_size) work {
    compensated_sum value;
    bool beaten = false;
    std::vector<compensated_sum> gradient, curvature;
    std::vector<double> gap, p;
    std::vector<std::uint32_t> segment;
    // Of each segment: sums of p, p r and p r^2, r how far in a gap ends; then of beyond, the sum
    // of p further on, and the mean of how much of it a gap covers.
    std::vector<double> mass, reach, square, beyond, mean;

    void prepare(std::size_t n, std::size_t k) {
      if (!gradient.empty()) return;
      gradient.resize(n);
      curvature.resize(n * n);
      gap.resize(k);
      p.resize(k);
      segment.resize(k);
      for (std::vector<double>* of : {&mass, &reach, &square, &beyond, &mean}) of->resize(n);
    }
  };

  double length(std::size_t segment) const {
    return knots_[segment] - (segment == 0 ? 0 : knots_[segment - 1]);
  }

  void add(work& s, const ascending_lines& f, const double* z, std::size_t label, double w,
           std::size_t k) const {
    const std::size_t n = s.gradient.size();
    const auto best = static_cast<std::size_t>(std::max_element(z, z + k) - z);
    for (std::size_t j = 0; j < k; ++j) {
      s.gap[j] = z[best] - z[j];
      const std::size_t in = f.segment(s.gap[j]);
      s.segment[j] = static_cast<std::uint32_t>(in);
      s.p[j] = -f.at(s.gap[j], in);
    }
    const double of_label = s.p[label];
    s.beaten = s.beaten || s.gap[label] > 0;
    softmax_row(s.p.data(), k);
    s.value += -w * (of_label + std::log(s.p[best]));  // p of the best is 1 / sum
    std::fill(s.mass.begin(), s.mass.end(), 0.0);
    std::fill(s.reach.begin(), s.reach.end(), 0.0);
    std::fill(s.square.begin(), s.square.end(), 0.0);
    for (std::size_t j = 0; j < k; ++j) {
      const std::size_t in = s.segment[j];
      const double r = s.gap[j] - f.start(in), pr = s.p[j] * r;
      s.mass[in] += s.p[j];
      s.reach[in] += pr;
      s.square[in] += pr * r;
    }
    double beyond = 0;
    for (std::size_t j = n; j-- > 0;) {
      s.beyond[j] = beyond;
      s.mean[j] = s.reach[j] + (beyond > 0 ? beyond * length(j) : 0);
      beyond += s.mass[j];
    }
    const std::size_t last = s.segment[label];
    for (std::size_t j = 0; j < n; ++j) {
      const double covered = j > last ? 0 : j == last ? s.gap[label] - f.start(j) : length(j);
      s.gradient[j] += w * (covered - s.mean[j]);
      // Further segments are covered only by gaps that cover all of j.
      const double all = j + 1 < n ? length(j) : 0;
      const double own = s.square[j] + all * all * s.beyond[j] - s.mean[j] * s.mean[j];
      s.curvature[j * n + j] += w * std::max(0.0, own);
      for (std::size_t i = j + 1; i < n; ++i)
        s.curvature[j * n + i] += w * s.mean[i] * (all - s.mean[j]);
    }
  }

  const class_samples& samples_;
  std::vector<double> knots_;
};

/// Where to put the knots of f: at quantiles of the gaps that matter, those of the labels and those
/// of all classes by their softmax(beta z), without the largest of each row. Gaps are counted in
/// 64 cells an octave from 2^-10 on, so that knots are ends of cells. At most segments - 1.
inline std::vector<double> quantile_knots(const class_samples& samples, double beta,
                                          std::size_t segments) {
  constexpr int octaves = 20, first_octave = -10, in_octave = 64;
  constexpr std::size_t cells = octaves * in_octave;
  struct alignas(interference_size) work {
    std::vector<compensated_sum> mass;
    std::vector<double> p;
  };
  const std::size_t k = samples.classes();
  std::vector<work> parts(samples.parts());
  parts[0].mass.resize(cells);
  samples.walk(row_form::logits, [&](std::size_t part, const class_block& block) {
    work& s = parts[part];
    s.mass.resize(cells);
    s.p.resize(k);
    for (std::size_t i = 0; i < block.size; ++i) {
      const double w = block.weight_of(i);
      if (w == 0) continue;
      const double* z = block.row(i);
      const double max = *std::max_element(z, z + k);
      for (std::size_t j = 0; j < k; ++j) s.p[j] = beta * (z[j] - max);
      softmax_row(s.p.data(), k);
      s.p[static_cast<std::size_t>(block.label[i])] += 1;
      for (std::size_t j = 0; j < k; ++j) {
        const double gap = max - z[j];
        if (gap < std::ldexp(1.0, first_octave) || s.p[j] < 1e-12) continue;
        int octave = 0;
        const double within = std::frexp(gap, &octave);  // gap = within 2^octave, within >= 1/2
        const int cell = (octave - 1 - first_octave) * in_octave +
                         static_cast<int>((2 * within - 1) * in_octave);
        s.mass[std::min<std::size_t>(static_cast<std::size_t>(cell), cells - 1)] += w * s.p[j];
      }
    }
  });
  double total = 0;
  for (std::size_t c = 0; c < cells; ++c) {
    for (std::size_t part = 1; part < parts.size(); ++part)
      if (!parts[part].mass.empty()) parts[0].mass[c] += parts[part].mass[c];
    total += parts[0].mass[c].value();
  }
  std::vector<double> knots;
  double sum = 0;
  std::size_t next = 1;
  for (std::size_t c = 0; c < cells && next < segments; ++c) {
    sum += parts[0].mass[c].value();
    const double part = static_cast<double>(segments) * sum / total;
    if (!(part >= static_cast<double>(next) - 1e-9) || part > static_cast<double>(segments) - 1e-9)
      continue;
    while (static_cast<double>(next) - 1e-9 <= part) ++next;
    const auto cell = static_cast<int>(c) + 1;
    knots.push_back(std::ldexp(1 + static_cast<double>(cell % in_octave) / in_octave,
                               first_octave + cell / in_octave));
  }
  return knots;
}

}  // namespace calibra::detail
