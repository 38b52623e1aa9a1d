// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calibra/compare/comparison.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/interval/interval_options.hpp"
#include "data.hpp"
#include "settings.hpp"

namespace calibra::python {

/// Tests of calibration, those of the names. Throws as calibra::test_calibration(), and
/// option_error for a name that is none.
std::vector<test_result> test_calibration(const data& d, const settings& s,
                                          const std::vector<std::string>& names,
                                          std::uint64_t seed);

/// Compares two models on the same samples: `a` has the labels. Throws as calibra::compare(), and
/// shape_error for scores of different shapes or kinds.
comparison compare(const data& a, const data& b, const settings& s, const interval_options& how);

/// Measures groups of samples: those of the data, or of predicted classes. Throws as
/// calibra::evaluate_by().
group_report evaluate_by(const data& d, const settings& s);
/// Gives groups that are classes their names.
void name_groups(group_report& r, const std::vector<std::string>& names);

}  // namespace calibra::python
