// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/rows/kernels/dispatch.hpp"
#include "calibra/rows/kernels/fit_dispatch.hpp"
#include "calibra/rows/row_worker.hpp"

namespace calibra::detail {
CALIBRA_DETAIL_COMPILED_KERNELS(template)
CALIBRA_DETAIL_COMPILED_CHECKS(template)
CALIBRA_DETAIL_COMPILED_MAPS(template)
}  // namespace calibra::detail
