// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace detail {

/// First ranks of the B parts, as numpy.array_split: the first N mod B parts have one more.
inline std::size_t part_start(std::size_t n, std::size_t parts, std::size_t part) {
  return n / parts * part + std::min(part, n % parts);
}

/// The bins between inner edges that ascend, the first from 0 and the last to 1.
inline binning between_cuts(const std::vector<double>& cuts, edge_side side) {
  std::vector<double> edges{0.0};
  for (const double cut : cuts) edges.push_back(std::clamp(cut, 0.0, 1.0));
  edges.push_back(1.0);
  return binning::from_edges(std::move(edges), side);
}

/// The cuts of equal_mass_table(), of a sorted sample.
inline std::vector<double> midpoint_cuts(const sample& sorted, std::size_t bins) {
  std::vector<double> cuts;
  const std::size_t n = sorted.size();
  const std::size_t parts = std::min(bins, n);
  for (std::size_t k = 1; k < parts; ++k) {
    const std::size_t first = part_start(n, parts, k);
    cuts.push_back((sorted.confidence(first - 1) + sorted.confidence(first)) / 2);
  }
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

}  // namespace detail

/// The reliability table of the pairs on bins of any kind. O(N).
[[nodiscard]] inline reliability_table tabulate(const sample& x, const binning& bins) {
  reliability_table table(bins);
  for (std::size_t i = 0; i < x.size(); ++i)
    table.add_unchecked(x.confidence(i), x.hit(i), x.weight(i));
  return table;
}

/// The reliability table of a sample on equal-mass bins: with x the sorted confidences, parts of
/// ceil(N/B) for the first N mod B and floor(N/B) for the rest, an edge half way between
/// neighbouring parts, equal edges merged, so that equal confidences lie in one bin whole. Bins are
/// cut by the number of samples; weights, if any, count within them. Needs the whole sample, so
/// such tables do not merge: append the samples and cut once. Sorts a copy if the sample is not
/// sorted: O(N). An empty sample gives a table of one empty bin. Throws option_error for 0 bins.
[[nodiscard]] inline reliability_table equal_mass_table(const sample& x, std::size_t bins,
                                                        edge_side side = edge_side::right_closed) {
  if (bins < 1) throw option_error("equal_mass_table(): expected at least 1 bin, got 0");
  if (x.empty()) return reliability_table(binning::equal_width(1, side));
  return detail::with_sorted(x, [&](const sample& sorted) {
    return tabulate(sorted, detail::between_cuts(detail::midpoint_cuts(sorted, bins), side));
  });
}

}  // namespace calibra
