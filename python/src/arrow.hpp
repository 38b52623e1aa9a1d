// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <string>

namespace calibra::python {

/// A column of the Arrow C stream or array interface as a NumPy array: its memory, if it is one
/// chunk of numbers; a copy of several chunks, and of booleans, which are bits there. `capsules`:
/// what `__arrow_c_stream__()` or `__arrow_c_array__()` gave. None where it is no column of
/// numbers, as a table. Throws value_error for a column with nulls, naming the first row.
/// Ref: the Arrow specification, "The Arrow C data interface" and "C stream interface".
nanobind::object from_arrow(const std::string& name, nanobind::object capsules);

}  // namespace calibra::python
