// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data.hpp"
#include "model.hpp"
#include "settings.hpp"

namespace calibra::python {

/// What a report shows besides the scores.
struct report_request {
  std::string title = {};  ///< none: that of html_options
  /// "label", "predicted" or "", which is the data's own; none: no groups.
  std::optional<std::string> by = {};
  const model* applied = nullptr;  ///< a model whose effect is shown
  std::vector<std::string> class_names = {};
};

/// The page that calibra::to_html() makes. Throws as evaluate() and fit_model(), and option_error
/// for a model that takes a proximity a sample.
std::string html_report(const data& d, settings s, const report_request& request);

}  // namespace calibra::python
