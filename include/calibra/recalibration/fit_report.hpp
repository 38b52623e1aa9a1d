// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "calibra/scores.hpp"
#include "calibra/version.hpp"

namespace calibra {

/// How a fit went. Not to converge is data, not an exception: the recalibrator is usable, and
/// `note` says what it is instead of an optimum.
struct fit_report {
  bool converged = false;
  /// Evaluations of the objective by the search, those on a part of the rows included.
  std::size_t iterations = 0;
  /// Passes over all rows, the one that checks the input and gives `nll_before` included.
  std::size_t passes = 0;
  /// Work on a part of the rows, in full passes: three visits to a tenth of the rows are 0.3.
  double partial_passes = 0;
  /// Mean negative log-likelihood in nats of the samples fitted to, as they came and recalibrated.
  /// NaN if there were none.
  double nll_before = std::numeric_limits<double>::quiet_NaN();
  double nll_after = std::numeric_limits<double>::quiet_NaN();
  /// Empty after a fit that converged.
  std::string note = "not fitted";
  /// The kind of scores fitted to, the only one that the recalibrator takes; none where it was made
  /// by hand.
  std::optional<score_kind> fitted_on = {};
};

/// What a fit can be told beside the options of every function.
struct fit_options {
  /// The most evaluations of the objective over all rows; a fit that needs more has not converged.
  std::size_t max_iterations = 64;
  /// Look for a starting point on a part of the rows first. The result is the same without; it
  /// takes more full passes.
  bool warm_start = true;
};

}  // namespace calibra
