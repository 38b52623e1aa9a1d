// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace coop {

/// The library that this process' products of matrices come from (the one that has sgemm_), links
/// followed; empty where it cannot be told.
std::string blas_library();

/// Whether that is the reference BLAS, by the folder where Debian's alternatives keep it. It is 20
/// times as slow as OpenBLAS.
bool is_reference_blas(const std::string& library);

}  // namespace coop
