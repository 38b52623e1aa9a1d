// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "array.hpp"
#include "calibra/recalibration/choose.hpp"
#include "calibra/recalibration/proximity_recalibrator.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "data.hpp"
#include "settings.hpp"

namespace calibra::python {

/// A fitted recalibrator: one of scores alone, or one of scores with a proximity a sample.
struct model {
  std::shared_ptr<const recalibrator> alone = {};
  std::shared_ptr<const proximity_recalibrator> with_proximity = {};

  std::string_view name() const { return alone ? alone->name() : with_proximity->name(); }
  /// The method that fits it: of one a class, that of its parts.
  std::string_view method() const {
    const bool of_classes = name() == "one_against_rest";
    return of_classes ? parts()[0]->name() : name();
  }
  const fit_report& report() const { return alone ? alone->report() : with_proximity->report(); }
  std::vector<parameter> parameters() const {
    return alone ? alone->parameters() : with_proximity->parameters();
  }
  std::vector<const recalibrator*> parts() const {
    return alone ? alone->parts() : with_proximity->parts();
  }
  /// How many numbers a row has; 0: any number, or not known.
  std::size_t classes() const { return alone ? alone->classes() : 0; }
};

/// Numbers that a call made, and what keeps them.
struct numbers {
  std::shared_ptr<const void> owner = {};
  const void* first = nullptr;
  bool wide = true;  ///< double, else float
  std::vector<std::size_t> shape = {};
};

/// An option of a method, with its value by default.
using option_value = std::variant<bool, std::int64_t, double, std::string>;

/// What is known of a method that can be fitted by its name.
struct method_entry {
  recalibrator_info info;
  score_domain takes = score_domain::any;
  bool proximity = false;
  std::vector<std::pair<std::string, option_value>> options = {};
};
std::vector<method_entry> method_table();
/// Whether the method of this name wants a proximity a sample.
bool takes_proximity(std::string_view method);

/// A model, and what --method auto looked at.
struct fit_result {
  model fitted;
  std::optional<method_choice> choice = {};
};

/// Fits the method of a name; "auto" chooses one by cross-validation in `folds` folds. Throws as
/// fit_by_name() and choose_method(), and value_error where no sample has a weight.
fit_result fit_model(const data& d, const settings& s, const std::string& method,
                     const named_options& options, std::size_t folds);
model fit_with_proximity(const data& d, const options& o, const std::string& method,
                         const named_options& named);

/// The model that text features make: dac::from_features().
model model_of_features(const std::string& where, const std::vector<array>& features,
                        const named_options& options);

/// The recalibrated probabilities, or logits: N x K, or N. Throws as transform().
numbers transform(const model& m, const data& d, const settings& s, bool logits);

/// P(y = 1) of N x 2 probabilities, or its logit of logits, as N doubles, checked.
numbers binary_scores(const data& d, const settings& s);

/// [p0, p1] of Venn-Abers prediction: N x 2, or N x K x 2 of each class against the rest. Throws
/// option_error for another model.
numbers venn_abers_bounds(const model& m, const data& d, const settings& s);

/// The JSON document that the program writes.
std::string model_json(const model& m);
/// Throws value_error for another text.
model model_from_json(const std::string& where, const std::string& text);

}  // namespace calibra::python
