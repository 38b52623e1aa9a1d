// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/diagram/curve_diagrams.hpp"
#include "calibra/diagram/group_diagram.hpp"
#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/smooth_diagram.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/interval/intervals.hpp"

namespace calibra::test {

/// Overconfident logits and labels.
struct scored {
  matrix<double> z;
  std::vector<std::int64_t> labels, groups;
};
inline scored random_scores(std::size_t n, std::size_t k, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  scored s{matrix<double>(n, k), {}, {}};
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < k; ++j) sum += std::exp(s.z(i, j) = normal(random));
    double left = uniform(random) * sum;
    std::size_t label = 0;
    while (label + 1 < k && (left -= std::exp(s.z(i, label))) > 0) ++label;
    for (std::size_t j = 0; j < k; ++j) s.z(i, j) *= 1.7;
    s.labels.push_back(static_cast<std::int64_t>(label));
    s.groups.push_back(static_cast<std::int64_t>(i % 7) * 100003);
  }
  return s;
}

/// Every kind of picture, with names.
inline std::vector<std::pair<std::string, picture>> every_picture() {
  std::vector<std::pair<std::string, picture>> all;
  const scored s = random_scores(400, 13, 1);
  const interval_report r =
      intervals(logits(s.z), s.labels, {ece, accuracy}, {}, {.replicates = 50, .level = 0.9});
  const sample pairs = collect(logits(s.z), s.labels);
  all.emplace_back("reliability",
                   reliability_diagram(r, "A title that is much too long for it, and more"));
  all.emplace_back("consistency",
                   reliability_diagram(r.values, "", {.limits = bar_limits::consistency}));
  all.emplace_back(
      "plain", reliability_diagram(r.values, "", {.limits = bar_limits::none, .histogram = false}));
  for (std::size_t n = 1; n <= 12; ++n)
    all.emplace_back("tables " + std::to_string(n),
                     reliability_diagrams(std::vector<named_table>(
                         n, {"one with a long name " + std::to_string(n), r.values.table})));
  all.emplace_back("classes", classwise_diagram(
                                  evaluate(logits(s.z), s.labels, {ece}, {.per_class = true}), 12));
  for (std::size_t n = 1; n <= 4; ++n)
    all.emplace_back("lines " + std::to_string(n),
                     reliability_lines(std::vector<named_table>(n, {"model", r.values.table})));
  all.emplace_back("corp", corp_diagram(pairs, "CORP", {.replicates = 40}));
  all.emplace_back("smooth", smooth_diagram(pairs, "Smoothed"));
  all.emplace_back("cumulative", cumulative_diagram(pairs, "Cumulative"));
  all.emplace_back("risk", risk_coverage_diagram({{"a", pairs}, {"b", pairs}}, "Risk"));
  all.emplace_back(
      "groups",
      group_diagram(evaluate_by(logits(s.z), s.labels, s.groups, {ece, accuracy}), "By group"));
  const sample none;
  all.emplace_back("corp of nothing", corp_diagram(none));
  all.emplace_back("smooth of nothing", smooth_diagram(none));
  all.emplace_back("cumulative of nothing", cumulative_diagram(none));
  all.emplace_back("risk of nothing", risk_coverage_diagram({{"", none}}));
  return all;
}

}  // namespace calibra::test
