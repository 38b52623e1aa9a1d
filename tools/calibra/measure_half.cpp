// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "measure.inl.hpp"

namespace calibra::cli {

CALIBRA_CLI_MEASURE(, half)

}  // namespace calibra::cli
