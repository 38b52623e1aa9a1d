// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/rows/row_worker.hpp"

namespace calibra::detail {

/// Evidence without classes of scores in host memory: one pass, one more where a convention pairs
/// whole rows.
template<class C>
evidence gather_rows(const row_source<C>& source, const evidence_plan& plan, evidence_kind kind,
                     std::size_t classes);

/// Evidence of scores of classes: the same passes, and a walk down the columns for equal-mass
/// tables of classes.
template<class C>
evidence gather_classes(const row_source<C>& source, const evidence_plan& plan);

}  // namespace calibra::detail

// With calibra::compiled the library has them.
#ifndef CALIBRA_COMPILED
#include "calibra/evaluate/detail/host_evidence.hpp"
#endif
