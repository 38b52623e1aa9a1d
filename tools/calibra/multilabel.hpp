// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include "calibra/evaluate.hpp"
#include "inputs.hpp"
#include "report.hpp"
#include "requests.hpp"

namespace calibra::cli {

/// Throws option_error for what --sigmoid does not go with.
void check_multilabel_request(const eval_request& request);

/// Scores and targets are samples x labels; every label is a binary problem of its own. Each metric
/// comes twice: `micro_`, over all entries as one set of samples, and `macro_`, the mean over the
/// labels that have entries and a value.
report of_multilabel(const inputs& in, score_form from, const evaluate_options& e);

}  // namespace calibra::cli
