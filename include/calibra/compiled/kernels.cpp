// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/rows/row_kernels.hpp"

namespace calibra::detail {
CALIBRA_DETAIL_COMPILED_KERNELS(template)
}
