// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

#include "calibra/table/sample.hpp"
#include "data.hpp"
#include "settings.hpp"

namespace calibra::python {

/// Confidences and hits. Throws as evaluate(), and option_error for several labels a sample.
sample pairs_of(const data& d, const settings& s);
/// Adds pictures to the module.
void bind_diagrams(nanobind::module_& m);

}  // namespace calibra::python
