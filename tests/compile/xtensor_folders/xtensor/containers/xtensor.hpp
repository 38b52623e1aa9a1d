// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

// Stands where xtensor 0.26 and later have this header.
#define CALIBRA_TEST_FOLDERED_XTENSOR 1
#include <xtensor/xtensor.hpp>
