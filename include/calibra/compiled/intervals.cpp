// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/interval/intervals.hpp"
#include "calibra/compare/compare.hpp"

namespace calibra::detail {
CALIBRA_DETAIL_COMPILED_INTERVALS(template)
CALIBRA_DETAIL_COMPILED_COMPARED(template)
}  // namespace calibra::detail
