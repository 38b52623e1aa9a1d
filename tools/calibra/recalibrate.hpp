// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "requests.hpp"

namespace calibra::cli {

struct fit_request {
  data_request data;
  std::string output;
};

struct apply_request {
  std::string model;
  std::string scores;
  score_form from = score_form::logits;
  score_form as = score_form::logits;
  bool renormalise = false;
  unsigned threads = 1;
  std::string output;
};

/// Fits, writes the model; gives the text for the terminal.
std::string fit_files(const fit_request& request);

/// Reads the model, writes the recalibrated scores as .npy.
void apply_files(const apply_request& request);

}  // namespace calibra::cli
