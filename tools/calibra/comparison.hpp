// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "requests.hpp"

namespace calibra::cli {

/// Loads two models' scores of the same samples; what `calibra compare` prints.
std::string compare_files(const compare_request& request);

}  // namespace calibra::cli
