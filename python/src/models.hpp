// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

namespace calibra::python {

/// Adds recalibrators to the module.
void bind_models(nanobind::module_& m);

}  // namespace calibra::python
