// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "calibra/evaluate/evaluation.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// What a page says of scores and labels: see report_calibration() and to_html().
struct calibration_report {
  interval_report values = {};
  sample pairs = {};  ///< of confidence and hit, in any order
  std::vector<test_result> tests = {};
  /// The temperature that fits these samples best, and what it makes of ece, nll and accuracy. None
  /// of confidences, and where a label's probability is 0.
  std::optional<double> temperature = {};
  std::optional<evaluation> tempered = {};
  std::optional<evaluation> applied = {};   ///< with a model that was given
  std::optional<group_report> groups = {};  ///< for the caller to set, by evaluate_by()
};

}  // namespace calibra
