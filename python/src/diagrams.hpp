// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

namespace calibra::python {

/// Adds pictures to the module.
void bind_diagrams(nanobind::module_& m);

}  // namespace calibra::python
