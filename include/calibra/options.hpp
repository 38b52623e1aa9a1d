// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/table/binning.hpp"

namespace calibra {

/// How many threads work on a call. Results do not depend on it (1e-12 on every metric).
struct threads {
  unsigned n = 1;
};

/// How confidences are cut into bins.
enum class bin_scheme {
  equal_width,  ///< the same width, or the given edges
  equal_mass,   ///< the same number of samples: cuts at order statistics
};

/// What a binary score of class 1 is turned into before it is binned.
enum class binary_target {
  positive_class,  ///< (P(y = 1), y): scikit-learn, torchmetrics, netcal
  top_label,       ///< (max(p, 1 - p), the likelier class is right)
};

/// What to do with a sample whose scores hold NaN or +inf.
enum class nan_policy {
  reject,  ///< throw value_error naming row and column
  count,   ///< leave the sample out and count it: see `skipped` of the results
};

/// What every function that takes scores and labels can be told. Meant for designated initialisers:
/// `ece(logits(z), y, {.bins = 20, .threads = {2}})`.
struct options {
  /// Number of bins; ignored where `edges` are given.
  std::size_t bins = 15;
  bin_scheme scheme = bin_scheme::equal_width;
  edge_side side = edge_side::right_closed;
  /// Explicit edges, ascending and covering [0, 1], instead of `bins`.
  std::vector<double> edges = {};
  /// Weight of each sample, finite and >= 0. None: all weigh the same.
  optional_column<double> weights = {};
  /// Samples with this label are left out (the void label of a segmentation mask).
  std::optional<std::int64_t> ignore_label = {};
  /// Samples whose entry is 0 are left out.
  optional_column<unsigned char> valid = {};
  nan_policy nan = nan_policy::reject;
  /// Divide probability rows by their sum instead of rejecting rows that do not sum to 1.
  bool renormalise = false;
  binary_target binary = binary_target::positive_class;
  calibra::threads threads = {1};
  /// Called after every block of rows with the number of rows in it, by whichever thread did them:
  /// it must be safe to call from several at once. A call that needs several passes over the
  /// scores counts every row once a pass.
  std::function<void(std::uint64_t rows)> progress = {};

  /// The binning that these options describe, for equal_width or given edges.
  binning fixed_bins() const {
    return edges.empty() ? binning::equal_width(bins, side) : binning::from_edges(edges, side);
  }
};

}  // namespace calibra
