// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "requests.hpp"

namespace calibra::cli {

/// Text features of classes, a row a class, in place of scores and labels: of --method dac.
struct feature_request {
  std::string base_zero_shot, base_tuned, test_zero_shot, test_tuned;
};

struct fit_request {
  data_request data;
  feature_request features;
  std::string method = "temperature";  ///< or "auto": chosen by cross-validation
  std::size_t folds = 5;               ///< of that
  std::string output;
};

struct apply_request {
  std::string model;
  score_request data;
  score_form as = score_form::logits;
  unsigned threads = all_cores();
  std::string output;
};

/// Fits, calls `print` with the text for the terminal, writes the model. The file appears only
/// where `print` returned.
void fit_files(const fit_request& request, const std::function<void(std::string_view)>& print);

/// The same of --method dac, which is made from features.
void fit_features(const fit_request& request, const std::function<void(std::string_view)>& print);

/// Reads the model, writes the recalibrated scores as the ending of the file says.
void apply_files(const apply_request& request);

/// The names of --method.
std::vector<std::string> method_names();
/// A line each.
std::string list_methods();
/// What the library says of one. Throws option_error for a name that there is not.
std::string describe_method(std::string_view name);

}  // namespace calibra::cli
