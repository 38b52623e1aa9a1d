// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/table/tabulate.hpp"

namespace calibra::detail {
CALIBRA_DETAIL_COMPILED_PASSES(template)
}
