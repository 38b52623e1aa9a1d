// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/detail/plan.hpp"

namespace calibra {
CALIBRA_DETAIL_COMPILED_VIEW(template)
}  // namespace calibra

namespace calibra::detail {
CALIBRA_DETAIL_COMPILED_SAMPLE(template)
CALIBRA_DETAIL_COMPILED_METRICS(template)
CALIBRA_DETAIL_COMPILED_PLAN(template)
CALIBRA_DETAIL_COMPILED_MEASURE(template)
}  // namespace calibra::detail
