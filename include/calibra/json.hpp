// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Recalibrators to and from JSON text, evaluations to it (needs nlohmann-json, target
/// calibra::json). NaN and infinities, which JSON lacks, are null and the strings "inf" and "-inf";
/// in evaluations all three are null.

#include "calibra/json/evaluation.hpp"
#include "calibra/json/recalibrator.hpp"
