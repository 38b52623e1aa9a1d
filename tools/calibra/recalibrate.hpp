// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/recalibration/named_options.hpp"
#include "calibra/recalibration/proximity_recalibrator.hpp"
#include "calibra/recalibration/recalibrator.hpp"
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
  named_options options = {};          ///< of the method
  std::string proximity = {};          ///< a number a sample, of the methods that take one
  std::size_t folds = 5;               ///< of that
  std::string output;
};

struct apply_request {
  std::string model;
  score_request data;
  std::string proximity = {};  ///< a number a sample, of models that take one
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

/// What a model file holds: one of the two.
struct saved_model {
  std::unique_ptr<const recalibrator> alone = {};
  std::unique_ptr<const proximity_recalibrator> with_proximity = {};
};

/// Reads what fit_files() wrote. Throws io_error, and option_error for a model that takes a number
/// a sample where --proximity was not given.
saved_model load_model(const std::string& path, bool proximity_given);

/// Whether a method takes a proximity a sample.
bool takes_proximity(std::string_view method);

/// The names of --method.
std::vector<std::string> method_names();
/// A line each.
std::string list_methods();
/// What the library says of one. Throws option_error for a name that there is not.
std::string describe_method(std::string_view name);

}  // namespace calibra::cli
