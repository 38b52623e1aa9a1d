// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// The report of a fit that is made of others: the sum of their objectives, each times its share,
/// the largest slope, and converged if all are.
class joined_report {
 public:
  joined_report(std::optional<score_kind> fitted_on, std::size_t passes) {
    report_.converged = true;
    report_.objective_before = report_.objective_after = 0;
    report_.passes = passes;
    report_.note.clear();
    report_.fitted_on = fitted_on;
  }

  /// `name` is what the note calls the part: "class ", 3. The objectives of a part whose share is 0
  /// do not count.
  template<class... Name>
  void add(const fit_report& part, double share, const Name&... name) {
    if (share != 0) {
      report_.objective_before += share * part.objective_before;
      report_.objective_after += share * part.objective_after;
    }
    report_.iterations += part.iterations;
    if (!(report_.gradient >= part.gradient)) report_.gradient = part.gradient;
    if (part.converged || !report_.converged) return;
    report_.converged = false;
    report_.note = concat(name..., ": ", part.note);
  }
  /// The same of a part that went over all rows itself.
  template<class... Name>
  void add_pass(const fit_report& part, double share, const Name&... name) {
    report_.passes += part.passes;
    report_.partial_passes += part.partial_passes;
    add(part, share, name...);
  }

  [[nodiscard]] fit_report made() && { return std::move(report_); }

 private:
  fit_report report_;
};

}  // namespace calibra::detail
