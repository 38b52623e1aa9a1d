// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/evaluate/detail/host_evidence.hpp"

namespace calibra::detail {
CALIBRA_DETAIL_COMPILED_PASSES(template)
}
