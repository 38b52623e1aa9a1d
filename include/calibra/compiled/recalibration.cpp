// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/recalibration/choose.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/proximity_methods.hpp"
#include "calibra/recalibration/temperature.hpp"

namespace calibra {
CALIBRA_DETAIL_COMPILED_READ_METHODS(template)
CALIBRA_DETAIL_COMPILED_READ_PROXIMITY_METHODS(template)
}  // namespace calibra

namespace calibra::detail {
CALIBRA_DETAIL_COMPILED_TEMPERATURES(template)
CALIBRA_DETAIL_COMPILED_METHODS(template)
CALIBRA_DETAIL_COMPILED_CHOICE(template)
CALIBRA_DETAIL_COMPILED_PROXIMITY_METHODS(template)
}  // namespace calibra::detail
