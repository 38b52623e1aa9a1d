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

/// The certificate of a fit: what was minimised and how far it got. Not to converge is data, not an
/// exception: the recalibrator is usable, and `note` says what it is instead of an optimum.
struct fit_report {
  /// The optimum was found; of methods in closed form, that there was something to fit to.
  bool converged = false;
  /// What the method minimises over the samples fitted to: for the scores as they came, and
  /// recalibrated. The mean NLL in nats, with the method's penalty, unless the method says
  /// otherwise. NaN if there were no samples.
  double objective_before = std::numeric_limits<double>::quiet_NaN();
  double objective_after = std::numeric_limits<double>::quiet_NaN();
  /// The largest derivative of the objective in a parameter, at the end, or of temperature scaling
  /// one step of Newton's before it, in 1 / T. NaN for methods in closed form.
  double gradient = std::numeric_limits<double>::quiet_NaN();
  /// Evaluations of the objective by the search, those on a part of the rows included.
  std::size_t iterations = 0;
  /// Passes over all rows, the one that checks the input included.
  std::size_t passes = 0;
  /// Work on a part of the rows, in full passes: three visits to a tenth of the rows are 0.3.
  double partial_passes = 0;
  /// Empty after a fit that converged.
  std::string note = "not fitted";
  /// The kind of scores fitted to, the only one that the recalibrator takes; none where it was made
  /// by hand.
  std::optional<score_kind> fitted_on = {};
};

namespace detail {

/// The note of a fit without samples that leaves the scores as they are.
inline constexpr const char* nothing_to_fit = "no samples with a weight: nothing is changed";

}  // namespace detail
}  // namespace calibra
