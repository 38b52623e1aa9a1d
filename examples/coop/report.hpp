// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment.hpp"

namespace coop {

/// A mean over seeds with half the width of its 95 % interval (Student's t); the half width is NaN
/// for a single seed.
struct estimate {
  double mean = 0;
  double half_width = 0;
};
estimate estimated(std::span<const double> values);

/// The results as text: method by split by measure with intervals, the harmonic means of base and
/// new, and the differences between methods paired by seed. In percent, but for feature divergence.
std::string table_text(std::span<const run> runs);

/// The results as JSON: {"runs": [{"method", "split", "seed", "accuracy", ...}], "settings":
/// {...}}.
std::string json_text(std::span<const run> runs,
                      std::span<const std::pair<std::string, std::string>> settings);

/// The pictures of all seeds in one reliability table. Its ECE is another number than the mean of
/// the seeds' ECE, which table_text() gives: where one seed is too sure and another not sure
/// enough, the pool is neither.
struct pool {
  calibra::reliability_table table;
  std::size_t seeds = 0;
};
/// One a method and split, by name: "coop-base".
std::map<std::string, pool> pooled(std::span<const run> runs);

/// The reliability diagram of a pool as SVG. Its title says how many seeds are pooled.
std::string diagram_svg(const pool& all, std::string_view title);

}  // namespace coop
