// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The whole core: scores, tables, metrics, conventions, recalibration. Needs the standard library
/// alone. Not included, each with a dependency of its own:
///   calibra/adapters/eigen.hpp, calibra/adapters/xtensor.hpp   arrays of those libraries
///   calibra/json.hpp                                           models to and from JSON text
///   calibra/io/io.hpp                                          .npy, .npz, .csv, .safetensors

#include "calibra/array_access.hpp"
#include "calibra/binning.hpp"
#include "calibra/classwise_table.hpp"
#include "calibra/convention.hpp"
#include "calibra/equal_mass.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/matrix.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ace.hpp"
#include "calibra/metrics/brier.hpp"
#include "calibra/metrics/classwise_ace.hpp"
#include "calibra/metrics/classwise_ece.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/ks_error.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/mean_gap.hpp"
#include "calibra/metrics/mmce.hpp"
#include "calibra/metrics/nll.hpp"
#include "calibra/metrics/piece.hpp"
#include "calibra/metrics/rmsce.hpp"
#include "calibra/metrics/smooth_ece.hpp"
#include "calibra/metrics/sweep_ece.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/reliability_table.hpp"
#include "calibra/sample.hpp"
#include "calibra/scalar.hpp"
#include "calibra/scores.hpp"
#include "calibra/summary.hpp"
#include "calibra/tabulate.hpp"
#include "calibra/version.hpp"
#include "calibra/view.hpp"
